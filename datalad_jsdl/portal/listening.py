"""A socket that clients can connect to."""

from __future__ import annotations

import contextlib
import ipaddress
import socket
from dataclasses import dataclass

from datalad_jsdl.errors import PortalError

__all__ = ["Listening", "listen"]

# bytes that wait in the system for a client that reads slowly; it would keep 4 MiB for each
_MOST_UNSENT = 512 << 10


@dataclass(frozen=True)
class Listening:
    """A socket that clients can connect to.

    Attributes:
        socket: which is listening.
        host: as it was asked for.
        port: that it has.
    """

    socket: socket.socket
    host: str
    port: int

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can connect."""
        if self.host == "localhost":
            return True
        with contextlib.suppress(ValueError):
            return ipaddress.ip_address(self.host).is_loopback
        return False

    @property
    def hosts(self) -> frozenset[str]:
        """Values of the field Host that mean this server; none for any."""
        if not self.is_loopback:
            return frozenset()
        names = {self._shown, "localhost", "127.0.0.1", "[::1]"}
        return frozenset(f"{name}:{self.port}" for name in names)

    @property
    def url(self) -> str:
        """For a browser on this machine."""
        return f"http://{self._shown}:{self.port}/"

    @property
    def _shown(self) -> str:
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104
        return f"[{host}]" if ":" in host else host


def listen(host: str, port: int) -> Listening:
    """Begin to listen.

    Args:
        host: a name or an address of this machine.
        port: 0 for any that is free.

    Raises:
        PortalError: that is not possible.
    """
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listening = socket.socket(family, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if hasattr(socket, "TCP_NOTSENT_LOWAT"):  # connections have what this one has
            listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, _MOST_UNSENT)
        listening.bind(address)
        listening.listen(1024)
    except OSError as error:
        raise PortalError(
            f"cannot listen on port {port} of {host}: {error.strerror or error}; --port 0 takes "
            "one that is free"
        ) from None
    return Listening(listening, host, listening.getsockname()[1])
