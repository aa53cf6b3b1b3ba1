# The process that runs the functions of an Executor: a program on a channel.
# SPDX-License-Identifier: MIT
from __future__ import annotations

import os
import pickle
import sys
import threading
import traceback
from collections import deque
from queue import SimpleQueue
from time import perf_counter, sleep
from typing import Any, BinaryIO

from . import calls, surroundings, wire

_AT_ONCE = 2e-3   # s: results of calls that took longer, or wait for longer, are written at once
_LARGE = calls.OUT_OF_BAND


class _Function:
    """A function as it came, unpickled at its first call."""
    __slots__ = ("pickled", "function")

    def __init__(self, data: Any, buffers: Any):
        self.pickled = (data, buffers)
        self.function: Any = None

    def __call__(self) -> Any:
        if self.function is None:
            self.function = calls.loads(*self.pickled)
        return self.function


def read(source: BinaryIO) -> wire.Message | None:
    """The next message; None at the end."""
    wanted = wire.wanted()
    try:
        buffer = next(wanted)
        while True:
            view = memoryview(buffer)
            while view:
                count = source.readinto(view)  # type: ignore[attr-defined]
                if not count:
                    return None
                view = view[count:]
            buffer = next(wanted)
    except StopIteration as done:
        return done.value


def write(sink: int, parts: list[Any]) -> None:
    """All of it; waits for room."""
    while parts:
        count = os.writev(sink, parts[:64])
        while parts and count >= len(parts[0]):
            count -= len(parts.pop(0))
        if count:
            parts[0] = memoryview(parts[0])[count:]


class Engine:
    """Runs calls from `source` and writes results to the descriptor `sink`."""

    def __init__(self, source: BinaryIO, sink: int):
        self._source, self._sink = source, sink
        self._functions: dict[int, _Function] = {}
        self._pending: deque[Any] = deque()  # calls; None: the end
        self._wake: SimpleQueue[None] = SimpleQueue()
        self._lock = threading.Lock()        # of the sink
        self._results: deque[tuple] = deque()
        self._since = 0.0                    # when the first of them was there
        self._unwritten = threading.Event()

    def run(self) -> None:
        """Until the end of the source.  Functions run in this thread."""
        self._put(wire.READY, {"pid": os.getpid()})
        for work in (self._listen, self._write_late):
            threading.Thread(target=work, name=f"pcluster{work.__name__}", daemon=True).start()
        pending = self._pending
        while True:
            try:
                call = pending.popleft()
            except IndexError:
                try:
                    self._flush()
                    self._wake.get()
                except KeyboardInterrupt:
                    pass
                continue
            if call is None:
                return
            self._call(*call)
            call = ()  # its arguments may be large

    def _call(self, number: int, function: _Function, chunk: bool, data: Any, buffers: Any) -> None:
        begun = perf_counter()
        out: list[memoryview] = []
        failed = True
        try:
            arguments, named = calls.loads(data, buffers)
            if chunk:
                run = function()
                value = [run(*each) for each in arguments]
            else:
                value = function()(*arguments, **named)
            failed = False
        except BaseException as error:
            if error.__traceback__ is not None:  # without this frame
                error.__traceback__ = error.__traceback__.tb_next
            data = calls.dump_error(error)
        else:
            try:
                data, out = calls.dumps(value)
            except BaseException as error:
                failed = True
                data = calls.dump_error(_no_result(function, value, error))
        ended = perf_counter()
        if out or len(data) > _LARGE:
            self._flush()
            self._put(wire.RESULTS, [(number, failed, None, ended - begun)],
                      [memoryview(data), *out])
            return
        self._results.append((number, failed, data, ended - begun))
        if ended - begun > _AT_ONCE:
            self._flush()
        elif len(self._results) == 1:
            self._since = ended
            if not self._unwritten.is_set() and self._pending:
                self._unwritten.set()
        elif ended - self._since > _AT_ONCE:
            self._flush()

    def _flush(self) -> None:
        results: list[tuple] = []
        try:
            while True:
                results.append(self._results.popleft())
        except IndexError:
            if results:
                self._put(wire.RESULTS, results)

    def _write_late(self) -> None:
        """Results of short calls do not wait for the end of a long one."""
        quiet = 0
        while True:
            self._unwritten.wait()
            sleep(_AT_ONCE)
            quiet += 1
            if self._results:
                quiet = 0
                if perf_counter() - self._since > _AT_ONCE:
                    self._flush()
            elif quiet > 20:
                quiet = 0
                self._unwritten.clear()
                if self._results:
                    self._unwritten.set()

    def _put(self, kind: int, value: Any, buffers: Any = ()) -> None:
        parts = wire.pack(kind, pickle.dumps(value, 5), buffers)
        try:
            with self._lock:
                write(self._sink, parts)
        except OSError:  # nobody is there any more
            os._exit(1)

    def _listen(self) -> None:
        try:
            self._take_all()
        except BaseException:  # arguments that memory has no room for: nobody may wait for them
            traceback.print_exc()
            sys.stderr.flush()
            os._exit(1)
        self._pending.clear()
        self._pending.append(None)
        self._wake.put(None)

    def _take_all(self) -> None:
        pending, functions = self._pending, self._functions
        while (message := read(self._source)) is not None:
            kind, body, buffers = message
            value = pickle.loads(body)
            if kind == wire.CALLS:
                if buffers:  # the first is the pickle
                    value = [(*value[0][:3], buffers.pop(0))]
                pending.extend((number, functions[function], chunk, data, buffers)
                               for number, function, chunk, data in value)
                self._wake.put(None)
            elif kind == wire.FUNCTION:
                functions[value[0]] = _Function(value[1], buffers)
            elif kind == wire.FORGET:
                for number in value:
                    functions.pop(number, None)
            elif kind == wire.RETRACT:
                self._give_back(value)
            elif kind == wire.RENEW:
                surroundings.again()

    def _give_back(self, most: int) -> None:
        taken: list[int] = []
        try:
            while len(taken) < most:
                taken.append(self._pending.pop()[0])
        except IndexError:
            pass
        self._put(wire.RETRACTED, taken)


def _no_result(function: _Function, value: Any, error: BaseException) -> BaseException:
    if not isinstance(error, Exception):
        return error
    said = pickle.PicklingError(f"{calls.name_of(function.function)}() returned a "
                                f"{type(value).__name__} that cannot be sent back: {error}")
    said.__cause__ = error
    return said


def initialize(start: dict[str, Any], sink: int) -> bool:
    """Runs the initializer; when it fails, says so."""
    if start["initializer"] is None:
        return True
    try:
        initializer, arguments = calls.loads(start["initializer"])
        initializer(*arguments)
        return True
    except BaseException as error:
        write(sink, wire.pack(wire.BROKEN, calls.dump_error(error)))
        return False


def main() -> None:
    """The program: sys.executable -m pcluster.engine, on a channel."""
    reads, writes = surroundings.channel()
    raw: Any = open(reads, "rb", buffering=0, closefd=False)
    first = surroundings.first_message()
    if first is None:
        message = read(raw)
        if message is None:
            return
        first = bytes(message[1])
    surroundings.keep_message(first)
    start = pickle.loads(first)
    surroundings.adopt(start["path"], start["directory"])
    if start["method"] == "spawn":
        surroundings.preload(start["preload"])
        if initialize(start, writes):
            Engine(open(reads, "rb", buffering=1 << 18, closefd=False), writes).run()
        else:
            read(raw)
    else:
        from .forks import serve
        serve(raw, reads, writes, start)


if __name__ == "__main__":
    from pcluster.engine import main as _main
    _main()
