"""A signal at a named step of the package, instead of one after a time that may be too short.

The product has no hook for it: in the process that is to end, a function of the package is
replaced by one that sends the signal. In DataLad's commands `tests.running` does that; for the
special remote, which git-annex starts, `remote_that_dies` puts a program of its name first in
PATH.
"""

from __future__ import annotations

import functools
import importlib
import itertools
import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["KillAt", "remote_that_dies"]


@dataclass(frozen=True)
class KillAt:
    """Where a process is to end.

    Attributes:
        function: ``"package.module:Class.function"``, or a function of the module.
        call: which of the calls it is, from 1.
        after: once the function has returned; else before it does anything.
        signal: what is sent, to all of the process's group if it leads one.
    """

    function: str
    call: int = 1
    after: bool = False
    signal: int = signal.SIGKILL

    def arm(self) -> None:
        """Do it in this process."""
        module_name, _, path = self.function.partition(":")
        *classes, name = path.split(".")
        module = importlib.import_module(module_name)
        owner: Any = functools.reduce(getattr, classes, module)
        declared = vars(owner)[name]
        is_method = isinstance(declared, (classmethod, staticmethod))
        original = declared.__func__ if is_method else declared
        wrapped = self._wrapped(original)
        setattr(owner, name, type(declared)(wrapped) if is_method else wrapped)
        if not classes:
            _replace(name, original, wrapped)

    def _wrapped(self, original: Any) -> Any:
        calls = itertools.count(1)

        @functools.wraps(original)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            mine = next(calls) == self.call
            if mine and not self.after:
                self._send()
            result = original(*args, **kwargs)
            if mine and self.after:
                self._send()
            return result

        return wrapper

    def _send(self) -> None:
        if os.getpgrp() == os.getpid():
            os.killpg(0, self.signal)
        else:
            os.kill(os.getpid(), self.signal)


def _replace(name: str, original: object, wrapped: object) -> None:
    """Also where other modules of the package have the function by ``from … import``."""
    for loaded, module in list(sys.modules.items()):
        if loaded.startswith("datalad_jsdl") and vars(module).get(name) is original:
            setattr(module, name, wrapped)


def remote_that_dies(folder: Path, kill: KillAt) -> dict[str, str]:
    """An environment in which git-annex starts a special remote that a signal ends.

    Args:
        folder: one to be made, for the program.
    """
    folder.mkdir()
    program = folder / "git-annex-remote-jsdl"
    root = str(Path(__file__).parent.parent)
    program.write_text(
        f"#!{sys.executable}\n"
        f"import sys; sys.path.append({root!r})\n"
        "from datalad_jsdl.special_remote.remote import main\n"
        "from tests.kill_at import KillAt\n"
        f"KillAt({kill.function!r}, {kill.call}, {kill.after}, {int(kill.signal)}).arm()\n"
        "main()\n"
    )
    program.chmod(0o755)
    return {**os.environ, "PATH": os.pathsep.join([str(folder), os.environ["PATH"]])}
