# Calls on engines: what they are sent and what they answer, until all is done.
# SPDX-License-Identifier: MIT
from __future__ import annotations

import pickle
import threading
from time import monotonic
from typing import Any, Sequence

from . import calls, wire
from .channels import Closed
from .dispatch import CRASHED, LOST, Call, Dispatch, Engine
from .errors import BrokenEngines, CallCrashed, CallLost, PclusterError
from .links import Links, Options, Owner, State, how

_FUNCTIONS = 256  # that an engine keeps


class Engines(Owner):
    """Runs calls on engines that begin when there are calls, and end when there are none."""

    def __init__(self, options: Options):
        self._options = options
        self._lock = threading.Condition()
        self._dispatch = Dispatch(_begin, options.retries)
        self._links = Links(options, self._lock, self)
        self._broken: BaseException | None = None
        self._ended = False       # shut down: no more calls
        self._abandoned = False   # nobody can submit any more
        self._keeper: threading.Thread | None = None

    @property
    def wanted(self) -> int:
        with self._lock:
            return self._links.wanted()

    def describe(self) -> str:
        with self._lock:
            dispatch = self._dispatch
            waiting = len(dispatch.queue) + len(dispatch.suspects)
            told = [f"engines={len(dispatch.engines)}", f"running={dispatch.left - waiting}",
                    f"queued={waiting}"]
            if self._broken is not None or self._ended:
                told.append("broken" if self._broken else "shut down")
            elif self._links.note and not dispatch.engines:
                told.append(f"({self._links.note})")
            return " ".join(told)

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
            if len(self._dispatch.engines) < self._links.wanted():
                self._open()

    def _open(self) -> None:
        """With the lock: more engines, if there are calls for them."""
        if self._broken is None and (self._dispatch.queue or self._dispatch.suspects):
            self._links.open()
            if self._keeper is None:
                self._keeper = threading.Thread(target=self._keep, name="pcluster_keep",
                                                daemon=True)
                self._keeper.start()

    def _send(self) -> None:
        """With the lock: calls to engines; asks loaded ones for some back; replaces spent ones."""
        dispatch = self._dispatch
        for engine, given in dispatch.plan():
            self._give(engine, given)
        if dispatch.idle:
            for engine, count in dispatch.take_back():
                engine.state.post(wire.pack(wire.RETRACT, pickle.dumps(count)))
        for engine in dispatch.take_spent():
            engine.state.functions.clear()
            engine.state.post(wire.pack(wire.RENEW, pickle.dumps(None)))

    @staticmethod
    def _give(engine: Engine, given: list[Call]) -> None:
        state: State = engine.state
        known, parts, batch = state.functions, [], []
        for call in given:
            function = call.function
            if function.id not in known:
                parts += wire.pack(wire.FUNCTION, pickle.dumps((function.id, function.data), 5),
                                   function.buffers)
                known[function.id] = None
            if call.buffers or len(call.data) > calls.OUT_OF_BAND:
                parts += wire.pack(
                    wire.CALLS, pickle.dumps([(call.id, function.id, call.chunk, None)], 5),
                    [memoryview(call.data), *call.buffers])
            else:
                batch.append((call.id, function.id, call.chunk, call.data))
        if batch:
            parts += wire.pack(wire.CALLS, pickle.dumps(batch, 5))
        if len(known) > _FUNCTIONS:
            old = [known.popitem(last=False)[0] for _ in range(len(known) - _FUNCTIONS)]
            parts += wire.pack(wire.FORGET, pickle.dumps(old))
        state.post(parts)

    # --- what engines say ---

    def message(self, engine: Engine, kind: int, body: Any, buffers: Any) -> None:
        value = pickle.loads(body)
        if kind == wire.RESULTS:
            self._results(engine, value, buffers)
        elif kind == wire.RETRACTED:
            with self._lock:
                self._dispatch.returned(engine, value)
                self._send()
        elif kind == wire.READY:
            with self._lock:
                if self._links.ready(engine) and self._broken is None:
                    self._dispatch.add(engine)
                    engine.state.used = monotonic()
                    self._send()
        elif kind == wire.BROKEN:
            cause = calls.load_error(body)
            error = BrokenEngines(f"the initializer failed: {type(cause).__name__}: {cause}")
            error.__cause__ = cause
            self.broken(error)
        elif kind == wire.CRASHED:
            engine.state.functions.clear()
            engine.state.post(wire.pack(wire.RESYNC, pickle.dumps(None)))
            code, signal = value
            self.ended(engine, Closed(0, 0, "failed", code, signal, "", True))

    def _results(self, engine: Engine, results: list[tuple], buffers: Any) -> None:
        engine.state.used = monotonic()
        if buffers:  # the first is the pickle
            results = [(*results[0][:2], buffers.pop(0), results[0][3])]
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
                call.future = value = None
        if self._ended and self._dispatch.empty:
            self.changed()

    def ended(self, engine: Engine, closed: Closed | None) -> None:
        """The process of an engine is no more; None: nothing is known of it."""
        lost = closed is None or closed.state == "lost"
        with self._lock:
            given_up = self._dispatch.remove(engine, LOST if lost else CRASHED)
            self._send()
        for call in given_up:
            name = call.function.name
            error: PclusterError = CallLost(
                f"a call of {name}() was lost with its worker, {call.losses} times")
            if closed is not None and not lost:
                said = f": {closed.message}" if closed.message else ""
                error = CallCrashed(
                    f"the process that ran {name}() on {engine.state.worker} ended "
                    f"({how(closed)}){said}",
                    "`pcluster logs` has its last output; retries=N tries such calls again")
            _fail(call, error)
        self.changed()

    def changed(self) -> None:
        """When engines come and go, or calls end: is there more to start, or is all done?"""
        with self._lock:
            if not self._ended or self._dispatch.left:
                self._open()
            else:
                self._links.close()
            self._lock.notify_all()

    # --- the end ---

    def broken(self, error: BaseException) -> None:
        """No call can run any more."""
        told = error if isinstance(error, BrokenEngines) else BrokenEngines(str(error))
        if told is not error:
            told.__cause__ = error
        with self._lock:
            if self._broken is None:
                self._broken = told
            given_up = self._dispatch.clear()
            self._links.close()
            self._lock.notify_all()
        for call in given_up:
            if call.begun or _begin(call):
                _fail(call, told)

    def _keep(self) -> None:
        """Ends engines that had nothing to do for idle_timeout."""
        patience = self._options.idle_timeout
        with self._lock:
            while self._links.all and self._broken is None:
                self._lock.wait(max(0.05, min(1.0, patience / 4)))
                self._release(patience)
                if self._abandoned and not self._ended:
                    self.shutdown(False)
            self._keeper = None

    def abandon(self) -> None:
        """shutdown(), soon: by a finalizer, which may interrupt any line of this file."""
        self._abandoned = True

    def _release(self, patience: float) -> None:
        """With the lock: engines that were idle for so long end."""
        dispatch, now = self._dispatch, monotonic()
        idle = [engine for engine in dispatch.idle.values()
                if now - engine.state.used >= patience]
        if dispatch.queue or dispatch.suspects or not (idle or patience <= 0):
            return
        everything = len(idle) == len(dispatch.engines)
        for engine in idle:
            dispatch.remove(engine)
        if everything:
            self._links.close()
        else:
            self._links.end(idle)

    def release(self, timeout: float | None = None) -> bool:
        """Ends idle engines now, and waits until their slots are free."""
        with self._lock:
            self._release(0)
            if not self._dispatch.queue:
                self._links.forget_waiting()
            leaving = [each.key for each in self._links.engines.values() if each.state.leaving]
            closing = [link for link in self._links.all if link.closing]
            return self._lock.wait_for(
                lambda: not any(key in self._links.engines for key in leaving)
                and not any(link in self._links.all for link in closing), timeout)

    def shutdown(self, cancel: bool) -> None:
        """No more calls; engines end after those that there are."""
        with self._lock:
            self._ended = True
            taken = self._dispatch.cancel() if cancel else []
            if not self._dispatch.left:
                self._links.close()
        for call in taken:
            call.future.cancel()
            call.future.set_running_or_notify_cancel()
        self.changed()

    def wait(self, timeout: float | None = None) -> bool:
        """Until all engines have ended, after shutdown()."""
        with self._lock:
            return self._lock.wait_for(lambda: not self._links.all and not (
                self._dispatch.left and self._broken is None), timeout)

    def kill(self) -> None:
        """Ends what runs, too."""
        self.shutdown(True)
        with self._lock:
            self._links.kill()
        self.broken(BrokenEngines("the executor was ended while calls ran"))


def _begin(call: Call) -> bool:
    return call.future.set_running_or_notify_cancel()


def _fail(call: Call, error: BaseException) -> None:
    future, call.future = call.future, None
    if future is not None and not future.done():
        future.set_exception(error)
