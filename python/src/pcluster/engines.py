# The engines of an Executor: programs on channels, what they are sent and what they answer.
# SPDX-License-Identifier: MIT
from __future__ import annotations

import os
import pickle
import sys
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, Callable, Iterable, Sequence

from . import calls, program, wire
from .channels import Channels, Closed, Data, Event, Finished, Note, Opened
from .dispatch import CRASHED, LOST, Call, Dispatch, Engine
from .errors import BrokenEngines, CallCrashed, CallLost, PclusterError

_FUNCTIONS = 256  # that an engine keeps
_STARTS = 3       # engines in a row that end before they begin: there is something wrong


@dataclass
class Options:
    """What engines are like: docs/python.md, Executor."""
    max_workers: int | None = None
    cluster: str | None = None
    start_method: str = "spawn"
    initializer: Callable[..., Any] | None = None
    initargs: tuple = ()
    preload: Sequence[str] = ()
    retries: int = 0
    idle_timeout: float = 60.0
    channels: dict[str, Any] = field(default_factory=dict)  # for Channels: cores, memory, ..


class _Link:
    """One process `pcluster channels`, and the engines of it."""

    def __init__(self, slots: int):
        self.slots = slots       # that are not over
        self.channels: Channels
        self.waiting = set(range(slots))   # channels whose program has not begun
        self.closing = False


class _State:
    """What is known of an engine beside its calls."""

    def __init__(self, link: _Link, opened: Opened):
        self.link, self.channel, self.attempt = link, opened.channel, opened.attempt
        self.worker = opened.worker
        self.parser = wire.Parser()
        self.functions: OrderedDict[int, None] = OrderedDict()
        self.ready = self.ever = False
        self.leaving = False
        self.used = monotonic()


class Engines:
    """Runs calls on engines that begin when there are calls, and end when there are none."""

    def __init__(self, options: Options):
        self._options = options
        self._lock = threading.Condition()
        self._dispatch = Dispatch(_begin, options.retries)
        self._all: dict[Any, Engine] = {}
        self._links: list[_Link] = []
        self._wanted = options.max_workers
        self._failed_starts = 0
        self._broken: BaseException | None = None
        self._ended = False       # shut down: no more calls
        self._keeper: threading.Thread | None = None
        self.running = monotonic()

    # --- calls ---

    def submit(self, new: Sequence[Call]) -> None:
        with self._lock:
            if self._broken is not None:
                raise BrokenEngines(str(self._broken)) from self._broken
            if self._ended:
                raise RuntimeError("cannot schedule new futures after shutdown")
            self._dispatch.queue.extend(new)
            if self._dispatch.idle:
                self._send()
            elif not self._links or len(self._dispatch.engines) < self.wanted():
                self._open()

    def wanted(self) -> int:
        """Engines at most."""
        if self._wanted is None:
            on = self._options.channels.get("on")
            self._wanted = len(on) if on else slots_of(self._options.cluster)
        return self._wanted

    def _send(self) -> None:
        """With the lock: calls to engines, and asks loaded ones for some back."""
        for engine, given in self._dispatch.plan():
            self._give(engine, given)
        if self._dispatch.idle:
            for engine, count in self._dispatch.take_back():
                self._post(engine, wire.pack(wire.RETRACT, pickle.dumps(count)))

    def _give(self, engine: Engine, given: list[Call]) -> None:
        state: _State = engine.state
        known, parts, batch = state.functions, [], []
        for call in given:
            function = call.function
            if function.id not in known:
                parts += wire.pack(wire.FUNCTION, pickle.dumps((function.id, function.data), 5),
                                   function.buffers)
                known[function.id] = None
            packed = (call.id, function.id, call.chunk, call.data)
            if call.buffers:
                parts += wire.pack(wire.CALLS, pickle.dumps([packed], 5), call.buffers)
            else:
                batch.append(packed)
        if batch:
            parts += wire.pack(wire.CALLS, pickle.dumps(batch, 5))
        if len(known) > _FUNCTIONS:
            old = [known.popitem(last=False)[0] for _ in range(len(known) - _FUNCTIONS)]
            parts += wire.pack(wire.FORGET, pickle.dumps(old))
        self._post(engine, parts)

    @staticmethod
    def _post(engine: Engine, parts: list[wire.Buffer]) -> None:
        state = engine.state
        if len(parts) > 1 and sum(map(len, parts)) <= 1 << 16:
            parts = [b"".join(parts)]
        state.link.channels.post(state.channel, state.attempt, *parts)

    # --- engines ---

    def _open(self) -> None:
        """With the lock: starts what is missing, if there is work for it."""
        missing = self.wanted() - sum(link.slots for link in self._links if not link.closing)
        if missing <= 0 or not (self._dispatch.queue or self._dispatch.suspects):
            return
        on = self._options.channels.get("on")
        if on and self._links:
            if any(link.closing for link in self._links):
                return  # again when it has closed
        link = _Link(missing)
        from .startup import argv, environment
        options = dict(self._options.channels)
        options["env"] = environment(options.get("env"))
        if on:
            options["on"] = on[:missing] if not self._links else on[-missing:]
        link.channels = Channels(argv(), missing, cluster=self._options.cluster, **options,
                                 on_event=lambda event: self._on_event(link, event))
        self._links.append(link)
        if self._keeper is None:
            self._keeper = threading.Thread(target=self._keep, name="pcluster_keep", daemon=True)
            self._keeper.start()

    def _on_event(self, link: _Link, event: Event) -> None:
        try:
            if isinstance(event, Data):
                engine = self._all.get((link, event.channel, event.attempt))
                if engine is not None:
                    for message in engine.state.parser.feed(event.data):
                        self._message(engine, *message)
            elif isinstance(event, Opened):
                self._opened(link, event)
            elif isinstance(event, Closed):
                self._closed(link, event)
            elif isinstance(event, Note):
                self._note(link, event)
            elif isinstance(event, Finished):
                self._finished(link, event)
        except Exception as error:  # a fault of ours: nobody may wait for ever
            self._break(error)
            raise

    def _opened(self, link: _Link, event: Opened) -> None:
        key = (link, event.channel, event.attempt)
        with self._lock:
            link.waiting.discard(event.channel)
            engine = self._all[key] = Engine(key, _State(link, event))
        from .startup import start_message
        self._post(engine, start_message(self._options))

    def _closed(self, link: _Link, event: Closed) -> None:
        with self._lock:
            engine = self._all.pop((link, event.channel, event.attempt), None)
            if not event.again:
                link.slots -= 1
            else:
                link.waiting.add(event.channel)
        why = LOST if event.state == "lost" else CRASHED
        if engine is None:
            return
        state = engine.state
        self._end(engine, why, event.exit_code, event.signal, event.message)
        if event.state == "failed" and not state.ever:
            with self._lock:
                self._failed_starts += 1
                failed = self._failed_starts >= _STARTS or not event.again
            if failed:
                said = f": {event.message}" if event.message else ""
                self._break(BrokenEngines(
                    f"the engine on {state.worker} ended before it began "
                    f"({_how(event.exit_code, event.signal)}){said}",
                    f"is {sys.executable} there, with cloudpickle? `pcluster logs` says more"))

    def _end(self, engine: Engine, why: str, code: int, signal: int, message: str = "") -> None:
        """What ran the engine's calls has ended."""
        with self._lock:
            given_up = self._dispatch.remove(engine, why)
            if not self._ended or self._dispatch.left:
                self._open()
            self._send()
            self._lock.notify_all()
        worker = engine.state.worker
        for call in given_up:
            if why == LOST:
                error: PclusterError = CallLost(
                    f"a call of {call.function.name}() was lost with its worker, "
                    f"{call.losses} times")
            else:
                error = CallCrashed(
                    f"the process that ran {call.function.name}() on {worker} ended "
                    f"({_how(code, signal)}){': ' + message if message else ''}",
                    "`pcluster logs` has its last output; retries=N tries such calls again")
            _fail(call, error)
        self._rest()

    def _note(self, link: _Link, event: Note) -> None:
        if self._options.max_workers is None and not self._options.channels.get("on"):
            with self._lock:
                if event.slots > (self._wanted or 0):
                    self._wanted = event.slots
                    self._open()

    def _finished(self, link: _Link, event: Finished) -> None:
        with self._lock:
            if link in self._links:
                self._links.remove(link)
            closing = link.closing
            for engine in [each for key, each in self._all.items() if key[0] is link]:
                del self._all[engine.key]
                self._dispatch.remove(engine)
            self._lock.notify_all()
            if event.error is None:
                self._open()
        if event.error is not None and not closing:
            self._break(event.error)
        elif not closing and link.slots > 0 and not self._ended:
            self._break(BrokenEngines("`pcluster channels` ended",
                                      "was it, or its cluster, stopped?"))
        self._rest()

    # --- what engines say ---

    def _message(self, engine: Engine, kind: int, body: Any, buffers: Any) -> None:
        value = pickle.loads(body)
        if kind == wire.RESULTS:
            self._results(engine, value, buffers)
        elif kind == wire.RETRACTED:
            with self._lock:
                self._dispatch.returned(engine, value)
                self._send()
        elif kind == wire.READY:
            with self._lock:
                engine.state.ready = engine.state.ever = True
                self._failed_starts = 0
                if not engine.state.leaving:
                    self._dispatch.add(engine)
                    self._send()
        elif kind == wire.BROKEN:
            cause = calls.load_error(body)
            error = BrokenEngines(f"the initializer failed: {type(cause).__name__}: {cause}")
            error.__cause__ = cause
            self._break(error)
        elif kind == wire.CRASHED:
            engine.state.functions.clear()
            self._post(engine, wire.pack(wire.RESYNC, pickle.dumps(None)))
            self._end(engine, CRASHED, *value)

    def _results(self, engine: Engine, results: list[tuple], buffers: Any) -> None:
        engine.state.used = monotonic()
        with self._lock:
            done = self._dispatch.done(engine, [(each[0], each[3]) for each in results])
            self._send()
        for call, (_, failed, data, _) in zip(done, results):
            if call is None:
                continue
            try:
                if failed:
                    _fail(call, calls.load_error(data))
                    continue
                value = pickle.loads(data, buffers=buffers)
            except BaseException as error:
                said = pickle.UnpicklingError(
                    f"the result of {call.function.name}() cannot be unpickled here: {error!r}")
                said.__cause__ = error
                _fail(call, said)
            else:
                call.future.set_result(value)
                call.future = None
        self._rest()

    # --- the end ---

    def _break(self, error: BaseException) -> None:
        """No call can run any more."""
        with self._lock:
            if self._broken is None:
                self._broken = error
            given_up = self._dispatch.clear()
            self._close()
            self._lock.notify_all()
        for call in given_up:
            if call.begun or _begin(call):
                told = error if isinstance(error, BrokenEngines) else BrokenEngines(str(error))
                if told is not error:
                    told.__cause__ = error
                _fail(call, told)

    def _close(self) -> None:
        """With the lock: all engines end when they have done what they do."""
        for link in self._links:
            if not link.closing:
                link.closing = True
                link.channels.close(0)
        for engine in self._all.values():
            engine.state.leaving = True
            if not engine.calls:
                for group in (self._dispatch.engines, self._dispatch.idle):
                    group.pop(engine.key, None)

    def _rest(self) -> None:
        """After a call: is all done?"""
        if self._ended and self._dispatch.empty:
            with self._lock:
                if not self._dispatch.left:
                    self._close()
                    self._lock.notify_all()

    def _keep(self) -> None:
        """Ends engines that have nothing to do for idle_timeout."""
        patience = self._options.idle_timeout
        while True:
            with self._lock:
                self._lock.wait(max(0.05, min(5.0, patience / 4)))
                if not self._links or self._broken is not None:
                    self._keeper = None
                    return
                self._release(patience)

    def _release(self, patience: float) -> list[Engine]:
        """With the lock: engines that were idle for so long end, and none is awaited."""
        now = monotonic()
        idle = [engine for engine in self._dispatch.idle.values()
                if now - engine.state.used >= patience]
        if self._dispatch.queue or self._dispatch.suspects:
            return []
        if len(idle) == len(self._dispatch.engines) and (idle or patience == 0):
            self._close()
        for engine in idle:
            self._dispatch.remove(engine)
            engine.state.leaving = True
            if not engine.state.link.closing:
                engine.state.link.channels.end(engine.state.channel)
        if patience == 0:
            for link in self._links:
                for channel in link.waiting:
                    link.channels.cancel(channel)
        return idle

    def release(self, timeout: float | None = None) -> bool:
        """Ends idle engines now, and waits until their slots are free."""
        with self._lock:
            self._release(0)
            leaving = [engine.key for engine in self._all.values() if engine.state.leaving]
            return self._lock.wait_for(lambda: not any(
                key in self._all for key in leaving) and not any(
                link.closing for link in self._links), timeout)

    def shutdown(self, cancel: bool) -> None:
        """No more calls; engines end after those that there are."""
        with self._lock:
            self._ended = True
            taken = self._dispatch.cancel() if cancel else []
            if not self._dispatch.left:
                self._close()
        for call in taken:
            call.future.cancel()
            call.future.set_running_or_notify_cancel()
        self._rest()

    def wait(self, timeout: float | None = None) -> bool:
        """Until all engines have ended, after shutdown()."""
        with self._lock:
            return self._lock.wait_for(lambda: not self._links and not (
                self._dispatch.left and self._broken is None), timeout)

    def kill(self) -> None:
        """Ends what runs, too."""
        with self._lock:
            self._ended = True
            links = list(self._links)
        self._break(BrokenEngines("the executor was ended while calls ran"))
        for link in links:
            link.channels.kill()


def slots_of(cluster: str | None) -> int:
    """Slots of the workers that are home; at least 1."""
    try:
        items = program.call("status", cluster=cluster)["items"]
    except (PclusterError, KeyError):
        return os.cpu_count() or 1
    return sum(each.get("slots", 0) for each in items) or 1


def _begin(call: Call) -> bool:
    return call.future.set_running_or_notify_cancel()


def _fail(call: Call, error: BaseException) -> None:
    future, call.future = call.future, None
    if future is not None and not future.done():
        future.set_exception(error)


def _how(code: int, signal: int) -> str:
    return f"signal {signal}" if signal else f"exit code {code}"
