# multiprocessing.Pool on the cluster's slots: the same class, other processes.
# SPDX-License-Identifier: MIT
"""`from pcluster.multiprocessing import Pool` where it said `from multiprocessing import Pool`.

What a Pool promises (results, callbacks, chunks, the iterators of imap) is Python's own class;
only the processes differ: they are those of an Executor of the cluster.  Beyond Python's, a
function need not be importable (cloudpickle), a worker that is lost costs nothing but time, and a
result that terminate() made impossible raises instead of keeping its caller for ever.
"""
from __future__ import annotations

import multiprocessing.pool as _python
import pickle
import queue
import threading
import warnings
from concurrent.futures import CancelledError, Executor, Future
from multiprocessing import TimeoutError
from typing import Any, Callable, Iterable

from .cluster import current
from .errors import PclusterError

__all__ = ["Pool", "TimeoutError", "cpu_count"]

_HERE = 1024  # calls given to the executor at a time, at least: the rest waits in its iterable


def cpu_count(cluster: Any = None) -> int:
    """The slots of the cluster: as many processes as Pool() has."""
    return max(1, current(cluster).slots)


class Pool(_python.Pool):
    """multiprocessing.Pool(processes, initializer, initargs, maxtasksperchild, context).

    `processes`: None takes all slots of the cluster.  `cluster`: a Cluster or its name; None: the
    one that runs, or a local one.  `start_method`, or else `context`'s, and `options` are those of
    pcluster.Executor.  PclusterError when no cluster can be had.
    """

    def __init__(self, processes: int | None = None,
                 initializer: Callable[..., object] | None = None, initargs: Iterable[Any] = (),
                 maxtasksperchild: int | None = None, context: Any = None, *,
                 cluster: Any = None, start_method: str | None = None, **options: Any):
        self._state, self._pool = _python.INIT, range(0)
        if processes is not None and processes < 1:
            raise ValueError("Number of processes must be at least 1")
        if maxtasksperchild is not None and (not isinstance(maxtasksperchild, int)
                                             or maxtasksperchild < 1):
            raise ValueError("maxtasksperchild must be a positive int or None")
        if initializer is not None and not callable(initializer):
            raise TypeError("initializer must be a callable")
        home = current(cluster)
        self._processes = processes or max(1, home.slots)
        self._pool = range(self._processes)  # its length divides a map's items into chunks
        self._cache: dict[int, Any] = {}     # job -> its result, until that is complete
        self._taskqueue: Any = queue.SimpleQueue()
        self._over = threading.Event()
        if start_method is None and context is not None:
            start_method = context.get_start_method()
        if start_method is not None:
            options["start_method"] = start_method
        self._executor = home.executor(
            self._processes, initializer=initializer, initargs=tuple(initargs),
            max_tasks_per_child=maxtasksperchild, **options)
        self._feeder = threading.Thread(
            target=_feed, name="pcluster_pool", daemon=True,
            args=(self._taskqueue, self._executor, self._cache, self._over,
                  max(_HERE, 8 * self._processes)))
        self._state = _python.RUN
        self._feeder.start()

    def close(self) -> None:
        """No more calls; the processes end when those that were given are done."""
        if self._state == _python.RUN:
            self._state = _python.CLOSE
            self._taskqueue.put(None)

    def terminate(self) -> None:
        """Ends the processes at once; what was not complete raises PclusterError."""
        self._state = _python.TERMINATE
        self._over.set()
        self._taskqueue.put(None)
        self._executor.kill_workers()
        for result in list(self._cache.values()):
            _give_up(result)

    def join(self) -> None:
        """Waits until the processes have ended: after close() or terminate()."""
        if self._state == _python.RUN:
            raise ValueError("Pool is still running")
        self._feeder.join()

    def __del__(self, _warn: Any = warnings.warn, _run: str = _python.RUN) -> None:
        if self._state == _run:
            _warn(f"unclosed running multiprocessing pool {self!r}", ResourceWarning, source=self)
            self._over.set()
            self._taskqueue.put(None)


def _feed(tasks: Any, executor: Executor, cache: dict[int, Any], over: threading.Event,
          most: int) -> None:
    """Gives the executor the calls of each job, `most` at a time; in the end waits for them."""
    room = threading.Semaphore(most)
    for sequence, set_length in iter(tasks.get, None):
        last = -1
        for job, index, function, arguments, keywords in sequence:
            room.acquire()
            if over.is_set():
                break
            last = index
            try:
                future = executor.submit(function, *arguments, **keywords)
            except Exception as error:  # it is broken, or cannot pickle them: that call's result
                room.release()
                _set(cache, job, index, False, error)
                continue
            future.add_done_callback(_Done(cache, job, index, room))
        else:
            if set_length:
                set_length(last + 1)
            continue
        break
    if not over.is_set():
        for _ in range(most):
            room.acquire()
    executor.shutdown(wait=True)


class _Done:
    """What becomes of a call's future: the part `index` of its job's result."""
    __slots__ = ("cache", "job", "index", "room")

    def __init__(self, cache: dict[int, Any], job: int, index: int, room: threading.Semaphore):
        self.cache, self.job, self.index, self.room = cache, job, index, room

    def __call__(self, future: Future) -> None:
        try:
            error = future.exception()
        except CancelledError:
            error = _terminated()
        if isinstance(error, pickle.PicklingError) and error.__cause__:  # over there: the result
            error = _python.MaybeEncodingError(  # type: ignore[attr-defined]
                error, "what was returned")
        value = future.result() if error is None else error
        try:
            _set(self.cache, self.job, self.index, error is None, value)
        finally:
            self.room.release()


def _set(cache: dict[int, Any], job: int, index: int, good: bool, value: Any) -> None:
    try:
        cache[job]._set(index, (good, value))
    except KeyError:  # terminated meanwhile
        pass


def _terminated() -> PclusterError:
    return PclusterError("the pool was terminated before this call had ended",
                         "close() and join() let it end first")


def _give_up(result: Any) -> None:
    """Its caller, who may be waiting in get() or next(), learns that nothing will come."""
    if issubclass(type(result), _python.IMapIterator):
        with result._cond:
            result._items.append((False, _terminated()))
            result._length = result._index  # then it is at its end
            result._cond.notify_all()
        return
    if issubclass(type(result), _python.MapResult):
        result._number_left = 1
    try:
        result._set(0, (False, _terminated()))
    except KeyError:  # it has just been completed
        pass
