# A Dask cluster whose workers run on slots of a pcluster: `Client(pcluster.dask.Cluster(8))`.
# SPDX-License-Identifier: MIT
from __future__ import annotations

import asyncio
import getpass
import inspect
import json
import logging
import os
import sys
import time
from typing import Any, Mapping, Sequence

import distributed
from distributed import Scheduler, SpecCluster
from distributed.comm.addressing import get_address_host, get_address_host_port
from distributed.deploy.cluster import Cluster as _AnyCluster
from distributed.security import Security
from distributed.utils import format_dashboard_link

from . import dask_links as links
from .cluster import Cluster as _Pcluster
from .cluster import current
from .dask_processes import Fleet, SchedulerOnWorker, WorkerOnSlot
from .errors import PclusterError, StartTimeout
from .words import bracketed

__all__ = ["Cluster"]

_DEATH_TIMEOUT = 60   # s without the scheduler, then a worker ends and is started again
_QUIET = 5.0          # s without another worker: those that came are enough to begin,
_NO_MORE = 1.0        # and so many where no other has a slot
# Since 2024 the one, before it the other: a lost node is no fault of the tasks that it had.
_BLAMELESS = ("expected" if "expected" in inspect.signature(Scheduler.remove_worker).parameters
              else "safe")


class Cluster(SpecCluster):
    """`n` Dask workers (None: one on every slot) of a running pcluster, and their scheduler.

    `cluster`: a pcluster.Cluster or its name.  A worker has `threads` threads, `cores` cores
    (None: its slot's) and `memory` ("4G"; None: its slot's share); `worker_args` are more words
    for `dask worker`.  A worker that dies or whose node is lost is started again under its name.

    `scheduler`: "local", in this process; "worker", on the first worker, for where nodes do not
    reach this host; "auto" finds out from how they reach the launcher.  `security`: None,
    certificates for this cluster alone; a Security of yours; False, and everybody on the network
    can run code as you.  `timeout`: seconds to wait for workers; 0: do not wait.

    StartTimeout: none came.  PclusterError: they could not be started.
    """

    def __init__(self, n: int | None = None, *, cluster: Any = None, cores: int | None = None,
                 memory: str | None = None, threads: int = 1, name: str | None = None,
                 env: Mapping[str, str] | None = None, worker_args: Sequence[str] = (),
                 scheduler: str = "auto", scheduler_options: Mapping[str, Any] | None = None,
                 security: Security | bool | None = None, timeout: float = 60.0,
                 asynchronous: bool = False, loop: Any = None,
                 silence_logs: int | bool = logging.WARNING):
        if scheduler not in ("auto", "local", "worker"):
            raise PclusterError(f"scheduler={scheduler!r} is none of auto, local and worker",
                                'say scheduler="local", or leave it out', 2)
        attached = current(cluster)
        named = attached.name
        self._ways = links.Ways(named)
        if cores is None and threads > 1:
            cores = threads
        if n is None:
            n = self._ways.slots(cores)
            if n == 0 and self._ways.workers:
                raise PclusterError(f"no worker has {cores} cores", "pcluster status shows them", 2)
        safe = links.credentials(security)
        common = {"protocol": links.protocol(safe), "settings": links.settings(safe),
                  "path": [each or os.getcwd() for each in sys.path], "directory": os.getcwd()}
        self._fleet = Fleet({
            **common, "run": "worker", "threads": threads, "death_timeout": _DEATH_TIMEOUT,
            "arguments": list(worker_args)}, self._address_for, self._lost,
            cluster=named, cores=cores, memory=memory, env=env, tag=name)
        spec = {"cls": WorkerOnSlot, "options": {
            "fleet": self._fleet, "threads": threads, "memory_limit": self._ways.memory(cores)}}
        options = {"dashboard_address": ":0", **(scheduler_options or {})}
        self._remote = scheduler == "worker" or (
            scheduler == "auto" and bool(self._ways.workers) and not self._ways.direct())
        self._told_host = "host" in options or "interface" in options or self._remote
        self._info: Any = {"workers": {}}
        try:
            super().__init__(
                workers={i: spec for i in range(n)}, worker=spec, security=safe,
                scheduler=(self._scheduler_on_worker(attached, common, options) if self._remote
                           else self._scheduler_here(safe, options)),
                asynchronous=asynchronous, loop=loop, silence_logs=silence_logs,
                name=name or f"pcluster-{named}")
            if not self.asynchronous and n and timeout:
                self._wait(n, timeout)
        except BaseException:
            if getattr(self, "status", None) == distributed.Status.running:
                self.close()
            self._fleet.services.close()
            raise

    def _scheduler_here(self, safe: Security, options: dict[str, Any]) -> dict[str, Any]:
        ours: dict[str, Any] = {"protocol": links.protocol(safe) + "://", "security": safe}
        ways = {self._ways.here(worker["id"]) for worker in self._ways.workers}
        if len(ways) == 1 and not self._told_host:
            ours["host"] = bracketed(next(iter(ways)))
        return {"cls": Scheduler, "options": {**ours, **options}}

    def _scheduler_on_worker(self, attached: _Pcluster, common: dict[str, Any],
                             options: dict[str, Any]) -> dict[str, Any]:
        if not self._ways.workers:
            raise PclusterError("no worker is home that Dask's scheduler could run on",
                                'wait for one, or say scheduler="local"', 3)
        first = next((w for w in self._ways.workers if self._ways.launcher(w["id"])),
                     self._ways.workers[0])
        told = {**common, "run": "scheduler", "options": options,
                "towards": self._ways.launcher(first["id"]) or get_address_host(attached.address)}
        return {"cls": SchedulerOnWorker, "options": {
            "greeting": json.dumps(told).encode() + b"\n", "cluster": attached.name,
            "on": [first["id"]]}}

    def _address_for(self, worker: str, address: str) -> str:
        """The scheduler's address as that worker can call it."""
        if self._told_host:
            return address
        host = self._ways.here(worker) or get_address_host(address)
        scheme = address.partition("://")[0]
        return f"{scheme}://{bracketed(host)}:{get_address_host_port(address)[1]}"

    def _wait(self, n: int, timeout: float) -> None:
        began = news = time.monotonic()
        came = 0
        while (now := time.monotonic()) < began + timeout:
            if len(self.scheduler_info["workers"]) > came:
                came, news = len(self.scheduler_info["workers"]), now
            starting = len([s for s in self._fleet.services.services if s.opened]) - came
            if came >= n or (came and now > news + (_QUIET if starting > 0 else _NO_MORE)):
                return
            if not self._fleet.services.services and self._fleet.error:
                raise self._fleet.error
            time.sleep(0.02)
        if not came:
            raise self._too_late(timeout)

    def _too_late(self, timeout: float) -> StartTimeout:
        running = [s.opened for s in self._fleet.services.services if s.opened]
        if running:
            return StartTimeout(
                f"no Dask worker came within {timeout:g} s, though {len(running)} run: "
                f"{running[0].host} may not reach {self.scheduler_address}",
                f"pcluster logs {running[0].task} has its words; where nodes do not reach this "
                'host: pcluster.dask.Cluster(scheduler="worker")', 4)
        why = self._fleet.note.note if self._fleet.note and self._fleet.note.note else ""
        return StartTimeout(f"no slot was free for a Dask worker within {timeout:g} s"
                            + (f": {why}" if why else ""),
                            "pcluster status shows what runs; timeout= waits longer", 4)

    def _lost(self, name: Any) -> None:
        self.loop.add_callback(self._forget, name)

    async def _forget(self, name: Any) -> None:
        """A worker's node is gone: what it had goes elsewhere now, and its name is free."""
        for address, worker in list(self.scheduler_info["workers"].items()):
            if worker["name"] == name:
                await self.scheduler_comm.unregister(
                    address=address, stimulus_id=f"pcluster-lost-{time.time()}",
                    **{_BLAMELESS: True})

    def _update_worker_status(self, op: str, msg: Any) -> None:
        # Not SpecCluster's, which gives a worker up that is away for 15 s: ours waits for a slot.
        _AnyCluster._update_worker_status(self, op, msg)

    @property
    def scheduler_info(self) -> Any:
        return self._info

    @scheduler_info.setter
    def scheduler_info(self, info: Any) -> None:
        # One dict of workers for ever: wait_for_workers makes a new one, and who holds the old
        # one (Syncopy) goes on to say "0/2 workers available".
        workers = self._info["workers"]
        fresh = dict(info["workers"])
        workers.clear()
        workers.update(fresh)
        info["workers"] = workers
        self._info = info

    @property
    def dashboard_link(self) -> str:
        port = self.scheduler_info.get("services", {}).get("dashboard")
        if not port:
            return ""
        host = bracketed(get_address_host(self.scheduler_address))
        return str(format_dashboard_link(host, port))

    @property
    def job_header(self) -> str:
        """ACME's cluster_cleanup wants a job script, and finds the cluster's name in it."""
        return f"--output={getpass.getuser()}_{self.name}"

    async def _close(self) -> None:
        await super()._close()
        await asyncio.get_running_loop().run_in_executor(None, self._fleet.services.close)
