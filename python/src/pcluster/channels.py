# Programs on slots of the cluster, and a stream of bytes to and from each: `pcluster channels`.
# SPDX-License-Identifier: MIT
from __future__ import annotations

import io
import json
import struct
import subprocess
import threading
from dataclasses import dataclass
from typing import Callable, Mapping, Sequence, Union

from . import program
from .errors import PclusterError
from .pipe import Buffer, Pipe, widen

# docs/channels.md: length, channel, attempt, kind; little-endian.
_HEADER = struct.Struct("<IIIB3x")
_OPENED, _DATA_FROM, _CLOSED, _NOTE, _FINISHED = 1, 2, 3, 4, 5
_DATA_TO, _END, _CANCEL = 1, 2, 3
_ALL = 0xFFFFFFFF
_MOST = 8 << 20  # bytes of one frame


@dataclass(frozen=True)
class Opened:
    """The program of a channel runs, for the `attempt`th time."""
    channel: int
    attempt: int
    worker: str  # "w3"
    host: str
    task: str    # "7.0"


@dataclass(frozen=True)
class Data:
    """What it wrote: any part of the stream, in order."""
    channel: int
    attempt: int
    data: bytes


@dataclass(frozen=True)
class Closed:
    """It has ended: done, failed, lost (with its worker) or cancelled."""
    channel: int
    attempt: int
    state: str
    exit_code: int
    signal: int
    message: str
    again: bool  # another attempt follows


@dataclass(frozen=True)
class Note:
    """How the programs stand: counts, and why nothing runs when nothing does."""
    workload: str
    queued: int
    running: int
    slots: int
    note: str


@dataclass(frozen=True)
class Finished:
    """No more events: all programs have ended, or `error` says what went wrong."""
    error: PclusterError | None


Event = Union[Opened, Data, Closed, Note, Finished]


class Channels:
    """`slots` programs `argv`, one per slot (or `on` these workers, taking none; or with `ranks`).

    `on_event` is called with each Event, in order, by a thread of this object's own: it must not
    block.  The programs end when they meet the end of their input, or this process ends.
    """

    def __init__(self, argv: Sequence[str], slots: int = 1, *, on_event: Callable[[Event], None],
                 cluster: str | None = None, on: Sequence[str] | None = None, ranks: int = 0,
                 cores: int | None = None, memory: str | None = None, gpus: int | None = None,
                 env: Mapping[str, str] | None = None, directory: str | None = None,
                 retries: int | None = None, tag: str | None = None):
        words = ["--quiet", *(["--on", ",".join(on)] if on else ["--slots", str(slots)])]
        for name, value in (("ranks", ranks or None), ("cores", cores), ("memory", memory),
                            ("gpus", gpus), ("chdir", directory), ("retries", retries),
                            ("tag", tag)):
            if value is not None:
                words += [f"--{name}", str(value)]
        for key, text in (env or {}).items():
            words += ["--env", f"{key}={text}"]
        self._on_event = on_event
        self._errors: list[str] = []   # its last lines on standard error
        # In a session of its own: Ctrl-C at the terminal is this process's to handle.
        self._process = subprocess.Popen(
            program.argv("channels", *words, "--", *argv, cluster=cluster), bufsize=0,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            start_new_session=True)
        assert self._process.stdin and self._process.stdout
        self._pipe = Pipe(self._process.stdin)
        widen(self._process.stdout)
        self._source = io.BufferedReader(self._process.stdout, 1 << 20)  # type: ignore[type-var]
        self._listener = self._begin(self._errors_of)
        self._reader = self._begin(self._read)

    @staticmethod
    def _begin(work: Callable[[], None]) -> threading.Thread:
        thread = threading.Thread(target=work, name=f"pcluster{work.__name__}", daemon=True)
        thread.start()
        return thread

    def send(self, channel: int, attempt: int, *parts: Buffer) -> None:
        """Bytes for that program; dropped when that attempt has ended.  May wait for room."""
        self.post(channel, attempt, *parts)
        self._pipe.wait()

    def post(self, channel: int, attempt: int, *parts: Buffer) -> None:
        """As send(), but never waits: what there is no room for, a thread writes later.

        Large parts are not copied: they must not change until they have been read over there.
        """
        frames: list[Buffer] = []
        for part in parts:
            view = memoryview(part).cast("B")
            for at in range(0, len(view), _MOST):
                piece = view[at:at + _MOST]
                frames += (_HEADER.pack(len(piece), channel, attempt, _DATA_TO), piece)
        self._pipe.put(frames)

    def end(self, channel: int | None = None) -> None:
        """The end of input for that program, or for all: it finishes what it does, and leaves."""
        self._write(_END, _ALL if channel is None else channel)

    def cancel(self, channel: int | None = None) -> None:
        """TERM to that program, or to all, and KILL 5 s later; it is not started again."""
        self._write(_CANCEL, _ALL if channel is None else channel)

    def close(self, timeout: float | None = None) -> bool:
        """The end of input for all; waits until they have ended.  False: not within `timeout`."""
        self._pipe.close()
        if threading.current_thread() is not self._reader:
            self._reader.join(timeout)
        return not self._reader.is_alive()

    def kill(self) -> None:
        """Ends everything at once: TERM to `pcluster channels`, which cancels its programs."""
        self._process.terminate()

    def _write(self, kind: int, channel: int) -> None:
        self._pipe.put([_HEADER.pack(0, channel, 0, kind)])

    def _read(self) -> None:
        error = None
        try:
            while (header := self._exactly(_HEADER.size)):
                length, channel, attempt, kind = _HEADER.unpack(header)
                payload = self._exactly(length)
                if kind != _FINISHED and len(payload) == length:
                    self._on_event(_event(kind, channel, attempt, payload))
        finally:
            code = self._process.wait()
            self._listener.join(1)
            if code not in (0, 1, 130, 143):
                error = program.error_of(code, "", "".join(self._errors))
            self._on_event(Finished(error))

    def _exactly(self, length: int) -> bytes:
        got = self._source.read(length) if length else b""
        return got if len(got) == length else b""

    def _errors_of(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            self._errors.append(line.decode(errors="replace"))
            del self._errors[:-20]


def _event(kind: int, channel: int, attempt: int, payload: bytes) -> Event:
    if kind == _DATA_FROM:
        return Data(channel, attempt, payload)
    said = json.loads(payload)
    if kind == _OPENED:
        return Opened(channel, attempt, said["worker"], said["host"], said["task"])
    if kind == _CLOSED:
        return Closed(channel, attempt, said["state"], said["exit_code"], said["signal"],
                      said["message"], said["again"])
    return Note(said["workload"], said["queued"], said["running"], said["slots"], said["note"])
