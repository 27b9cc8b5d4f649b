"""A process that has DataLad loaded and forks for each command: ``python -m tests.warm FD``.

Python and DataLad take about a second of a processor to start. This process pays for it once;
each fork runs one command line as if it were a program of its own, and ends. So nothing that a
command leaves behind (caches of datasets, settings, a working folder, threads, signal handlers)
can reach the next one, which it could if commands ran in the process of the tests.

Orders arrive on the Unix socket FD, see `tests.running`: eight bytes with the length of a JSON
object ``{"args", "cwd", "env", "kill", "umask"}``, and with them four file descriptors: standard
input, output and error of the command, and a pipe to which its process id and, once it has ended,
its exit code are written, a line each. End of file ends this process.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import selectors
import signal
import socket
import sys
import tempfile
import time
from typing import Any

__all__ = ["main"]

_OURS = (
    "datalad_jsdl.commands.download_manifest",
    "datalad_jsdl.commands._content_call",
    "datalad_jsdl.commands._exporting",
    "datalad_jsdl.commands._importing",  # and what else is loaded when a command works
    "datalad_jsdl.commands._desk",
    "datalad_jsdl.commands._list_actions",
    "datalad_jsdl.commands._order_actions",
    "datalad_jsdl.commands.download_content",
    "datalad_jsdl.commands.download_list",
    "datalad_jsdl.commands.download_order",
    "datalad_jsdl.commands.enable_jsdl",
    "datalad_jsdl.commands.export_archive",
    "datalad_jsdl.commands.export_manifest",
    "datalad_jsdl.commands.jsdl_login",
)


def main() -> None:
    orders = socket.socket(fileno=int(sys.argv[1]))
    _load()
    # called from the top, so that a command's process unwinds as little as that of a program
    order = _serve(orders)
    if order is not None:
        _run(order)


def _load() -> None:
    """Import what a command does; but not what asks git config which extensions there are."""
    importlib.import_module("datalad.cli.main")
    from datalad.interface.base import get_interface_groups

    theirs = [spec[0] for _, _, specs in get_interface_groups() for spec in specs]
    for name in ("datalad.support.entrypoints", *theirs, *_OURS):
        importlib.import_module(name)
    # no fork has to look through all this, which would copy it page by page
    gc.collect()
    gc.freeze()


def _serve(orders: socket.socket) -> dict[str, Any] | None:
    """Fork for each order: returns it in the new process, and None here when all is done."""
    ended, wake = socket.socketpair()
    wake.setblocking(False)
    signal.set_wakeup_fd(wake.fileno())
    signal.signal(signal.SIGCHLD, lambda *_: None)
    replies: dict[int, int] = {}
    with selectors.DefaultSelector() as selector:
        selector.register(orders, selectors.EVENT_READ)
        selector.register(ended, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fileobj is ended:
                    ended.recv(4096)
                    _reap(replies)
                    continue
                length, descriptors, _, _ = socket.recv_fds(orders, 8, 4)
                if not length:
                    return None
                order = json.loads(_exactly(orders, int.from_bytes(length, "big")))
                pid = os.fork()
                if pid == 0:
                    signal.set_wakeup_fd(-1)
                    for end in (orders, ended, wake):
                        end.close()
                    for reply in (*replies.values(), descriptors[3]):
                        os.close(reply)
                    _take(descriptors[:3])
                    return dict(order)
                for descriptor in descriptors[:3]:
                    os.close(descriptor)
                replies[pid] = descriptors[3]
                _say(descriptors[3], pid)


def _exactly(orders: socket.socket, length: int) -> bytes:
    received = b""
    while len(received) < length:
        received += orders.recv(length - len(received))
    return received


def _reap(replies: dict[int, int]) -> None:
    while replies:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if not pid:
            return
        reply = replies.pop(pid)
        _say(reply, os.waitstatus_to_exitcode(status))
        os.close(reply)


def _say(reply: int, number: int) -> None:
    with contextlib.suppress(BrokenPipeError):  # nobody waits for it any more
        os.write(reply, b"%d\n" % number)


def _take(descriptors: list[int]) -> None:
    """In the new process: a session of its own, Python's own signals, the order's streams."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.setsid()
    for standard, descriptor in enumerate(descriptors):
        os.dup2(descriptor, standard)
        os.close(descriptor)


def _run(order: dict[str, Any]) -> None:
    """Run one command line; what was made when DataLad was loaded is made anew."""
    os.environ.clear()
    os.environ.update(order["env"])
    os.chdir(order["cwd"])
    os.umask(order["umask"])
    sys.path[:0] = filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))
    time.tzset()
    tempfile.tempdir = None

    import datalad
    import datalad.log
    import datalad.utils
    from datalad.cli.main import main

    datalad.utils._pwd_mode = None
    datalad.utils.getpwd()
    datalad.cfg.reload(force=True)
    datalad.log.LoggerHelper().set_level()
    if order["kill"]:
        from tests.kill_at import KillAt

        KillAt(**order["kill"]).arm()
    sys.argv = ["datalad", *order["args"]]
    main(sys.argv)


if __name__ == "__main__":
    main()
