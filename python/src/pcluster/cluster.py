# A cluster of worker jobs: started or attached to, looked at, given work, stopped.
# SPDX-License-Identifier: MIT
from __future__ import annotations

import atexit
import os
import time as clock
from dataclasses import dataclass
from subprocess import CompletedProcess
from typing import TYPE_CHECKING, Any, Callable, Iterable, Sequence

from . import program
from .errors import PclusterError, StartTimeout
from .words import bracketed, many, option_words, run_words, say, seconds, size

if TYPE_CHECKING:
    from concurrent.futures import Future

    from .channels import Channels
    from .executor import Executor
    from .view import View


@dataclass(frozen=True)
class Worker:
    """A worker that has phoned home."""
    id: str      # "w3"
    host: str
    state: str   # idle, busy or draining
    cores: int
    memory: int  # bytes
    slots: int   # how many tasks it takes at a time
    busy: int    # how many of them run
    job: str     # the scheduler's id


class Cluster:
    """`with Cluster(partition="16GBXL", n_jobs=10) as c:` - worker jobs that are known to be alive.

    One of that `name` that runs already is attached to: without `n_jobs` as it is, else topped up
    to so many jobs.  Which of these happened is said on stderr, where `pcluster submit` also says
    how the wait for workers goes.  At the end of the `with` block a cluster that this object
    started is stopped; one that it attached to stays.

    partition, site, account: as of `pcluster submit`; without a site it is found by the host name
    n_jobs       worker jobs (1)
    name         the cluster's name ($PCLUSTER_CLUSTER, else "default")
    nproc        slots, which are processes at a time, per worker (the site's word, else its cores)
    cores        per worker
    memory       per worker: "16G", or bytes
    time         limit of a job: "12h", or seconds
    timeout      how long to wait for workers, in seconds: StartTimeout when fewer than
    min_workers  are home by then; with more, the jobs that pend still are cancelled
    progress     a bar for map(): True, False, or None: at a terminal and in Jupyter
    keep         True: `with` stops nothing.  False: it stops this cluster, whoever started it
    options      more words for `pcluster submit`: ["--qos", "high"]

    PclusterError says what is wrong, and what to do.
    """

    def __init__(self, partition: str | None = None, n_jobs: int | None = None, *,
                 site: str | None = None, name: str | None = None, nproc: int | None = None,
                 cores: int | None = None, memory: str | int | None = None,
                 time: str | float | None = None, account: str | None = None,
                 timeout: float = 360, min_workers: int = 1, progress: bool | None = None,
                 keep: bool | None = None, options: Sequence[str] = ()):
        self.name = name or os.environ.get("PCLUSTER_CLUSTER") or "default"
        self.progress, self.keep = progress, keep
        self._executor: Executor | None = None
        self._engines: dict[str, Executor] = {}  # of views, by worker
        shape = option_words(partition=partition, site=site, slots_per_worker=nproc, cores=cores,
                             memory=size(memory), time=seconds(time), account=account)
        shape += options
        where = launcher_of(self.name)
        #: True when this object started the cluster.
        self.started = where is None
        wait = option_words(timeout=seconds(timeout), min_workers=min_workers)
        if where is None:
            program.talk("submit", *shape, *option_words(jobs=n_jobs), *wait, cluster=self.name)
        else:
            self._attach(where, n_jobs, shape, wait, timeout)

    def _attach(self, where: dict[str, Any], n_jobs: int | None, shape: list[str],
                wait: list[str], timeout: float) -> None:
        pools = [pool for pool in self._items("pools") if pool["jobs_wanted"] > 0]
        have = sum(pool["jobs_wanted"] for pool in pools)
        said = f"attached to cluster {self.name} on {where['host']}: {many(have, 'job')}"
        if n_jobs is None:
            say(said + ("; what was asked for counts with n_jobs" if shape else ""))
        elif shape or len(pools) != 1:
            say(f"{said}; topping up to {n_jobs}")
            program.talk("submit", *shape, "--jobs", str(n_jobs), *wait, cluster=self.name)
        elif have < n_jobs:
            say(f"{said}; topping up to {n_jobs}")
            program.talk("scale", str(n_jobs), "--pool", pools[0]["id"], *wait[:2],
                         cluster=self.name)
        else:
            say(said)
            if not self.workers:
                self.wait(1, timeout)

    # ------------------------------------------------------------------ what there is

    def _items(self, kind: str) -> list[dict[str, Any]]:
        return program.call("status", kind, cluster=self.name)["items"]

    @property
    def workers(self) -> list[Worker]:
        """Those that are home now, in the order of their numbers."""
        return [Worker(**{key: item[key] for key in Worker.__dataclass_fields__})
                for item in self._items("workers") if item["state"] not in ("gone", "leaving")]

    @property
    def slots(self) -> int:
        """How many tasks run at a time."""
        return sum(worker.slots for worker in self.workers)

    @property
    def address(self) -> str:
        """Where workers find the launcher: "tcp://10.100.32.3:42673"."""
        where = launcher_of(self.name)
        if where is None:
            raise PclusterError(f"cluster {self.name} has been stopped",
                                "start it again: pcluster.Cluster(...)", 3)
        return _address(where)

    def wait(self, n: int = 1, timeout: float = 360) -> list[Worker]:
        """Until so many workers are home; StartTimeout after so many seconds."""
        begun, said = clock.monotonic(), -5.0
        while len(workers := self.workers) < n:
            elapsed = clock.monotonic() - begun
            if elapsed >= timeout:
                raise StartTimeout(f"{len(workers)}/{n} workers available after {timeout:g} s",
                                   "see why: pcluster status jobs", 4)
            if elapsed - said >= 5:
                say(f"{len(workers)}/{n} workers available, waiting.. {elapsed:.0f}s")
                said = elapsed
            clock.sleep(0.1 if elapsed < 2 else 0.5)
        return workers

    def __repr__(self) -> str:
        from .card import line
        return line(self)

    def _repr_html_(self) -> str:
        from .card import html
        return html(self)

    # ------------------------------------------------------------------ work

    def executor(self, max_workers: int | None = None, **options: Any) -> Executor:
        """A concurrent.futures.Executor over the slots; its options are those of Executor."""
        from .executor import Executor
        return Executor(max_workers, cluster=self.name, **options)

    def _own(self) -> Executor:
        if self._executor is None:
            self._executor = self.executor()
        return self._executor

    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future:
        """function(*args, **kwargs) on a slot that is free; the Future has its result."""
        return self._own().submit(function, *args, **kwargs)

    def map(self, function: Callable[..., Any], *iterables: Iterable[Any], chunksize: int = 1,
            timeout: float | None = None) -> list[Any]:
        """The results of all calls, in order; the first call that raised raises here.

        TimeoutError after `timeout` seconds.
        """
        from .progress import bar
        lists = [list(values) for values in iterables]
        total = min((len(values) for values in lists), default=0)
        results = self._own().map(function, *lists, chunksize=chunksize, timeout=timeout)
        return list(bar(results, total, self.progress))

    def run(self, argv: Sequence[str], ranks: int = 1, *, check: bool = False, text: bool = True,
            input: str | bytes | None = None, timeout: float | None = None,
            **options: Any) -> CompletedProcess:
        """One program, with ranks > 1 split over so many MPI ranks; returns when it has ended.

        A subprocess.CompletedProcess: returncode, stdout and stderr are the program's.  `check`
        and `timeout` (seconds) raise as subprocess.run's do; a program that timed out is ended.
        Options are those of `pcluster run`: cores=4, memory="2G", chdir="/data", span="worker",
        env={"SEED": "1"}, tag="night".  PclusterError: it could not be run.
        """
        from .running import run
        if self._executor is not None:
            self._executor.release()  # its idle engines keep slots
        return run(self.name, argv, ranks, check, text, input, timeout, run_words(options))

    def channels(self, argv: Sequence[str], slots: int = 1, **options: Any) -> Channels:
        """Programs on slots, with a stream of bytes to and from each."""
        from .channels import Channels
        return Channels(argv, slots, cluster=self.name, **options)

    def __getitem__(self, which: int | str | slice | Sequence[int | str]) -> View:
        """Chosen workers: c[0:4], c[0], c["w3"], c[[0, 2]]; for View.apply, beside the queue."""
        from .view import View, choose
        chosen = choose(self.workers, which, self.name)
        return View(self, chosen, alone=isinstance(which, (int, str)))

    # ------------------------------------------------------------------ more, fewer, none

    def scale(self, n: int, most: int | None = None, *, pool: str | None = None,
              timeout: float = 360) -> None:
        """scale(20): so many jobs.  scale(0, 20): as many as there is work for, in these bounds.

        Waits for new workers; busy ones that are too many finish their tasks first.
        """
        words = ["--min", str(n), "--max", str(most)] if most is not None else [
            str(n), *option_words(timeout=seconds(timeout))]
        program.talk("scale", *words, *option_words(pool=pool), cluster=self.name)

    def close(self, cancel: bool = False) -> None:
        """Ends this process's own calls and engines, not the cluster.  `cancel`: unfinished too."""
        engines = [*self._engines.values(), *([self._executor] if self._executor else [])]
        self._engines, self._executor = {}, None
        for engine in engines:
            engine.shutdown(wait=False, cancel_futures=cancel)
        for engine in engines:
            engine.shutdown(wait=True)

    def stop(self) -> None:
        """Cancels the jobs, ends the workers and the launcher, and returns when they are gone."""
        try:
            self.close(cancel=True)
        finally:
            program.call("stop", cluster=self.name)
            atexit.unregister(self.stop)

    def __enter__(self) -> Cluster:
        return self

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        if self.keep is not True and (self.started or self.keep is False):
            if kind is None:
                self.close()
            self.stop()
        else:
            self.close(cancel=kind is not None)


def current(cluster: Cluster | str | None = None) -> Cluster:
    """The cluster that is meant: itself, by name, or None: the one that runs here.

    Where none runs, local workers on all cores are started; they end with this Python.
    """
    if isinstance(cluster, Cluster):
        return cluster
    name = cluster or os.environ.get("PCLUSTER_CLUSTER") or "default"
    if launcher_of(name) is None:
        if cluster is not None:
            raise PclusterError(f'no launcher runs for cluster "{name}"',
                                f"start it: pcluster submit --cluster {name} --jobs N", 3)
        say("no cluster runs: local workers on this machine's cores, as long as this Python runs")
        started = Cluster(site="local", n_jobs=1, name=name)
        atexit.register(started.stop)
        return started
    return attach(name)


def attach(name: str) -> Cluster:
    """The cluster of that name, which runs."""
    cluster = Cluster.__new__(Cluster)
    cluster.name, cluster.progress, cluster.keep, cluster.started = name, None, None, False
    cluster._executor, cluster._engines = None, {}
    return cluster


def launcher_of(name: str) -> dict[str, Any] | None:
    """Where the launcher of that cluster is; None when it does not run."""
    try:
        return program.call("status", "launcher", cluster=name)["items"][0]
    except PclusterError as error:
        if error.code == 3 and error.message.startswith("no launcher runs"):
            return None
        raise


def _address(where: dict[str, Any]) -> str:
    host = next(iter(where["addresses"]), where["host"])
    return f"tcp://{bracketed(host)}:{where['port']}"
