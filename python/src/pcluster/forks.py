# A small server that forks the process that runs functions: a crash costs a fork only.
# SPDX-License-Identifier: MIT
from __future__ import annotations

import os
import pickle
import select
import sys
import traceback
from typing import Any, BinaryIO

from . import surroundings, wire
from .engine import Engine, initialize, read, write


def serve(source: BinaryIO, reads: int, writes: int, start: dict[str, Any]) -> None:
    """Until the end of the channel.

    Only this process reads and writes the channel, and it passes on whole messages: what a process
    that crashes leaves half written, or half read, is known.  "fork": the initializer runs here,
    once, and its pages are shared copy-on-write.
    """
    surroundings.preload(start["preload"])
    if start["method"] == "fork" and not initialize(start, writes):
        read(source)
        return
    while True:
        child = _Child(start)
        if not child.relay(reads, writes):
            return
        if child.renewed:
            continue
        write(writes, wire.pack(wire.CRASHED, pickle.dumps(child.ended)))
        while (message := child.input.get(reads)) is not None and message[0] != wire.RESYNC:
            pass
        if message is None:
            return


class _Input:
    """Whole messages of the channel."""

    def __init__(self) -> None:
        self.parser = wire.Parser()
        self.messages: list[wire.Message] = []

    def more(self, reads: int) -> bool:
        data = os.read(reads, 1 << 20)
        self.messages += self.parser.feed(data)
        return bool(data)

    def get(self, reads: int) -> wire.Message | None:
        while not self.messages:
            if not self.more(reads):
                return None
        return self.messages.pop(0)


_input = _Input()


class _Child:
    """The process that runs functions, and the pipes to and from it."""

    def __init__(self, start: dict[str, Any]):
        self.input = _input
        self.renewed = False
        self.ended = (0, 0)  # exit code, signal
        its_in, self._to = os.pipe()
        self._from, its_out = os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            os.close(self._to)
            os.close(self._from)
            _run(start, its_in, its_out)
        os.close(its_in)
        os.close(its_out)

    def relay(self, reads: int, writes: int) -> bool:
        """Until the child has ended.  False: as the channel did."""
        poll = select.poll()
        poll.register(reads, select.POLLIN)
        poll.register(self._from, select.POLLIN)
        results, ended = wire.Parser(), False
        self._pass_on()
        while True:
            ready = {descriptor for descriptor, _ in poll.poll(1000)}
            if reads in ready:
                if not self.input.more(reads):
                    ended = True
                    poll.unregister(reads)
                    if not self.renewed:
                        os.close(self._to)
                else:
                    self._pass_on()
            data = os.read(self._from, 1 << 20) if self._from in ready else b""
            for kind, body, buffers in results.feed(data):
                write(writes, wire.pack(kind, body, [memoryview(each) for each in buffers]))
            if (not data and self._from in ready) or (not ready and self._gone()):
                break
        if not ended and not self.renewed:
            os.close(self._to)
        os.close(self._from)
        self._gone(wait=True)
        return not ended

    def _pass_on(self) -> None:
        messages, self.input.messages = self.input.messages, []
        try:
            for kind, body, buffers in messages:
                if kind == wire.RENEW:
                    self.renewed = True
                    os.close(self._to)
                    return
                write(self._to, wire.pack(kind, body, [memoryview(each) for each in buffers]))
        except OSError:  # it has ended: its calls are run again by the client
            pass

    def _gone(self, wait: bool = False) -> bool:
        if self._pid:
            pid, status = os.waitpid(self._pid, 0 if wait else os.WNOHANG)
            if not pid:
                return False
            self._pid = 0
            code = os.waitstatus_to_exitcode(status)
            self.ended = (code, 0) if code >= 0 else (0, -code)
        return True


def _run(start: dict[str, Any], reads: int, writes: int) -> None:
    """The child's life."""
    code = 1
    try:
        surroundings.private.update((reads, writes))
        if start["method"] == "fork" or initialize(start, writes):
            Engine(open(reads, "rb", buffering=1 << 18, closefd=False), writes).run()
            code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
