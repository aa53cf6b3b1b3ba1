# A pipe to another process that takes what fits at once, and the rest when there is room.
# SPDX-License-Identifier: MIT
from __future__ import annotations

import fcntl
import os
import select
import threading
from collections import deque
from typing import IO, Sequence, Union

Buffer = Union[bytes, bytearray, memoryview]
_WIDE = 1 << 20   # bytes of a pipe, where the system grants so much
_AT_ONCE = 64     # buffers of one write


def widen(pipe: IO[bytes]) -> None:
    """A wider pipe: fewer wakeups on both its ends."""
    try:
        fcntl.fcntl(pipe, 1031, _WIDE)  # F_SETPIPE_SZ; named in fcntl from Python 3.10 on
    except OSError:
        pass


class Pipe:
    """Bytes to `pipe`, in the order of put(), from any thread."""

    def __init__(self, pipe: IO[bytes]):
        self._pipe = pipe
        self._left: deque[memoryview] = deque()  # what did not fit
        self._changed = threading.Condition()
        self._writer: threading.Thread | None = None
        self._closing = self._closed = False
        os.set_blocking(pipe.fileno(), False)
        widen(pipe)

    def put(self, parts: Sequence[Buffer]) -> None:
        """Never waits.  What comes after close(), or when nobody reads any more, is dropped."""
        with self._changed:
            if self._closing:
                return
            was_empty = not self._left
            self._left.extend(memoryview(part) for part in parts)
            if was_empty and not self._write() and self._left:
                if self._writer is None:
                    self._writer = threading.Thread(target=self._write_rest, daemon=True,
                                                    name="pcluster_write")
                    self._writer.start()
                self._changed.notify_all()

    def wait(self) -> None:
        """Until all is written."""
        with self._changed:
            while self._left and not self._closed:
                self._changed.wait()

    def close(self) -> None:
        """After what was put is written."""
        with self._changed:
            self._closing = True
            if not self._left:
                self._shut()

    def _write(self) -> bool:
        """Writes until all is written (true) or it would block."""
        left = self._left
        try:
            while left:
                some = [left[i] for i in range(min(len(left), _AT_ONCE))]
                written = os.writev(self._pipe.fileno(), some)
                while left and written >= len(left[0]):
                    written -= len(left.popleft())
                if written:
                    left[0] = left[0][written:]
        except BlockingIOError:
            return False
        except (OSError, ValueError):  # nobody reads: whoever reads its other end knows
            self._closing = True
            self._shut()
        return True

    def _write_rest(self) -> None:
        while True:
            with self._changed:
                self._write()
                if not self._left:
                    self._changed.notify_all()
                    if self._closing:
                        self._shut()
                        return
                    self._changed.wait_for(lambda: self._left or self._closed)
                if self._closed:
                    return
            poll = select.poll()
            poll.register(self._pipe.fileno(), select.POLLOUT)
            poll.poll(1000)

    def _shut(self) -> None:
        self._left.clear()
        if not self._closed:
            self._closed = True
            try:
                self._pipe.close()
            except OSError:
                pass
        self._changed.notify_all()
