"""A program ``datalad`` for shells, whose commands run as those of `tests.running` do.

A page of the documentation has dozens of commands, each of which would start Python and DataLad.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import sys
import threading
from typing import TYPE_CHECKING

from tests.running import start_datalad

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["datalad_on_path"]

# what is told: eight bytes with the length of a JSON object, and with them the standard streams;
# what comes back is the exit code
_PROGRAM = """\
#!{python} -SE
import json, os, socket, sys
body = json.dumps([sys.argv[1:], os.getcwd(), dict(os.environ)]).encode()
with socket.socket(socket.AF_UNIX) as there:
    there.connect({address!r})
    socket.send_fds(there, [len(body).to_bytes(8, "big")], [0, 1, 2])
    there.sendall(body)
    with there.makefile("rb") as reply:
        code = int(reply.readline())
sys.exit(code if code >= 0 else 128 - code)
"""


@contextlib.contextmanager
def datalad_on_path(folder: Path) -> Iterator[str]:
    """A ``PATH`` that begins with the program, which works until the end of the block.

    Args:
        folder: for it; a new one is made.
    """
    folder.mkdir()
    address, program = str(folder / "socket"), folder / "datalad"
    program.write_text(_PROGRAM.format(python=sys.executable, address=address))
    program.chmod(0o755)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(address)
        listening.listen()
        thread = threading.Thread(target=_accept, args=(listening,))
        thread.start()
        try:
            yield os.pathsep.join([str(folder), os.environ["PATH"]])
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join()


def _accept(listening: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while True:
            there, _ = listening.accept()
            threading.Thread(target=_run, args=(there,)).start()


def _run(there: socket.socket) -> None:
    with there, there.makefile("rb") as rest:
        length, descriptors, _, _ = socket.recv_fds(there, 8, 3)
        args, cwd, env = json.loads(rest.read(int.from_bytes(length, "big")))
        with contextlib.ExitStack() as stack:
            given, *said = [
                stack.enter_context(os.fdopen(descriptor, mode, 0))
                for descriptor, mode in zip(descriptors, ("rb", "wb", "wb"), strict=True)
            ]
            running = start_datalad(*args, cwd=cwd, env=env, streams=(given, said[0], said[1]))
        there.sendall(b"%d\n" % running.wait())
