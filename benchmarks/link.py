"""A network link with latency and loss, between two network namespaces.

::

    python benchmarks/link.py DELAY LOSS

Makes the namespaces `CLIENT` and `SERVER`, each with one TUN device, and carries packets
between them: DELAY seconds each way, of which the share LOSS is lost each way. So TCP has real
round trips and real retransmissions where the kernel has no ``tc netem``. Prints a line once the
link is up, and removes the namespaces when it is ended by SIGTERM. Linux, and root.
"""

from __future__ import annotations

import ctypes
import fcntl
import heapq
import os
import random
import select
import signal
import struct
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["ADDRESS", "CLIENT", "SERVER", "inside", "link"]

CLIENT = "jsdl-client"
SERVER = "jsdl-server"
ADDRESS = "10.71.0.1"  # of the server
_ADDRESSES = {SERVER: ADDRESS, CLIENT: "10.71.0.2"}

# linux/if_tun.h and linux/sched.h
_TUNSETIFF = 0x400454CA
_IFF_TUN, _IFF_NO_PI = 0x0001, 0x1000
_CLONE_NEWNET = 0x40000000

_PACKET = 65536  # bytes, more than any has
_DEVICE = "jsdl0"
_NETNS = Path("/run/netns")


@contextmanager
def link(delay: float, loss: float) -> Iterator[str]:
    """A link that is up; gives "", or why there can be none.

    Args:
        delay: seconds each way.
        loss: share of the packets, from 0 to 1.
    """
    if os.geteuid():
        yield "namespaces need root"
        return
    command = [sys.executable, __file__, str(delay), str(loss)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        try:
            up = child.stdout.readline()
            yield "" if up else child.stderr.read().decode().strip().rpartition("\n")[2]
        finally:
            child.terminate()


def inside(namespace: str, *command: str | Path) -> list[str | Path]:
    """The command line that runs *command* in a namespace."""
    return ["ip", "netns", "exec", namespace, *command]


def _run(*command: str) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def _enter(namespace: str) -> None:
    with (_NETNS / namespace).open() as place:
        if ctypes.CDLL(None, use_errno=True).setns(place.fileno(), _CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "setns")


def _device(namespace: str) -> int:
    """Make a TUN device in a namespace, with its address; its descriptor."""
    _run("ip", "netns", "add", namespace)
    _enter(namespace)
    device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    request = struct.pack("16sH14x", _DEVICE.encode(), _IFF_TUN | _IFF_NO_PI)
    fcntl.ioctl(device, _TUNSETIFF, request)
    _run("ip", "address", "add", f"{_ADDRESSES[namespace]}/24", "dev", _DEVICE)
    _run("ip", "link", "set", _DEVICE, "txqueuelen", "10000", "up")
    _run("ip", "link", "set", "lo", "up")
    return device


def _carry(one: int, other: int, delay: float, loss: float) -> None:
    """Packets from each to the other, until this process is ended."""
    chance = random.Random(1)
    target = {one: other, other: one}
    due: list[tuple[float, int, int, bytes]] = []
    number = 0
    while True:
        wait = max(0.0, due[0][0] - time.monotonic()) if due else None
        for device in select.select([one, other], [], [], wait)[0]:
            packet = os.read(device, _PACKET)
            if chance.random() >= loss:
                number += 1
                heapq.heappush(due, (time.monotonic() + delay, number, target[device], packet))
        while due and due[0][0] <= time.monotonic():
            _, _, device, packet = heapq.heappop(due)
            os.write(device, packet)


def _remove() -> None:
    for name in _ADDRESSES:
        subprocess.run(["ip", "netns", "delete", name], stderr=subprocess.DEVNULL, check=False)


def main() -> None:
    delay, loss = map(float, sys.argv[1:])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    try:
        one, other = map(_device, _ADDRESSES)
        print("up", flush=True)
        _carry(one, other, delay, loss)
    finally:
        _remove()


if __name__ == "__main__":
    main()
