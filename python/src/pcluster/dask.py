# A Dask cluster whose workers run on slots of a pcluster: `Client(pcluster.dask.Cluster(8))`.
# SPDX-License-Identifier: MIT
from __future__ import annotations

import asyncio
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
from distributed.deploy.spec import ProcessInterface
from distributed.security import Security
from distributed.utils import format_dashboard_link

from . import dask_links as links
from .channels import Closed, Note
from .cluster import current
from .errors import PclusterError, StartTimeout
from .services import Service, Services
from .startup import argv

__all__ = ["Cluster"]

_DEATH_TIMEOUT = 60   # s without the scheduler, then a worker ends and is started again
_QUIET = 5.0          # s without another worker: those that came are enough to begin,
_NO_MORE = 1.0        # and so many where no other has a slot
# Since 2024 the one, before it the other: a lost node is no fault of the tasks that it had.
_BLAMELESS = ("expected" if "expected" in inspect.signature(Scheduler.remove_worker).parameters
              else "safe")

_log = logging.getLogger("distributed.pcluster")


class _OnSlot(ProcessInterface):
    """A Dask worker on a slot.  It is "running" from when a slot is asked for, as elsewhere."""

    def __init__(self, scheduler: str | None = None, name: Any = None, *, fleet: Fleet,
                 threads: int = 1, memory_limit: int = 0):
        super().__init__()  # keeps neither
        self.scheduler, self.name = scheduler, name
        self._fleet = fleet
        self.service: Service | None = None

    async def start(self) -> None:
        self.service = await self._fleet.start(self)
        await super().start()

    async def close(self) -> None:
        if self.service is not None:
            self.service.stop()
            while not self.service.ended:
                await asyncio.sleep(0.02)
        await super().close()


class _SchedulerOnWorker(ProcessInterface):
    """Dask's scheduler beside the tasks of one worker; it takes no slot."""

    def __init__(self, *, greeting: bytes, **options: Any):
        super().__init__()
        self._said = b""
        self._services = Services(argv("dask_node"), greeting=lambda _: greeting, retries=0,
                                  on_data=self._hears, **options)
        self._service: Service | None = None

    def _hears(self, _: Service, data: bytes) -> None:
        self._said += data

    async def start(self) -> None:
        (self._service,) = self._services.start()
        while not self._said.endswith(b"\n"):
            if self._service.ended:
                raise self._service.error or PclusterError(
                    "Dask's scheduler ended on its worker", "pcluster logs has its words")
            await asyncio.sleep(0.02)
        self.address = json.loads(self._said)["address"]
        await super().start()

    async def close(self) -> None:
        await asyncio.get_running_loop().run_in_executor(None, self._services.close)
        await super().close()


class Fleet:
    """The programs of a cluster's workers: those that are asked for together start together."""

    def __init__(self, dask: Cluster, told: dict[str, Any], **options: Any):
        self._dask, self._told = dask, told
        self._waiting: list[tuple[_OnSlot, asyncio.Future[Service]]] = []
        self.services = Services(argv("dask_node"), greeting=self._greeting, on_closed=self._closed,
                                 on_note=self._notes, **options)
        self.note: Note | None = None
        self.error: PclusterError | None = None  # the last one

    def start(self, worker: _OnSlot) -> asyncio.Future[Service]:
        loop = asyncio.get_running_loop()
        if not self._waiting:
            loop.call_soon(self._start_all)
        self._waiting.append((worker, loop.create_future()))
        return self._waiting[-1][1]

    def _start_all(self) -> None:
        waiting, self._waiting = self._waiting, []
        try:
            services = self.services.start(owners=[worker for worker, _ in waiting])
        except Exception as error:
            for _, future in waiting:
                future.set_exception(error)
            return
        for service, (_, future) in zip(services, waiting):
            future.set_result(service)

    def _greeting(self, service: Service) -> bytes:
        assert service.opened is not None
        worker = service.owner
        told = {**self._told, "name": worker.name,
                "scheduler": self._dask._address_for(service.opened.worker, worker.scheduler)}
        return json.dumps(told).encode() + b"\n"

    def _closed(self, service: Service, event: Closed | None) -> None:
        if service.error and self.error is not service.error:
            self.error = service.error
            _log.error("worker %s: %s", service.owner.name, service.error)
        if event and event.state == "lost" and not service.stopping:
            self._dask.loop.add_callback(self._dask._forget, service.owner.name)

    def _notes(self, note: Note) -> None:
        self.note = note


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
        named = current(cluster).name
        self._ways = links.Ways(named)
        if cores is None and threads > 1:
            cores = threads
        n = self._ways.slots(cores) if n is None else n
        safe = links.credentials(security)
        common = {"protocol": links.protocol(safe), "settings": links.settings(safe),
                  "path": [each or os.getcwd() for each in sys.path], "directory": os.getcwd()}
        self._fleet = Fleet(self, {
            **common, "run": "worker", "threads": threads, "death_timeout": _DEATH_TIMEOUT,
            "arguments": list(worker_args)}, cluster=named, cores=cores, memory=memory, env=env,
            tag=name)
        spec = {"cls": _OnSlot, "options": {
            "fleet": self._fleet, "threads": threads, "memory_limit": self._ways.memory(cores)}}
        options = {"dashboard_address": ":0", **(scheduler_options or {})}
        self._remote = scheduler == "worker" or (
            scheduler == "auto" and bool(self._ways.workers) and not self._ways.direct())
        self._told_host = "host" in options or "interface" in options or self._remote
        self._info: Any = {"workers": {}}
        try:
            super().__init__(
                workers={i: spec for i in range(n)}, worker=spec, security=safe,
                scheduler=(self._scheduler_on_worker(named, common, options) if self._remote
                           else self._scheduler_here(safe, options)),
                asynchronous=asynchronous, loop=loop, silence_logs=silence_logs,
                name=name or f"pcluster-{named}")
            if not self.called_from_running_loop and n and timeout:
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
            ours["host"] = next(iter(ways))
        return {"cls": Scheduler, "options": {**ours, **options}}

    def _scheduler_on_worker(self, named: str, common: dict[str, Any],
                             options: dict[str, Any]) -> dict[str, Any]:
        self._ways.refresh()
        if not self._ways.workers:
            raise PclusterError("no worker is home that Dask's scheduler could run on",
                                'wait for one, or say scheduler="local"', 3)
        first = next((w for w in self._ways.workers if self._ways.launcher(w["id"])),
                     self._ways.workers[0])
        told = {**common, "run": "scheduler", "options": options,
                "towards": self._ways.launcher(first["id"]) or self._ways.launcher() or "8.8.8.8"}
        return {"cls": _SchedulerOnWorker, "options": {
            "greeting": json.dumps(told).encode() + b"\n", "cluster": named, "on": [first["id"]]}}

    def _address_for(self, worker: str, address: str) -> str:
        """The scheduler's address as that worker can call it."""
        if self._told_host:
            return address
        host = self._ways.here(worker) or get_address_host(address)
        scheme = address.partition("://")[0]
        return f"{scheme}://{links.bracketed(host)}:{get_address_host_port(address)[1]}"

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
        host = links.bracketed(get_address_host(self.scheduler_address))
        return str(format_dashboard_link(host, port))

    async def _close(self) -> None:
        await super()._close()
        await asyncio.get_running_loop().run_in_executor(None, self._fleet.services.close)
