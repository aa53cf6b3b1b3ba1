# Messages between a client and its engines: how they lie in the bytes of a channel.
# SPDX-License-Identifier: MIT
from __future__ import annotations

import struct
from typing import Generator, Iterable, List, Sequence, Tuple, Union

# Length of the body, number of buffers out of band, kind; then the buffers' lengths, the body and
# the buffers.  Little-endian.  The body of each kind is a pickle, said at its kind.
_HEADER = struct.Struct("<QIB3x")

# To an engine:
START = 1      # dict: how to begin (engine.py)
FUNCTION = 2   # (id, pickle of the function); its buffers are the message's
CALLS = 3      # [(call, function id, is chunk, pickle of (args, kwargs))]; of a large call, alone,
#                the pickle is the first buffer
RETRACT = 4    # n: give back up to n calls that have not begun, the last first
FORGET = 5     # [function id]
RESYNC = 6     # None: after CRASHED; what came before it was for the process that ended
RENEW = 7      # None: a fresh process takes the place of this one, which has nothing to do
# From an engine:
READY = 16     # dict: pid
RESULTS = 17   # [(call, is error, pickle, seconds)]; a large result as a large call
RETRACTED = 18  # [call]: the answer to each RETRACT
BROKEN = 19    # traceback of the initializer
CRASHED = 20   # (exit code, signal) of the process that ran functions; another takes its place

Buffer = Union[bytes, bytearray, memoryview]
Message = Tuple[int, Buffer, List[bytearray]]
_JOIN = 64 << 10


def pack(kind: int, body: Buffer, buffers: Sequence[memoryview] = ()) -> list[Buffer]:
    """The parts of a message, to be written one after another."""
    head = _HEADER.pack(len(body), len(buffers), kind)
    if buffers:
        head += struct.pack(f"<{len(buffers)}Q", *(view.nbytes for view in buffers))
    first: list[Buffer] = [head + bytes(body)] if len(body) <= _JOIN else [head, body]
    return first + list(buffers)


def wanted() -> Generator[bytearray, None, Message]:
    """Yields what must be filled with the next bytes, in turn; returns the message."""
    head = bytearray(_HEADER.size)
    yield head
    length, count, kind = _HEADER.unpack(head)
    sizes: Iterable[int] = ()
    if count:
        table = bytearray(8 * count)
        yield table
        sizes = struct.unpack(f"<{count}Q", table)
    body = bytearray(length)
    yield body
    buffers = []
    for size in sizes:
        buffers.append(bytearray(size))
        yield buffers[-1]
    return kind, body, buffers


class Parser:
    """Messages of bytes that come in pieces."""

    def __init__(self) -> None:
        self._begin()

    def _begin(self) -> None:
        self._wanted = wanted()
        self._room = memoryview(next(self._wanted))

    def feed(self, data: Buffer) -> list[Message]:
        messages: list[Message] = []
        view = memoryview(data)
        while True:
            if len(self._room) > len(view):
                self._room[:len(view)] = view
                self._room = self._room[len(view):]
                return messages
            self._room[:] = view[:len(self._room)]
            view = view[len(self._room):]
            try:
                self._room = memoryview(next(self._wanted))
            except StopIteration as done:
                messages.append(done.value)
                self._begin()
