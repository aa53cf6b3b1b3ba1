# Messages between MPIBackend and its ranks: pickles with their length before them.
# SPDX-License-Identifier: MIT
from __future__ import annotations

import os
import pickle
import struct
from dataclasses import dataclass
from typing import Any, Iterator

_LENGTH = struct.Struct("<Q")


@dataclass
class Call:
    """To a gang: what its trials are of, until another Call."""
    network: bytes  # pickled: each trial has a copy of its own
    tstop: float    # ms
    dt: float       # ms


@dataclass
class Trial:
    """To a gang: simulate this one."""
    index: int


@dataclass
class Ready:
    """From a gang: it has loaded NEURON and hnn-core, and waits."""
    hnn_core: str  # version


@dataclass
class Said:
    """From a gang: what its rank 0 printed."""
    descriptor: int  # 1 or 2
    text: str


@dataclass
class Done:
    """From a gang: what hnn-core gathers of a trial."""
    index: int
    data: dict[str, Any]


@dataclass
class Failed:
    """From a gang, which then ends: its rank 0 has raised an exception."""
    error: bytes  # pickled; empty if that cannot be
    traceback: str


def frame(message: Any) -> bytes:
    """The bytes of a message."""
    pickled = pickle.dumps(message, protocol=5)
    return _LENGTH.pack(len(pickled)) + pickled


class Unframer:
    """Messages out of a stream that comes in parts of any size."""

    def __init__(self) -> None:
        self._got = bytearray()

    def feed(self, part: bytes) -> Iterator[Any]:
        self._got += part
        while len(self._got) >= _LENGTH.size:
            end = _LENGTH.size + _LENGTH.unpack_from(self._got)[0]
            if len(self._got) < end:
                return
            whole = bytes(memoryview(self._got)[_LENGTH.size:end])
            del self._got[:end]
            yield pickle.loads(whole)


def read_frame(descriptor: int) -> bytes:
    """The pickle of the next message, or nothing at the end of the stream."""
    length = _exactly(descriptor, _LENGTH.size)
    return _exactly(descriptor, _LENGTH.unpack(length)[0]) if length else b""


def write_frame(descriptor: int, message: Any) -> None:
    view = memoryview(frame(message))
    while view:
        view = view[os.write(descriptor, view):]


def _exactly(descriptor: int, length: int) -> bytes:
    got = bytearray()
    while len(got) < length:
        part = os.read(descriptor, min(length - len(got), 1 << 20))
        if not part:
            return b""
        got += part
    return bytes(got)
