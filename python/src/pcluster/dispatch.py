# Which call goes to which engine, and when: no clock, no bytes, no threads.
# SPDX-License-Identifier: MIT
from __future__ import annotations

from collections import deque
from typing import Any, Callable, Hashable, Iterable

AHEAD = 5e-3         # seconds of work that wait at an engine, beside what it runs
MOST = 1000          # calls at an engine
BYTES = 256 << 10    # of arguments that wait at an engine: what its worker takes without it
LOSSES = 3           # times that a call is run again because its worker was lost

# What becomes of a call whose engine ended.
CRASHED, LOST = "crashed", "lost"


class Call:
    """A call of a function, and what is needed to send it (again)."""
    __slots__ = ("id", "function", "data", "buffers", "chunk", "future", "size", "estimate",
                 "begun", "crashes", "losses")

    def __init__(self, id: int, function: Any, data: bytes, buffers: Any, chunk: bool, future: Any):
        self.id, self.function, self.data, self.buffers = id, function, data, buffers
        self.chunk, self.future = chunk, future
        self.size = len(data) + sum(view.nbytes for view in buffers) if buffers else len(data)
        self.estimate = 0.0
        self.begun = False   # it was sent once: it can no longer be cancelled
        self.crashes = self.losses = 0


class Engine:
    """A process that runs functions, and the calls that it was given."""
    __slots__ = ("key", "calls", "load", "size", "alone", "asked", "state", "most", "left")

    def __init__(self, key: Hashable, state: Any = None, most: int | None = None):
        self.key, self.state, self.most = key, state, most
        self.left = most or -1   # calls that it may still be given; -1: any number
        self.calls: dict[int, Call] = {}  # in the order of their running
        self.load = 0.0      # seconds, as estimated
        self.size = 0        # bytes
        self.alone = False   # it runs a suspect
        self.asked = False   # to give calls back


class Dispatch:
    """The queue of calls and the engines.  `begin(call)` says whether it may run: not cancelled."""

    def __init__(self, begin: Callable[[Call], bool], retries: int = 0):
        self._begin, self._retries = begin, retries
        self.queue: deque[Call] = deque()
        self.suspects: deque[Call] = deque()  # one of them ended an engine: each runs alone
        self.engines: dict[Hashable, Engine] = {}
        self.idle: dict[Hashable, Engine] = {}
        self._spent: list[Engine] = []        # they have run as many calls as they may
        self._short: dict[Hashable, Engine] = {}  # they might take more

    @property
    def left(self) -> int:
        """Calls that have no result yet (or are cancelled, and still queued)."""
        return len(self.queue) + len(self.suspects) + sum(
            len(engine.calls) for engine in self.engines.values())

    @property
    def empty(self) -> bool:
        return not self.queue and not self.suspects and len(self.idle) == len(self.engines)

    def add(self, engine: Engine) -> None:
        """A new engine, or one whose process is new."""
        self.engines[engine.key] = self.idle[engine.key] = engine
        engine.left = engine.most or -1
        engine.alone, engine.load, engine.size = False, 0.0, 0

    def done(self, engine: Engine, results: Iterable[tuple[int, float]]) -> list[Call | None]:
        """Results have come: (call, seconds).  None for what this engine was not asked."""
        found = []
        for number, seconds in results:
            call = self._leave(engine, number)
            found.append(call)
            if call is not None:
                function = call.function
                known = function.seconds
                function.seconds = seconds if known is None else (
                    (known + seconds) / 2 if seconds > known else 0.9 * known + 0.1 * seconds)
        self._rest(engine)
        return found

    def returned(self, engine: Engine, numbers: Iterable[int]) -> None:
        """Calls that had not begun come back, to be run first."""
        engine.asked = False
        calls = [self._leave(engine, number) for number in numbers]
        self.queue.extendleft(sorted((call for call in calls if call is not None),
                                     key=lambda call: -call.id))
        self._rest(engine)

    def _leave(self, engine: Engine, number: int) -> Call | None:
        call = engine.calls.pop(number, None)
        if call is not None:
            engine.load -= call.estimate
            engine.size -= call.size
        return call

    def _rest(self, engine: Engine) -> None:
        if engine.key not in self.engines:
            return
        self._short[engine.key] = engine
        if not engine.calls:
            engine.alone, engine.load, engine.size = False, 0.0, 0
            if engine.left:
                self.idle[engine.key] = engine
            else:
                self._spent.append(engine)
                del self.engines[engine.key]

    def remove(self, engine: Engine, why: str | None = None) -> list[Call]:
        """The engine is no more.  Returns the calls that are given up."""
        for group in (self.engines, self.idle, self._short):
            group.pop(engine.key, None)
        return self.ended(engine, why or LOST)

    def ended(self, engine: Engine, why: str) -> list[Call]:
        """What ran the engine's calls has ended.  Returns the calls that are given up."""
        calls = list(engine.calls.values())
        engine.calls.clear()
        engine.asked = False
        self._rest(engine)
        if why == LOST:
            for call in calls:
                call.losses += 1
            self.queue.extendleft(call for call in reversed(calls) if call.losses <= LOSSES)
            return [call for call in calls if call.losses > LOSSES]
        if len(calls) == 1:
            calls[0].crashes += 1
            if calls[0].crashes > self._retries:
                return calls
        self.suspects.extend(calls)
        return []

    def plan(self) -> list[tuple[Engine, list[Call]]]:
        """The calls to send now."""
        sends = []
        while self.idle and (self.queue or self.suspects):
            engine = self.idle.pop(next(iter(self.idle)))
            given = self._give(engine)
            if given:
                sends.append((engine, given))
            else:  # all that was queued is cancelled
                self.idle[engine.key] = engine
                break
        if self.queue and not self.suspects:
            for engine in list(self._short.values()):
                if engine.calls and not engine.alone and not engine.asked:
                    given = self._give(engine)
                    if given:
                        sends.append((engine, given))
        self._short.clear()
        return sends

    def _give(self, engine: Engine) -> list[Call]:
        given: list[Call] = []
        calls, queue = engine.calls, self.queue
        while self.suspects and not calls:
            call = self.suspects.popleft()
            engine.alone = True
            self._send(engine, call, given)
        if given:
            return given
        share = max(1, -(-len(queue) // len(self.engines)))
        while queue and len(given) < share and engine.left:
            call = queue[0]
            if calls:
                seconds = call.function.seconds
                if seconds is None or seconds > AHEAD or engine.load >= AHEAD \
                        or len(calls) >= MOST or engine.size + call.size > BYTES:
                    break
            queue.popleft()
            if call.begun or self._begin(call):
                self._send(engine, call, given)
        return given

    def _send(self, engine: Engine, call: Call, given: list[Call]) -> None:
        call.begun = True
        engine.left -= engine.left > 0
        seconds = call.function.seconds
        call.estimate = 1.0 if seconds is None else seconds
        engine.load += call.estimate
        engine.size += call.size
        engine.calls[call.id] = call
        given.append(call)

    def take_back(self) -> list[tuple[Engine, int]]:
        """Engines to ask for calls that they have not begun, as others have nothing to do."""
        if not self.idle or self.queue or self.suspects:
            return []
        loaded = sorted((engine for engine in self.engines.values()
                         if len(engine.calls) > 1 and not engine.asked),
                        key=lambda engine: -len(engine.calls))[:len(self.idle)]
        for engine in loaded:
            engine.asked = True
        return [(engine, len(engine.calls) // 2) for engine in loaded]

    def take_spent(self) -> list[Engine]:
        """Engines that have run as many calls as they may; add() when they are new again."""
        spent, self._spent = self._spent, []
        return spent

    def cancel(self) -> list[Call]:
        """Takes all calls that were not sent off the queue."""
        taken = [call for call in self.queue if not call.begun]
        self.queue = deque(call for call in self.queue if call.begun)
        return taken

    def clear(self) -> list[Call]:
        """Takes everything."""
        taken = [*self.queue, *self.suspects]
        for engine in self.engines.values():
            taken += engine.calls.values()
            engine.calls.clear()
        self.queue.clear()
        self.suspects.clear()
        return taken
