# Gangs of resident ranks on channels, and the trials of a simulation dealt out to them.
# SPDX-License-Identifier: MIT
from __future__ import annotations

import pickle
import queue
import subprocess
import sys
import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Callable

from . import program
from .channels import Channels, Closed, Data, Event, Finished, Note, Opened
from .errors import CallCrashed, PclusterError, StartTimeout
from .hnn_wire import Call, Done, Failed, Ready, Said, Trial, Unframer, frame

_RANK = str(Path(__file__).with_name("hnn_rank.py"))
_NOTE_AFTER = 5.0   # s without a gang, until the note that says why is shown
_END_WITHIN = 10.0  # s from the end of input until the ranks are ended
_LOG_LINES = 30     # at most, of a log in an error
_MOMENT = 0.5       # s, of a wait for events


class RemoteTraceback(Exception):
    """The traceback of a rank's exception, as its cause."""

    def __str__(self) -> str:
        return f'\n"""\n{self.args[0]}"""'


class Terminated(PclusterError):
    """MPIBackend.terminate() has ended the simulation."""


@dataclass
class _Gang:
    """The ranks of one attempt of a channel."""
    channels: Channels
    channel: int
    attempt: int = 0
    task: str = ""             # "7.0", for its log
    ready: bool = False
    call: int = 0              # the number of the Call that it has
    trial: int | None = None   # what it simulates
    inbox: Unframer = field(default_factory=Unframer)

    def send(self, message: Any) -> None:
        self.channels.send(self.channel, self.attempt, frame(message))


class _Simulation:
    """Trials to do and done of one simulate_dipole()."""

    def __init__(self, call: Call, trials: int, said: Callable[[Said], None]) -> None:
        self.call, self.trials, self.said = call, trials, said
        self.todo = deque(range(trials))
        self.done: dict[int, dict[str, Any]] = {}


class Gangs:
    """Gangs of `ranks` ranks each on the cluster's slots; they stay until end() or kill().

    One thread at a time may use it; terminate() may be called by any.
    """

    def __init__(self, ranks: int, *, cluster: str | None, python: str, env: dict[str, str],
                 version: str, timeout: float) -> None:
        self._ranks, self._cluster, self._env, self._version = ranks, cluster, env, version
        self._argv = [python, _RANK, str(ranks)]
        self._timeout = timeout  # s without any gang that is ready
        self._calls = 0
        self._forget()

    def grow(self, wanted: int) -> None:
        """There are `wanted` gangs or more; each runs as soon as it has its slots."""
        missing = wanted - len(self._gangs)
        if missing <= 0:
            return
        number = len(self._channels)
        put = self._events.put
        channels = Channels(
            self._argv, missing, ranks=self._ranks if self._ranks > 1 else 0,
            cluster=self._cluster, env=self._env, tag="hnn",
            on_event=lambda event: put((number, event)))
        self._channels.append(channels)
        for channel in range(missing):
            self._gangs[number, channel] = _Gang(channels, channel)

    def run(self, call: Call, trials: int,
            said: Callable[[Said], None]) -> list[dict[str, Any]]:
        """What hnn-core gathers of each trial.  Raises what a rank raised; all gangs end then."""
        simulation = _Simulation(call, trials, said)
        self._calls += 1
        self._last_ready = time.monotonic()
        try:
            while len(simulation.done) < trials:
                if self._events.empty():  # else one may tell of a gang that is gone
                    self._deal(simulation)
                self._hear(simulation)
        except BaseException:
            self.kill()
            raise
        return [simulation.done[index] for index in range(trials)]

    def terminate(self) -> None:
        """run() raises Terminated."""
        self._events.put((0, None))

    def end(self) -> None:
        """The ranks end as they have no more to do; their slots are free when this returns."""
        for channels in self._channels:
            channels.end()
        for channels in self._channels:
            if not channels.close(_END_WITHIN):
                channels.kill()
        self._forget()

    def kill(self) -> None:
        """The ranks end at once, whatever they do."""
        for channels in self._channels:
            channels.kill()
        self._forget()

    def _forget(self) -> None:
        self._channels: list[Channels] = []
        self._gangs: dict[tuple[int, int], _Gang] = {}  # by Channels and channel
        # A new one: what these Channels still tell goes to the old.
        self._events: queue.SimpleQueue[tuple[int, Event | None]] = queue.SimpleQueue()
        self._note = self._shown = ""

    def _deal(self, simulation: _Simulation) -> None:
        for gang in self._gangs.values():
            if not simulation.todo:
                return
            if not gang.ready or gang.trial is not None:
                continue
            gang.trial = simulation.todo.popleft()
            if gang.call != self._calls:
                gang.call = self._calls
                gang.send(simulation.call)
            gang.send(Trial(gang.trial))

    def _hear(self, simulation: _Simulation) -> None:
        """Waits for an event, and does what it asks for."""
        got = self._event()
        if got is None:
            return
        number, event = got
        if event is None:
            raise Terminated("the simulation was terminated")
        if isinstance(event, Note):
            self._note = event.note
        elif isinstance(event, Finished):
            raise event.error or PclusterError(
                "the ranks were ended by somebody else", "`pcluster status` tells more", 1)
        elif isinstance(event, Opened):
            channels = self._channels[number]
            self._gangs[number, event.channel] = _Gang(
                channels, event.channel, event.attempt, event.task)
        elif isinstance(event, Closed):
            self._closed((number, event.channel), event, simulation)
        else:
            self._data(self._gangs[number, event.channel], event, simulation)

    def _event(self) -> tuple[int, Event | None] | None:
        """The next one, or none when none came for a moment."""
        if any(gang.ready for gang in self._gangs.values()):
            self._last_ready = time.monotonic()
        waited = time.monotonic() - self._last_ready
        if waited > self._timeout:
            raise StartTimeout(
                f"no {self._ranks} MPI ranks were ready within {self._timeout:g} s"
                + (f": {self._note}" if self._note else ""),
                "`pcluster status` tells what the cluster does; see timeout= and n_procs=", 4)
        if waited > _NOTE_AFTER and self._note != self._shown:
            self._shown = self._note
            print(f"pcluster: {self._note}", file=sys.stderr, flush=True)
        # Never for long: once NEURON is imported SIGINT has SA_RESTART, and a wait without an end
        # does not notice it.
        try:
            return self._events.get(timeout=_MOMENT)
        except queue.Empty:
            return None

    def _data(self, gang: _Gang, event: Data, simulation: _Simulation) -> None:
        for message in gang.inbox.feed(event.data):
            if isinstance(message, Said):
                simulation.said(message)
            elif isinstance(message, Ready):
                self._ready(gang, message)
            elif isinstance(message, Done):
                simulation.done[message.index] = message.data
                gang.trial = None
            else:
                _raise(message)

    def _ready(self, gang: _Gang, message: Ready) -> None:
        if message.hnn_core != self._version:
            raise PclusterError(
                f"the ranks have hnn-core {message.hnn_core}, this process {self._version}",
                "let python= name one Python for both", 2)
        gang.ready = True

    def _closed(self, key: tuple[int, int], event: Closed, simulation: _Simulation) -> None:
        """A gang that is lost with its worker, or between trials, comes again: it is awaited."""
        gang = self._gangs[key]
        idle = gang.ready and gang.trial is None
        if not event.again or not (idle or event.state == "lost"):
            what = event.message or (f"signal {event.signal}" if event.signal
                                     else f"exit code {event.exit_code}")
            doing = "as they started" if gang.trial is None else f"in trial {gang.trial + 1}"
            raise CallCrashed(f"MPI ranks ended {doing}: {event.state}, {what}"
                              + self._log(gang.task), "`pcluster logs` has all that they wrote", 1)
        if gang.trial is not None:
            simulation.todo.appendleft(gang.trial)
        self._gangs[key] = _Gang(gang.channels, gang.channel)

    def _log(self, task: str) -> str:
        """The end of what the ranks wrote, from the last traceback on if there is one."""
        try:
            done = subprocess.run(
                program.argv("logs", "--quiet", task, cluster=self._cluster), check=False,
                stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=10)
        except (OSError, subprocess.TimeoutExpired, PclusterError):
            return ""
        lines = done.stdout.splitlines()
        begins = [at for at, line in enumerate(lines) if line.startswith("Traceback ")]
        lines = lines[begins[-1]:][:_LOG_LINES] if begins else lines[-_LOG_LINES:]
        return "".join(f"\n  | {line}" for line in lines)


def _raise(message: Failed) -> None:
    """The exception of rank 0, caused by its traceback."""
    try:
        error = pickle.loads(message.error)
    except Exception:
        error = PclusterError("an MPI rank failed", code=1)
    raise error from RemoteTraceback(message.traceback)
