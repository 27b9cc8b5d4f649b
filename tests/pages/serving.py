"""A portal in a process of its own."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from datalad_jsdl.orders.desk import Desk
from datalad_jsdl.orders.ordering import Limits
from datalad_jsdl.orders.store.opening import Store
from datalad_jsdl.portal.identity import TokenIdentity
from datalad_jsdl.portal.listening import listen
from datalad_jsdl.portal.look import read_look
from datalad_jsdl.portal.rules import DatasetRule, Rules, Terms
from datalad_jsdl.portal.served import served_of
from datalad_jsdl.portal.serving import serve
from datalad_jsdl.portal.site import Site

__all__ = ["running"]

_ROOT = Path(__file__).parents[2]


@contextlib.contextmanager
def running(
    store: Path,
    *given: Path,
    token: str,
    settings: Path | None = None,
    jobs: int = 1,
    terms: dict[str, str] | None = None,
) -> Iterator[str]:
    """A portal that serves what is given.

    Args:
        store: file of its database.
        given: datasets and manifests.
        token: of its user.
        settings: of its look.
        jobs: that it runs at a time; with 0 none is run.
        terms: dataset → what has to be accepted before its files are ordered.

    Yields:
        Its address, without a slash at its end.
    """
    options = {
        "store": str(store), "given": [str(path) for path in given], "token": token,
        "settings": str(settings) if settings else "", "jobs": jobs,
        "terms": terms or {},
    }  # fmt: skip
    command = [sys.executable, "-m", "tests.pages.serving", json.dumps(options)]
    with subprocess.Popen(command, cwd=_ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        assert address, "the portal did not start"
        try:
            yield address
        finally:
            process.terminate()


def main() -> None:
    options = json.loads(sys.argv[1])
    with Store.of_file(Path(options["store"])) as store:
        desk = Desk(store)
        served = served_of(desk, options["given"])
        listening = listen("127.0.0.1", 0)
        identity = TokenIdentity(options["token"], f"jsdl_{listening.port}")
        more = {"look": read_look(Path(options["settings"]))} if options["settings"] else {}
        terms = {name: DatasetRule(terms=Terms(text)) for name, text in options["terms"].items()}
        rules = Rules(terms, limits=Limits(size=400_000_000))
        site = Site(desk, served, identity, listening.hosts, rules=rules, **more)
        serve(
            site,
            listening,
            lambda: print(listening.url.rstrip("/"), flush=True),
            jobs=options["jobs"],
        )


if __name__ == "__main__":
    main()
