"""A real PostgreSQL, which can be restarted in the middle of things."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from fasteners import InterProcessLock

__all__ = ["PostgreSQL", "postgresql_server"]

# prints where the server is; each line of its input restarts the server, as after a crash
_SERVE = """
echo "$PGUSER:$PGPASSWORD@$PGHOST:$PGPORT"
set -- $(pg_lsclusters -h)
while read line; do pg_ctlcluster "$1" "$2" restart -m immediate; echo done; done
"""


class PostgreSQL:
    """A server.

    Attributes:
        url: of it, without a database.
    """

    def __init__(self, url: str, process: subprocess.Popen[str]) -> None:
        self.url = url
        self._process = process

    def database(self) -> str:
        """The URL of a new database, which is empty."""
        name = f"t{uuid4().hex}"
        psql = shutil.which("psql")
        assert psql
        command = [psql, "-q", f"{self.url}/postgres", "-c", f"CREATE DATABASE {name}"]
        subprocess.run(command, check=True)
        return f"{self.url}/{name}"

    def restart(self) -> None:
        """End it at once, and start it again; all connections break."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("restart\n")
        self._process.stdin.flush()
        assert any(line == "done\n" for line in self._process.stdout)


@contextmanager
def postgresql_server(pg_virtualenv: str) -> Iterator[PostgreSQL]:
    """Start one; it goes with all that is in it."""
    command = [pg_virtualenv, "-t", "sh", "-c", _SERVE]
    environment = {**os.environ, "HOME": "/"}  # the server is another user's, who reads no other
    # of two that start at once, both would take the same free port
    one_at_a_time = InterProcessLock(Path(tempfile.gettempdir(), f"jsdl-pg-{os.getuid()}.lock"))
    with one_at_a_time:
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment,
            stderr=subprocess.DEVNULL, cwd="/",
        )  # fmt: skip
        assert process.stdout is not None
        where = next((line for line in process.stdout if "@" in line), "")
    with process:
        assert where, "PostgreSQL did not start"
        yield PostgreSQL(f"postgresql://{where.strip()}", process)
        process.communicate("")
