# ipyparallel's engines on the cluster's slots: ipp.Cluster(engines="pcluster", n=8).
# SPDX-License-Identifier: MIT
"""The controller stays where the user is; each engine is a program on a slot.

An engine learns the controller's address and key over its channel: neither is on a command line.
A controller that listens on the loopback address only, as ipyparallel's does, gets a relay for the
engines of other hosts.  An engine that ends is not started again; one that was lost with its
worker is, elsewhere.
"""
from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
import threading
import time
from pathlib import Path
from typing import Any

import psutil
from ipyparallel.cluster.launcher import EngineLauncher, NotRunning
from traitlets import Float, Integer, Unicode

from .channels import Closed, Event, Finished, Note, Opened
from .cluster import current
from .relay import Relay, ports_of

__all__ = ["EngineSetLauncher"]

# This package last on the path: nothing else that is beside it is found first.
_RUN = (f"import sys; sys.path.append({str(Path(__file__).parent.parent)!r}); "
        "from pcluster.ipengine import main; sys.exit(main())")


class EngineSetLauncher(EngineLauncher):
    """A set of engines, one per slot, of ipyparallel.Cluster(engines="pcluster")."""

    cluster = Unicode("", config=True, help="The pcluster cluster's name; '': the one that runs, "
                      "or a local one.").tag(to_dict=True)
    address = Unicode("", config=True, help="Where engines reach the controller: an address of "
                      "this host; '': the one on the way to the engine's host.")
    cores = Integer(None, allow_none=True, config=True, help="Cores of each engine.")
    memory = Unicode(None, allow_none=True, config=True, help="Memory of each engine: '4G'.")
    pid = Integer(0, help="The process of `pcluster channels`.").tag(to_dict=True)
    born = Float(0.0, help="When it began: numbers of processes come again.").tag(to_dict=True)

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self._lock = threading.Lock()
        self._made = threading.Event()     # self._channels is there
        self._ended = threading.Event()    # no engine is left
        self._channels: Any = None
        self._relay: Relay | None = None
        self._open: dict[int, Opened] = {}
        self._ends: dict[str, dict[str, Any]] = {}
        self._stopping = False             # the engines were asked to end
        self._gone: psutil.Process | None = None  # of another process's set: from_dict

    def find_args(self) -> list[str]:
        """What runs on the slot: pcluster.ipengine, which starts the engine."""
        return [sys.executable, "-c", _RUN,
                *self.engine_cmd, *self.cluster_args, *self.engine_args]

    async def start(self, n: int) -> dict[str, Any]:
        """Asks for n engines; they come as slots are free."""
        self.n = n
        self.loop  # the one of this call: traitlets looks it up at its first use
        home = current(self.cluster or None)
        self._channels = home.channels(
            self.args, n, on_event=self._on_event, retries=0, tag="ipyparallel",
            directory=os.path.abspath(self.work_dir),
            **{name: value for name, value in (("cores", self.cores), ("memory", self.memory))
               if value is not None})
        self.pid = self._channels.pid
        self.born = psutil.Process(self.pid).create_time()
        data = self.notify_start({"pid": self.pid, "n": n})
        self._made.set()
        return data

    async def stop(self) -> None:
        """TERM to the engines, KILL 5 s later; returns when none is left."""
        self.signal(signal.SIGTERM)
        try:
            await self.join(self.stop_timeout)
        except TimeoutError:
            self._end_all()
            await self.join(self.stop_timeout)

    async def join(self, timeout: float | None = None) -> None:
        """Waits for the end of all engines; TimeoutError after `timeout` seconds."""
        until = None if timeout is None else time.monotonic() + timeout
        while self.poll() is None:
            if until is not None and time.monotonic() > until:
                raise TimeoutError(f"engines of {self.identifier} still run after {timeout} s")
            await asyncio.sleep(0.02)

    def poll(self) -> int | None:
        """None while an engine runs or waits for its slot; else the first bad exit code, or 0."""
        if self._gone is not None and not self._gone.is_running():
            self._ended.set()
        if not self._ended.is_set():
            return None
        return self._settle()["exit_code"]

    def signal(self, sig: int | str) -> None:
        """`sig` to every engine; TERM and KILL end the whole set."""
        if isinstance(sig, str):
            sig = signal.Signals["SIG" + sig.upper().removeprefix("SIG")]
        if self._ended.is_set():
            return
        self._stopping |= sig in (signal.SIGTERM, signal.SIGKILL)
        if self._channels is None or sig == signal.SIGKILL:
            self._end_all()
        elif sig == signal.SIGTERM:
            self._channels.cancel()
        else:
            with self._lock:
                for engine in self._open.values():
                    self._channels.post(engine.channel, engine.attempt, bytes([sig]))

    @classmethod
    def from_dict(cls, d: dict[str, Any], **kwargs: Any) -> EngineSetLauncher:
        """A set that another process has started: it can be polled, waited for and stopped."""
        self = super().from_dict(d, **kwargs)
        try:
            self._gone = psutil.Process(self.pid)
            if self._gone.create_time() == self.born:
                return self
        except (psutil.Error, ValueError):
            pass
        raise NotRunning(f"the engines' process, {self.pid}, has ended")

    def _end_all(self) -> None:
        if self._gone is not None and self._gone.is_running():
            self._gone.terminate()
        elif self._channels is not None:
            self._channels.kill()

    def _on_event(self, event: Event) -> None:
        """In a thread of the channels."""
        self._made.wait()
        if isinstance(event, Opened):
            with self._lock:
                self._open[event.channel] = event
            self._channels.post(event.channel, event.attempt, self._greeting(event.host))
        elif isinstance(event, Closed):
            self._closed(event)
        elif isinstance(event, Note):
            if event.note:
                self.log.warning("%d engines wait: %s", event.queued, event.note)
        elif isinstance(event, Finished):
            if event.error is not None:
                self.log.error("engines: %s", event.error)
                self._ends["all"] = {"exit_code": event.error.code}
            if self._relay is not None:
                self._relay.close()
            self._ended.set()
            if self.loop.asyncio_loop.is_running():
                self.loop.add_callback(self._settle)
            else:  # a *_sync call has ended, and its loop with it
                self._settle()

    def _closed(self, event: Closed) -> None:
        with self._lock:
            was = self._open.pop(event.channel, None)
        if event.state in ("failed", "lost") and not self._stopping:
            self.log.warning("engine %d on %s: %s%s", event.channel, was.host if was else "?",
                             event.message or f"ended with {event.exit_code}",
                             "; it starts again" if event.again else "")
        code = event.exit_code if event.state == "failed" else int(event.state == "lost")
        if not event.again and not self._stopping:
            self._ends[str(event.channel)] = {"exit_code": code, "state": event.state}

    def _settle(self) -> dict[str, Any]:
        """Tells ipyparallel, once, that all have ended."""
        with self._lock:
            if self.state != "after":
                codes = [end["exit_code"] for end in self._ends.values()]
                self.notify_stop({"exit_code": next((code for code in codes if code), 0),
                                  "engines": dict(self._ends), "identifier": self.identifier})
            return self.stop_data

    def _greeting(self, host: str) -> bytes:
        """The engine's environment: how it reaches the controller, and the key."""
        environment = {key: str(value) for key, value in self.get_env().items()}
        environment["PYTHONPATH"] = os.pathsep.join(_import_path())
        told = environment.get("IPP_CONNECTION_INFO")
        if told and (self.address or not _is_here(host)):
            info = json.loads(told)
            transport, at = info["interface"].split("://")
            if at in ("127.0.0.1", "localhost"):
                info["interface"] = f"{transport}://{self._reached_at(host, info, at)}"
                environment["IPP_CONNECTION_INFO"] = json.dumps(info)
        text = json.dumps(environment).encode()
        return len(text).to_bytes(4, "little") + text

    def _reached_at(self, host: str, info: dict[str, Any], at: str) -> str:
        if self._relay is None:
            address = self.address or _address_towards(host)
            self.log.info("engines of other hosts reach the controller through %s", address)
            self._relay = Relay(address, ports_of(info), at)
        return self._relay.address


def _import_path() -> list[str]:
    """Where this process imports from, beside its installation: the engines do so, too."""
    own = tuple({sys.prefix, sys.base_prefix, sys.exec_prefix})
    return [path for path in map(os.path.abspath, sys.path)
            if not path.startswith(own) and os.pathsep not in path]


def _is_here(host: str) -> bool:
    return host.split(".")[0] == socket.gethostname().split(".")[0]


def _address_towards(host: str) -> str:
    """This host's address on the way to `host`: nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((host, 9))
        except OSError:
            return socket.gethostbyname(socket.gethostname())
        return str(probe.getsockname()[0])
