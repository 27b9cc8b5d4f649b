"""Addresses that lines of a manifest name: they are asked for while it is read.

A format knows of no portal: it hands an address over (`Options.ask`), such as the
``s3://BUCKET/PREFIX*`` of a command that copies many objects.
"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import replace
from threading import Lock
from typing import TYPE_CHECKING

from datalad_jsdl.errors import ManifestError
from datalad_jsdl.operations.engines import open_engine

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from datalad_jsdl.fetch.engine import Engine
    from datalad_jsdl.manifest.record import Record
    from datalad_jsdl.operations.manifest_place import ManifestPlace

__all__ = ["asking"]


@contextmanager
def asking(
    place: ManifestPlace, git_dir: Path | None, credentials: Sequence[str]
) -> Iterator[ManifestPlace]:
    """The place of a manifest whose format may ask for the addresses that its lines name.

    The user has not typed these: an address that is not public needs leave of its own.

    Args:
        place: where the manifest is.
        git_dir: of the dataset, whose settings hold; None where there is none yet.
        credentials: where logins are; see `open_engine`.
    """
    with ExitStack() as stack:
        opened: list[Engine] = []
        opening = Lock()

        def ask(text: str) -> Iterator[Record]:
            address = replace(place, manifest=text, base=None).address(git_dir)
            if address is None:
                raise ManifestError(f"no address of a portal: {text.partition('?')[0]}")
            with opening:  # several may ask at a time
                if not opened:  # most manifests ask for nothing
                    engine = open_engine(git_dir, credentials=credentials, reads_only=True)
                    opened.append(stack.enter_context(engine))
            # it loads an HTTP library, which a manifest that asks for nothing does not need
            from datalad_jsdl.fetch.http.documents import WebApi

            yield from address.records(WebApi(opened[0]))

        yield replace(place, options=replace(place.options, ask=ask))
