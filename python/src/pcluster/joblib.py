# joblib's Parallel on the cluster's slots: parallel_config("pcluster", n_jobs=8).
# SPDX-License-Identifier: MIT
"""`import pcluster.joblib`, then `with joblib.parallel_config("pcluster", n_jobs=8):`.

The processes stay for the next Parallel call, with what they have imported, and leave the slots
to others when none came for `idle_worker_timeout` seconds.
"""
from __future__ import annotations

import threading
from concurrent.futures import Future
from typing import Any, Callable

from joblib import register_parallel_backend
from joblib.parallel import AutoBatchingMixin, ParallelBackendBase

from .cluster import current

__all__ = ["PclusterBackend", "release"]

_IDLE = 10.0  # s


class PclusterBackend(AutoBatchingMixin, ParallelBackendBase):
    """parallel_config("pcluster", n_jobs=-1, cluster=None, idle_worker_timeout=10.0, **options).

    `n_jobs`: processes, one per slot; -1, or none given: all slots of the cluster.  `cluster`: a
    Cluster or its name; None: the one that runs, or a local one.  `idle_worker_timeout`: seconds.
    `options`: those of pcluster.Executor (memory, cores, preload, env, ...).
    """

    supports_retrieve_callback = True
    supports_return_generator = True
    supports_timeout = True
    supports_inner_max_num_threads = True
    uses_threads = False
    supports_sharedmem = False
    default_n_jobs = -1

    def __init__(self, nesting_level: int | None = None, inner_max_num_threads: int | None = None,
                 cluster: Any = None, idle_worker_timeout: float = _IDLE, **options: Any):
        super().__init__(nesting_level=nesting_level, inner_max_num_threads=inner_max_num_threads)
        self._cluster = cluster
        self._options = {"idle_timeout": idle_worker_timeout, **options}
        self._held: _Held | None = None
        self._mine: set[Future] = set()
        self._n_jobs = 1

    def effective_n_jobs(self, n_jobs: int | None) -> int:
        """Processes that `n_jobs` stands for: negative counts back from all slots."""
        if n_jobs == 0:
            raise ValueError("n_jobs == 0 in Parallel has no meaning")
        if n_jobs is None:
            return 1
        if n_jobs < 0:
            return max(1, self._where().slots + 1 + n_jobs)
        return n_jobs

    def configure(self, n_jobs: int = 1, parallel: Any = None, **_: Any) -> int:
        """Before a Parallel call, or its `with`: the processes, which may be warm already."""
        self.parallel = parallel
        self._n_jobs = self.effective_n_jobs(n_jobs)
        if self._n_jobs > 1:  # joblib calls the functions itself for one
            self._hold()
        return self._n_jobs

    def submit(self, func: Callable[[], Any],
               callback: Callable[[Future], None] | None = None) -> Future:
        """One batch of calls."""
        assert self._held is not None
        future = self._held.executor.submit(_call, func)
        self._mine.add(future)
        future.add_done_callback(self._mine.discard)
        if callback is not None:
            future.add_done_callback(callback)
        return future

    apply_async = submit  # its name before joblib 1.5

    def retrieve_result_callback(self, out: Future) -> Any:
        """What the batch returned; raises what it raised."""
        return out.result()

    def abort_everything(self, ensure_ready: bool = True) -> None:
        """After an error or a timeout: what waits is cancelled, what runs is ended."""
        running = [future for future in list(self._mine) if not future.cancel()]
        self._mine.clear()
        if self._held is not None:
            self._let_go(end=any(not future.done() for future in running))
        if ensure_ready:
            self._hold()

    def terminate(self) -> None:
        """After a Parallel call, or its `with`."""
        self._let_go()
        self.reset_batch_stats()

    def _where(self) -> Any:
        self._cluster = current(self._cluster)  # asked for once
        return self._cluster

    def _hold(self) -> None:
        self._let_go()
        options = dict(self._options)
        if self.inner_max_num_threads is not None:
            options["env"] = {**dict.fromkeys(self.MAX_NUM_THREADS_VARS,
                                              str(self.inner_max_num_threads)),
                              **(options.get("env") or {})}
        self._held = _warm.hold(self._where(), self._n_jobs, options)

    def _let_go(self, end: bool = False) -> None:
        held, self._held = self._held, None
        if held is not None:
            _warm.let_go(held, end)


def _call(batch: Callable[[], Any]) -> Any:
    """One function for the Executor, which learns how long it takes; batches are many."""
    return batch()


class _Held:
    """An executor, and how many Parallel calls use it at present."""

    def __init__(self, key: Any, executor: Any):
        self.key, self.executor, self.users = key, executor, 0


class _Warm:
    """The executors of Parallel calls, for the next ones; their processes leave when idle."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._all: dict[Any, _Held] = {}

    def hold(self, cluster: Any, n_jobs: int, options: dict[str, Any]) -> _Held:
        key = (cluster.name, n_jobs, repr(sorted(options.items())))
        with self._lock:
            held = self._all.get(key)
            if held is None or not _usable(held.executor):
                self.release(0)  # their slots are wanted now
                held = self._all[key] = _Held(key, cluster.executor(n_jobs, **options))
            held.users += 1
            return held

    def release(self, timeout: float | None = 30.0) -> None:
        for held in list(self._all.values()):
            if not held.users:
                held.executor.release(timeout)

    def let_go(self, held: _Held, end: bool) -> None:
        """`end`: its processes run what nobody wants; not while another call uses them too."""
        with self._lock:
            held.users -= 1
            if not end or held.users:
                return
            if self._all.get(held.key) is held:
                del self._all[held.key]
        held.executor.kill_workers()


def release() -> None:
    """Ends the processes that no Parallel call uses; returns when their slots are free."""
    _warm.release()


def _usable(executor: Any) -> bool:
    """Neither broken, as after its cluster has stopped, nor shut down."""
    try:
        executor._check()
    except RuntimeError:
        return False
    return True


_warm = _Warm()
register_parallel_backend("pcluster", PclusterBackend)
