# Programs that stay on slots until they are told to leave: Dask workers, engines, servers.
# SPDX-License-Identifier: MIT
from __future__ import annotations

import logging
import queue
import threading
import time
from typing import Any, Callable, Sequence

from .channels import Channels, Closed, Data, Event, Finished, Note, Opened
from .errors import PclusterError

_SOON = 10.0     # s: who ends so soon after its start has not worked at all
_TOO_OFTEN = 5   # times in a row: then it is not started again
_GRACE = 10.0    # s between the end of its input and TERM


class Service:
    """One program.  `opened` says where it runs, None where it waits; `ended` once it is over."""

    def __init__(self, batch: _Batch, channel: int, owner: Any = None):
        self._batch, self.channel = batch, channel
        self.owner = owner  # what it is to the one who started it
        self.opened: Opened | None = None
        self.error: PclusterError | None = None  # why it was given up
        self.stopping = False
        self.ended = False
        self._since = 0.0
        self._in_a_row = 0  # ends soon after a start, without a longer life between
        self._over = threading.Event()

    def stop(self) -> None:
        """The end of its input: it leaves, and is not started again.  TERM 10 s later."""
        if self.stopping or self.ended:
            return
        self.stopping = True
        if self.opened is None:
            self._batch.channels.cancel(self.channel)
            return
        self._batch.channels.end(self.channel)
        timer = threading.Timer(_GRACE, self.kill)
        timer.daemon = True
        timer.start()

    def kill(self) -> None:
        """TERM, and KILL 5 s later."""
        self.stopping = True
        if not self.ended:
            self._batch.channels.cancel(self.channel)

    def wait(self, timeout: float | None = None) -> bool:
        """Waits until it has ended; False: not within `timeout` seconds."""
        return self._over.wait(timeout)

    def _opens(self, event: Opened) -> None:
        self.opened, self._since = event, time.monotonic()

    def _closes(self, event: Closed) -> None:
        """Takes the end of an attempt; gives up on what never works."""
        at, self.opened = self.opened, None
        lived = time.monotonic() - self._since
        if event.state == "failed":
            self._in_a_row = self._in_a_row + 1 if lived < _SOON else 0
        if event.again and not self.stopping and self._in_a_row >= _TOO_OFTEN:
            how = f"signal {event.signal}" if event.signal else f"exit code {event.exit_code}"
            task = at.task if at else "TASK"
            self.error = PclusterError(
                f"a program ended {_TOO_OFTEN} times in a row within {_SOON:.0f} s "
                f"({how}), and is not started again", f"pcluster logs {task} has its words")
            self.kill()
        if not event.again:
            self._ends()

    def _ends(self, error: PclusterError | None = None) -> None:
        self.opened, self.error, self.ended = None, self.error or error, True
        self._over.set()


class _Batch:
    """Services that were started together: one `pcluster channels`."""

    def __init__(self, services: Services, argv: Sequence[str], owners: Sequence[Any],
                 options: dict[str, Any]):
        # Events may come before `channels` is set: they wait for this.
        self.ready = threading.Event()
        self.services = [Service(self, i, owner) for i, owner in enumerate(owners)]
        self.channels = Channels(argv, len(owners),
                                 on_event=lambda event: services._heard(self, event), **options)
        self.ready.set()


class Services:
    """Programs `argv`, each started again when it dies or its worker is lost, until it is stopped.

    Callbacks run one after another on a thread of this object's own and may block:
    `on_opened(service)` at each start, `on_data(service, bytes)`, `on_closed(service, closed)`
    (`service.ended`: for the last time), `on_note(note)`.  What `greeting(service)` returns is
    the first that each attempt reads.  `options` are those of Channels.
    The programs end with this process, whatever happens to it.
    """

    def __init__(self, argv: Sequence[str], *,
                 greeting: Callable[[Service], bytes] | None = None,
                 on_opened: Callable[[Service], None] | None = None,
                 on_data: Callable[[Service, bytes], None] | None = None,
                 on_closed: Callable[[Service, Closed | None], None] | None = None,
                 on_note: Callable[[Note], None] | None = None, **options: Any):
        self._argv, self._options, self._greeting = list(argv), options, greeting
        self._on_opened, self._on_data = on_opened, on_data
        self._on_closed, self._on_note = on_closed, on_note
        self._lock = threading.Lock()
        self._batches: list[_Batch] = []
        self._closed = False
        self._events: queue.SimpleQueue[tuple[_Batch, Event] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._handle, name="pcluster services", daemon=True)
        self._thread.start()

    def start(self, count: int = 1, owners: Sequence[Any] = ()) -> list[Service]:
        """`count` more, or one per owner; they run as soon as slots are free for them."""
        with self._lock:
            if self._closed:
                raise PclusterError("these services are closed", "make new ones")
            batch = _Batch(self, self._argv, owners or [None] * count, self._options)
            self._batches.append(batch)
        return batch.services

    @property
    def services(self) -> list[Service]:
        """Those that have not ended."""
        with self._lock:
            return [s for batch in self._batches for s in batch.services if not s.ended]

    def close(self, timeout: float = 20.0) -> bool:
        """All of them leave.  False: some did not within `timeout` seconds; they were killed."""
        with self._lock:
            self._closed = True
            batches = list(self._batches)
        for batch in batches:
            for service in batch.services:
                service.stopping = True
            for service in batch.services:
                if service.opened is None and not service.ended:
                    batch.channels.cancel(service.channel)
        until = time.monotonic() + timeout
        left = []
        for batch in batches:  # all meet the end of their input before one is waited for
            batch.channels.close(0)
        for batch in batches:
            if not batch.channels.close(max(0.1, until - time.monotonic())):
                batch.channels.kill()
                left.append(batch)
        self._events.put(None)
        if threading.current_thread() is not self._thread:
            self._thread.join(5)
        return not left

    def _heard(self, batch: _Batch, event: Event) -> None:
        self._events.put((batch, event))

    def _handle(self) -> None:
        while (item := self._events.get()) is not None:
            batch, event = item
            batch.ready.wait()
            try:
                self._take(batch, event)
            except Exception:  # a callback's fault must not end the others' events
                logging.getLogger(__name__).exception("an event of a service was not handled")

    def _take(self, batch: _Batch, event: Event) -> None:
        if isinstance(event, Finished):
            self._finish(batch, event.error)
        elif isinstance(event, Note):
            if self._on_note:
                self._on_note(event)
        else:
            self._tell(batch, batch.services[event.channel], event)

    def _tell(self, batch: _Batch, service: Service, event: Opened | Data | Closed) -> None:
        if isinstance(event, Opened):
            if service.opened and service.opened.attempt == event.attempt:
                return  # told again by a launcher that was started again
            service._opens(event)
            if service.stopping:  # it opened while it was cancelled
                batch.channels.end(service.channel)
                return
            if self._greeting:
                batch.channels.send(event.channel, event.attempt, self._greeting(service))
            if self._on_opened:
                self._on_opened(service)
        elif isinstance(event, Data):
            if self._on_data:
                self._on_data(service, event.data)
        else:
            service._closes(event)
            if self._on_closed:
                self._on_closed(service, event)
            if all(s.ended for s in batch.services):
                batch.channels.close(0)

    def _finish(self, batch: _Batch, error: PclusterError | None) -> None:
        for service in batch.services:
            if not service.ended:
                service._ends(error)
                if self._on_closed:
                    self._on_closed(service, None)
        with self._lock:
            if batch in self._batches:
                self._batches.remove(batch)
