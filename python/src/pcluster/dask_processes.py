# What a Dask cluster is made of: workers on slots, the scheduler on a worker.
# SPDX-License-Identifier: MIT
from __future__ import annotations

import asyncio
import json
import logging
from typing import Any, Callable

from distributed.deploy.spec import ProcessInterface

from .channels import Closed, Note
from .errors import PclusterError
from .services import Service, Services
from .startup import argv

_log = logging.getLogger("distributed.pcluster")


class WorkerOnSlot(ProcessInterface):
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


class SchedulerOnWorker(ProcessInterface):
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
    """The programs of a cluster's workers: those that are asked for together start together.

    `address(worker, scheduler)`: how that worker of pcluster reaches Dask's scheduler;
    `lost(name)` is called when a worker's node is gone.  Both are called from another thread.
    """

    def __init__(self, told: dict[str, Any], address: Callable[[str, str], str],
                 lost: Callable[[Any], None], **options: Any):
        self._told, self._address, self._lost = told, address, lost
        self._waiting: list[tuple[WorkerOnSlot, asyncio.Future[Service]]] = []
        self.services = Services(argv("dask_node"), greeting=self._greeting, on_closed=self._closed,
                                 on_note=self._notes, **options)
        self.note: Note | None = None
        self.error: PclusterError | None = None  # the last one

    def start(self, worker: WorkerOnSlot) -> asyncio.Future[Service]:
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
                "scheduler": self._address(service.opened.worker, worker.scheduler)}
        return json.dumps(told).encode() + b"\n"

    def _closed(self, service: Service, event: Closed | None) -> None:
        if service.error and self.error is not service.error:
            self.error = service.error
            _log.error("worker %s: %s", service.owner.name, service.error)
        if event and event.state == "lost" and not service.stopping:
            self._lost(service.owner.name)

    def _notes(self, note: Note) -> None:
        self.note = note
