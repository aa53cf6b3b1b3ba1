# Chosen workers of a cluster: calls on each of them, at once and beside its queue.
# SPDX-License-Identifier: MIT
from __future__ import annotations

from concurrent.futures import Future
from threading import Lock
from typing import TYPE_CHECKING, Any, Callable, Iterable, Mapping, Sequence

if TYPE_CHECKING:
    from .cluster import Cluster, Worker
    from .executor import Executor


def choose(workers: Sequence[Worker], which: Any, cluster: str) -> list[str]:
    """The ids that c[which] means; IndexError, KeyError or TypeError say what there is."""
    there = [worker.id for worker in workers]
    if isinstance(which, slice):
        return there[which]
    if isinstance(which, str):
        if which not in there:
            raise KeyError(f'cluster {cluster} has no worker "{which}": it has {_list(there)}')
        return [which]
    if isinstance(which, int) and not isinstance(which, bool):
        if not -len(there) <= which < len(there):
            raise IndexError(f"cluster {cluster} has no worker number {which}: it has "
                             f"{len(there)}, {_list(there)}")
        return [there[which]]
    if isinstance(which, Iterable):
        return [name for each in which for name in choose(workers, each, cluster)]
    raise TypeError(f"workers are c[0], c[0:4], c['w3'] or c[[0, 2]], not c[{which!r}]")


def _list(names: Sequence[str]) -> str:
    if not names:
        return "none that is home"
    return ", ".join(names) if len(names) <= 8 else f"{names[0]} to {names[-1]}"


class View:
    """Workers that calls go to, one Python process on each; these take no slot of the queue.

    The processes stay while the Cluster object lives, so what push() and execute() set stays too.
    A view of one worker, c[0] or c["w3"], returns its result; others return a list, in the order
    of `workers`.
    """

    def __init__(self, cluster: Cluster, workers: Sequence[str], alone: bool = False):
        self.cluster, self.workers, self._alone = cluster, list(workers), alone

    def __repr__(self) -> str:
        return f"<View of {_list(self.workers)} of cluster {self.cluster.name!r}>"

    def __len__(self) -> int:
        return len(self.workers)

    def _engine(self, worker: str) -> Executor:
        engines = self.cluster._engines
        if worker not in engines:
            engines[worker] = self.cluster.executor(
                1, on=[worker], idle_timeout=float("inf"))
        return engines[worker]

    def _begin(self, function: Callable[..., Any], args: Sequence[Any],
               kwargs: Mapping[str, Any]) -> list[Future]:
        return [self._engine(worker).submit(function, *args, **kwargs) for worker in self.workers]

    def apply(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        """function(*args, **kwargs) on each; returns when all have.  One that raised raises."""
        return self.apply_async(function, *args, **kwargs).result()

    apply_sync = apply

    def apply_async(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future:
        """As apply(), at once: a Future of what it returns."""
        return _all(self._begin(function, args, kwargs), self._alone)

    def map(self, function: Callable[..., Any], *iterables: Iterable[Any]) -> list[Any]:
        """The results of all calls, in order; the calls are dealt out to the workers in turn."""
        if not self.workers:
            raise IndexError("a view of no workers has nobody to map over")
        calls = list(zip(*iterables))
        futures = [self._engine(self.workers[i % len(self.workers)]).submit(function, *args)
                   for i, args in enumerate(calls)]
        return _all(futures, False).result()

    def push(self, values: Mapping[str, Any]) -> None:
        """Sets these names on each worker, for execute() and pull()."""
        self.apply(_push, dict(values))

    def pull(self, name: str) -> Any:
        """The value that execute() or push() gave to that name; NameError where there is none."""
        return self.apply(_pull, name)

    def execute(self, code: str) -> None:
        """Runs Python source on each worker, among the names that were set there."""
        self.apply(_execute, code)


def _all(futures: Sequence[Future], alone: bool) -> Future:
    """A future of all their results, or of the first of their errors (in their order)."""
    whole: Future = Future()
    whole.set_running_or_notify_cancel()
    lock, left = Lock(), len(futures)

    def ended(_: Future) -> None:
        nonlocal left
        with lock:
            left -= 1
            if left > 0:
                return
        try:
            results = [future.result() for future in futures]
        except BaseException as error:  # as it was raised there
            whole.set_exception(error)
        else:
            whole.set_result(results[0] if alone else results)

    if not futures:
        whole.set_result([])
    for future in futures:
        future.add_done_callback(ended)
    return whole


#: What push() and execute() set, in each worker's process.
_names: dict[str, Any] = {"__name__": "__worker__"}


def _push(values: dict[str, Any]) -> None:
    _names.update(values)


def _pull(name: str) -> Any:
    try:
        return _names[name]
    except KeyError:
        raise NameError(f"name {name!r} is not set on this worker") from None


def _execute(code: str) -> None:
    exec(compile(code, "<execute>", "exec"), _names)
