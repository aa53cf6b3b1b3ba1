# The engines' processes: started on channels when there are calls, ended when there are none.
# SPDX-License-Identifier: MIT
from __future__ import annotations

import os
import sys
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, Callable, Sequence

from . import program, startup, wire
from .channels import Channels, Closed, Data, Event, Finished, Note, Opened
from .dispatch import Engine
from .errors import BrokenEngines, PclusterError

_STARTS = 3   # engines in a row that end before they begin: there is something wrong


@dataclass
class Options:
    """What engines are like: docs/python.md, Executor."""
    max_workers: int | None = None
    cluster: str | None = None
    start_method: str = "spawn"
    initializer: Callable[..., Any] | None = None
    initargs: tuple = ()
    preload: Sequence[str] = ()
    retries: int = 0
    idle_timeout: float = 60.0
    max_tasks: int | None = None
    on: Sequence[str] | None = None
    channels: dict[str, Any] = field(default_factory=dict)  # for Channels: cores, memory, ..


class Link:
    """One process `pcluster channels`, and the engines of it."""

    def __init__(self, slots: int, on: Sequence[str]):
        self.on = on
        self.live = set(range(slots))      # channels that are not over
        self.waiting = set(range(slots))   # those whose program has not begun
        self.closing = False
        self.channels: Channels


class State:
    """What is known of an engine's process: Engine.state."""

    def __init__(self, link: Link, opened: Opened):
        self.link, self.channel, self.attempt = link, opened.channel, opened.attempt
        self.worker = opened.worker
        self.parser = wire.Parser()
        self.functions: OrderedDict[int, None] = OrderedDict()  # that it has
        self.ever = False      # it was ready once
        self.leaving = False   # it was told to end
        self.used = monotonic()

    def post(self, parts: Sequence[wire.Buffer]) -> None:
        if len(parts) > 1 and sum(map(len, parts)) <= 1 << 16:
            parts = [b"".join(parts)]
        self.link.channels.post(self.channel, self.attempt, *parts)


class Owner:
    """What Links tells; without the lock."""

    def message(self, engine: Engine, kind: int, body: Any, buffers: Any) -> None: ...
    def ended(self, engine: Engine, closed: Closed | None) -> None: ...
    def changed(self) -> None: ...
    def broken(self, error: BaseException) -> None: ...


class Links:
    """All engines' processes; methods are called with `lock`, but by Channels' own threads."""

    def __init__(self, options: Options, lock: threading.Condition, owner: Owner):
        self._options, self._lock, self._owner = options, lock, owner
        self._wanted = options.max_workers
        self._failed_starts = 0
        self.note = ""   # why no engine runs, when none does
        self.all: list[Link] = []
        self.engines: dict[Any, Engine] = {}

    def wanted(self) -> int:
        """Engines at most."""
        if self._wanted is None:
            self._wanted = slots_of(self._options.cluster)
        return self._wanted

    def missing(self) -> int:
        return self.wanted() - sum(len(link.live) for link in self.all if not link.closing)

    def open(self) -> None:
        """Starts the engines that are missing."""
        missing = self.missing()
        if missing <= 0:
            return
        on: list[str] = []
        if self._options.on:
            there = {link.on[i] for link in self.all if not link.closing for i in link.live}
            on = [each for each in self._options.on if each not in there]
        link = Link(missing, on)
        link.channels = Channels(startup.argv(), missing, cluster=self._options.cluster,
                                 on=on or None, **self._options.channels,
                                 on_event=lambda event: self._on_event(link, event))
        self.all.append(link)

    def close(self) -> None:
        """All end when they have done what they do."""
        for link in self.all:
            if not link.closing:
                link.closing = True
                link.channels.close(0)
        for engine in self.engines.values():
            engine.state.leaving = True

    def end(self, engines: Sequence[Engine]) -> None:
        """These end; they have nothing to do."""
        for engine in engines:
            state = engine.state
            if not state.leaving:
                state.leaving = True
                state.link.channels.end(state.channel)

    def forget_waiting(self) -> None:
        """Engines that have not begun need not."""
        for link in self.all:
            for channel in link.waiting:
                link.channels.cancel(channel)

    def kill(self) -> None:
        for link in self.all:
            link.closing = True
            link.channels.kill()

    def ready(self, engine: Engine) -> bool:
        """It may have calls."""
        self._failed_starts = 0
        engine.state.ever = True
        return not engine.state.leaving

    def _on_event(self, link: Link, event: Event) -> None:
        try:
            if isinstance(event, Data):
                engine = self.engines.get((id(link), event.channel, event.attempt))
                if engine is not None:
                    for message in engine.state.parser.feed(event.data):
                        self._owner.message(engine, *message)
            elif isinstance(event, Opened):
                self._opened(link, event)
            elif isinstance(event, Closed):
                self._closed(link, event)
            elif isinstance(event, Note):
                self._note(event)
            elif isinstance(event, Finished):
                self._finished(link, event)
        except Exception as error:  # a fault of ours: nobody may wait for ever
            self._owner.broken(error)
            raise

    def _opened(self, link: Link, event: Opened) -> None:
        key = (id(link), event.channel, event.attempt)
        with self._lock:
            if key in self.engines:
                return
            link.waiting.discard(event.channel)
            engine = self.engines[key] = Engine(key, State(link, event), self._options.max_tasks)
            engine.state.leaving = link.closing
        engine.state.post(startup.start_message(self._options))

    def _closed(self, link: Link, event: Closed) -> None:
        with self._lock:
            engine = self.engines.pop((id(link), event.channel, event.attempt), None)
            if event.again:
                link.waiting.add(event.channel)
            else:
                link.live.discard(event.channel)
                link.waiting.discard(event.channel)
            ours = link.closing or (engine is not None and engine.state.leaving)
            failed = event.state == "failed" and not ours and not (engine and engine.state.ever)
            self._failed_starts += failed
            failed &= self._failed_starts >= _STARTS or not event.again
        if failed:
            said = f": {event.message}" if event.message else ""
            where = f" on {engine.state.worker}" if engine else ""
            self._owner.broken(BrokenEngines(
                f"the engine{where} ended before it began ({how(event)}){said}",
                f"is {sys.executable} there, with cloudpickle? `pcluster logs` says more"))
        elif event.state == "cancelled" and engine is not None and not ours:
            self._owner.broken(BrokenEngines(
                "the engines were cancelled", "was the cluster stopped, or their workload ended?"))
        if engine is not None:
            self._owner.ended(engine, event)
        else:
            self._owner.changed()

    def _note(self, event: Note) -> None:
        """More slots have come, perhaps."""
        self.note = event.note
        if self._options.max_workers is None and not self._options.on:
            with self._lock:
                more = event.slots > (self._wanted or 0)
                self._wanted = max(event.slots, self._wanted or 0)
            if more:
                self._owner.changed()

    def _finished(self, link: Link, event: Finished) -> None:
        with self._lock:
            if link in self.all:
                self.all.remove(link)
            left = [each for each in self.engines.values() if each.state.link is link]
            for engine in left:
                del self.engines[engine.key]
            closing = link.closing
        if not closing and event.error is not None:
            self._owner.broken(event.error)
        elif not closing and link.live:
            self._owner.broken(BrokenEngines("`pcluster channels` ended",
                                             "was it, or its cluster, stopped?"))
        for engine in left:
            self._owner.ended(engine, None)
        self._owner.changed()


def slots_of(cluster: str | None) -> int:
    """Slots of the workers that are home; at least 1."""
    try:
        items = program.call("status", cluster=cluster)["items"]
    except (PclusterError, KeyError):
        return os.cpu_count() or 1  # what is wrong, `pcluster channels` says better
    return sum(each.get("slots", 0) for each in items) or 1


def how(closed: Closed) -> str:
    return f"signal {closed.signal}" if closed.signal else f"exit code {closed.exit_code}"
