# What pcluster.dask runs on a slot: a Dask worker, or the scheduler, until its channel ends.
# SPDX-License-Identifier: MIT
"""`main()` is the program.

The first line that it reads from its channel is a JSON object: what to run, and Dask's
configuration with the keys of the certificates, which so are in no environment and no command
line.  The end of the channel ends it.
"""
from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import sys
import threading
import traceback
from contextlib import suppress
from typing import Any

from . import surroundings

_PATIENCE = 0.5  # s that a worker which was dismissed waits for the end of its channel
_AT_MOST = 2.0   # s that an end takes, though a function still runs

_ended = threading.Event()  # the channel has: nobody wants this process any more
_workers: list[Any] = []


class _Channel:
    """The two descriptors of $PCLUSTER_CHANNEL; what this process starts does not get them."""

    def __init__(self) -> None:
        reads, writes = surroundings.channel()
        self._reads, self._writes = os.fdopen(reads, "rb"), os.fdopen(writes, "wb")

    def first(self) -> dict[str, Any]:
        line = self._reads.readline()
        if not line.endswith(b"\n"):
            sys.exit(0)  # not needed any more
        return json.loads(line)

    def say(self, **what: Any) -> None:
        self._writes.write(json.dumps(what).encode() + b"\n")
        self._writes.flush()

    def watch(self) -> None:
        """From now on the end of the channel is SIGTERM, which Dask's programs understand."""
        def wait() -> None:
            while self._reads.read(1 << 16):
                pass
            _ended.set()
            _leave_within(_AT_MOST)
            os.kill(os.getpid(), signal.SIGTERM)
        threading.Thread(target=wait, name="channel", daemon=True).start()


def _leave(code: int) -> None:
    """Without waiting for threads; who was not told to leave (Client.restart) starts again."""
    for worker in _workers:
        shutil.rmtree(worker.local_directory, ignore_errors=True)
        with suppress(OSError):
            os.unlink(f"{worker.local_directory}.dirlock")
    with suppress(OSError, ValueError):  # nobody reads it any more
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(0 if _ended.is_set() else code or 1)


def _leave_within(seconds: float) -> None:
    timer = threading.Timer(seconds, _leave, (1,))
    timer.daemon = True
    timer.start()


def dask_setup(worker: Any) -> None:
    """Dask calls it in a worker that has this module as a preload."""
    _workers.append(worker)


def dask_teardown(_: Any) -> None:
    """And this when that worker closes: it would wait 30 s for a function that still runs."""
    _leave_within(_AT_MOST)


def _worker(told: dict[str, Any]) -> None:
    from distributed.cli.dask_worker import main
    from distributed.comm.addressing import get_address_host
    from .dask_links import names_host, own_address
    from .words import bracketed
    words = [told["scheduler"], "--name", str(told["name"]), "--nthreads", str(told["threads"]),
             "--no-nanny", "--no-dashboard", "--death-timeout", str(told["death_timeout"]),
             "--preload", "pcluster.dask_node"]
    directory = os.environ.get("PCLUSTER_LOCAL_DIR")
    if directory:
        words += ["--local-directory", directory]
    megabytes = int(os.environ.get("PCLUSTER_MEM_MB") or 0)
    if megabytes:
        words += ["--memory-limit", str(megabytes << 20)]
    if not names_host(told["arguments"]):
        address = own_address(get_address_host(told["scheduler"]))
        words += ["--host", f"{told['protocol']}://{bracketed(address)}"]
    main(args=[*words, *told["arguments"]], standalone_mode=False)


def _scheduler(told: dict[str, Any], channel: _Channel) -> None:
    from distributed import Scheduler
    from .dask_links import own_address
    from .words import bracketed

    async def run() -> None:
        address = bracketed(own_address(told["towards"]))
        options = {"host": f"{told['protocol']}://{address}", **told["options"]}
        async with Scheduler(**options) as scheduler:
            loop = asyncio.get_running_loop()
            loop.add_signal_handler(
                signal.SIGTERM, lambda: asyncio.ensure_future(scheduler.close()))
            channel.say(address=scheduler.address)
            await scheduler.finished()
    asyncio.run(run())


def _run(told: dict[str, Any], channel: _Channel) -> int:
    try:
        if told["run"] == "scheduler":
            _scheduler(told, channel)
        else:
            _worker(told)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


def main() -> None:
    channel = _Channel()
    told = channel.first()
    channel.watch()
    surroundings.adopt(told["path"], told["directory"])
    import dask
    dask.config.set({"temporary-directory": os.environ.get("PCLUSTER_LOCAL_DIR"),
                     **told["settings"]})
    code = _run(told, channel)
    if code == 0:
        _ended.wait(_PATIENCE)
    _leave(code)
