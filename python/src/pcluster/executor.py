# A concurrent.futures.Executor whose functions run on the slots of a cluster.
# SPDX-License-Identifier: MIT
from __future__ import annotations

import atexit
import itertools
import sys
import weakref
from concurrent.futures import Executor as _Base
from concurrent.futures import Future
from time import monotonic
from typing import Any, Callable, Iterable, Iterator, Mapping, Sequence

from . import calls
from .dispatch import Call
from .engines import Engines
from .functions import Function, Functions
from .links import Options

_METHODS = ("spawn", "forkserver", "fork")
_BULK = 500  # calls of map() that are queued at once
_number = itertools.count(1)


class Executor(_Base):
    """Runs functions in Python processes on the slots of a cluster; docs/python.md says more.

    `max_workers`: engines at most (default: all slots).  `start_method`: "spawn", "forkserver" or
    "fork".  `retries`: how often a call is run again that ended its process.  `preload`: modules
    that are imported first.  `on`: workers ("w0") to have one engine each on, beside what runs
    there.  `idle_timeout`: seconds without calls after which engines end; they come back.
    `max_tasks_per_child`: calls after which a process is replaced by a fresh one.
    """

    def __init__(self, max_workers: int | None = None, *, cluster: Any = None,
                 start_method: str = "spawn", initializer: Callable[..., Any] | None = None,
                 initargs: Iterable[Any] = (), cores: int | None = None, memory: str | None = None,
                 gpus: int | None = None, retries: int = 0, preload: Sequence[str] = (),
                 on: Sequence[str] | None = None, env: Mapping[str, str] | None = None,
                 tag: str | None = None, idle_timeout: float = 60.0,
                 max_tasks_per_child: int | None = None):
        if max_workers is not None and max_workers < 1:
            raise ValueError("max_workers must be greater than 0")
        if start_method not in _METHODS:
            raise ValueError(f"start_method is one of {', '.join(_METHODS)}, not {start_method!r}")
        if initializer is not None and not callable(initializer):
            raise TypeError("initializer must be a callable")
        self._functions = Functions()
        self._engines = Engines(Options(
            len(on) if on else max_workers, getattr(cluster, "name", cluster), start_method,
            initializer, tuple(initargs), tuple(preload), retries, idle_timeout,
            max_tasks_per_child, list(on) if on else None,
            {"cores": cores, "memory": memory, "gpus": gpus, "env": env, "tag": tag}))
        _live.add(self._engines)
        self._finalizer = weakref.finalize(self, self._engines.abandon)
        self._finalizer.atexit = False

    @property
    def _max_workers(self) -> int:  # Dask and others read it
        return self._engines.wanted

    def __repr__(self) -> str:
        return f"<Executor {self._engines.describe()}>"

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future:
        future: Future = Future()
        call = self._call(future, fn, (args, kwargs))
        if call is not None:
            self._engines.submit((call,))
        return future

    def _call(self, future: Future, fn: Callable[..., Any], arguments: Any) -> Call | None:
        try:
            function = self._functions.of(fn)
        except Exception as error:
            self._check()
            future.set_running_or_notify_cancel()
            future.set_exception(error)
            return None
        return self._made(future, function, arguments, False)

    def _made(self, future: Future, function: Function, arguments: Any, chunk: bool) -> Call | None:
        try:
            data, buffers = calls.dumps(arguments)
        except Exception as error:
            self._check()
            future.set_running_or_notify_cancel()
            future.set_exception(error)
            return None
        return Call(next(_number), function, data, buffers, chunk, future)

    def _check(self) -> None:
        self._engines.submit(())

    def map(self, fn: Callable[..., Any], *iterables: Iterable[Any],  # type: ignore[override]
            timeout: float | None = None, chunksize: int = 1) -> Iterator[Any]:
        """As concurrent.futures: results in order; `chunksize` calls travel and run together."""
        if chunksize < 1:
            raise ValueError("chunksize must be >= 1.")
        end = None if timeout is None else timeout + monotonic()
        single: Iterator[Any] = zip(*iterables)
        rows = single if chunksize == 1 else iter(
            lambda: tuple(itertools.islice(single, chunksize)), ())
        function = self._functions.of(fn)
        futures: list[Future] = []
        while True:
            bulk: list[Call] = []
            before = len(futures)
            for row in itertools.islice(rows, _BULK):
                future: Future = Future()
                futures.append(future)
                call = self._made(future, function, (row, {}), chunksize > 1)
                if call is not None:
                    bulk.append(call)
            self._engines.submit(bulk)
            if len(futures) - before < _BULK:
                break
        results = _in_order(futures, end)
        return itertools.chain.from_iterable(results) if chunksize > 1 else results

    def release(self, timeout: float | None = 30.0) -> bool:
        """Ends engines that have nothing to do, and waits until their slots are free."""
        return self._engines.release(timeout)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self._engines.shutdown(cancel_futures)
        if wait:
            self._engines.wait()
            _live.discard(self._engines)

    def kill_workers(self) -> None:
        """Cancels what is queued and ends what runs: those futures raise BrokenEngines."""
        self._engines.kill()

    def __exit__(self, kind: Any, value: Any, trace: Any) -> None:
        if kind is not None and issubclass(kind, KeyboardInterrupt):
            self.kill_workers()
            self._engines.wait(15)
        else:
            self.shutdown(wait=True)


def _in_order(futures: list[Future], end: float | None) -> Iterator[Any]:
    futures.reverse()
    try:
        while futures:
            future = futures.pop()
            try:
                yield future.result(None if end is None else end - monotonic())
            except BaseException:
                future.cancel()
                raise
            finally:
                del future
    finally:
        for future in futures:
            future.cancel()


_live: weakref.WeakSet[Engines] = weakref.WeakSet()


@atexit.register
def _at_exit() -> None:
    """As concurrent.futures: what was submitted is done before the interpreter ends."""
    interrupted = issubclass(getattr(sys, "last_type", None) or Exception, KeyboardInterrupt)
    for engines in list(_live):
        if interrupted:
            engines.kill()
        engines.shutdown(False)
    for engines in list(_live):
        engines.wait(15 if interrupted else None)
