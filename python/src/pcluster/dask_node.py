# What pcluster.dask runs on a slot: a Dask worker, or the scheduler, until its channel ends.
# SPDX-License-Identifier: MIT
"""`python -m pcluster.dask_node`.

The first line that it reads from its channel is a JSON object: what to run, and Dask's
configuration with the keys of the certificates, which so are in no file, no environment and no
command line.  The end of the channel ends it.
"""
from __future__ import annotations

import asyncio
import atexit
import json
import os
import signal
import sys
import threading
import traceback
from typing import Any

_PATIENCE = 3.0  # s that a worker which was dismissed waits for the end of its channel


class _Channel:
    """The two descriptors of $PCLUSTER_CHANNEL; what this process starts does not get them."""

    def __init__(self) -> None:
        read, write = (int(word) for word in os.environ.pop("PCLUSTER_CHANNEL").split(","))
        for descriptor in (read, write):
            os.set_inheritable(descriptor, False)
        self._reads, self._writes = os.fdopen(read, "rb"), os.fdopen(write, "wb")
        self.ended = threading.Event()

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
            self.ended.set()
            os.kill(os.getpid(), signal.SIGTERM)
        threading.Thread(target=wait, name="channel", daemon=True).start()


def _worker(told: dict[str, Any]) -> None:
    from distributed.cli.dask_worker import main
    from distributed.comm.addressing import get_address_host
    from .dask_links import bracketed, names_host, own_address
    words = [told["scheduler"], "--name", str(told["name"]), "--nthreads", str(told["threads"]),
             "--no-nanny", "--no-dashboard", "--death-timeout", str(told["death_timeout"])]
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
    from .dask_links import bracketed, own_address

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
    # As in the client: what it imports, functions that come by name find here.
    sys.path += [entry for entry in told["path"] if entry not in sys.path]
    import dask
    dask.config.set(told["settings"])
    code = _run(told, channel)
    # Who leaves without being told (Client.restart) is started again: not a good end.
    if channel.ended.is_set() or (code == 0 and channel.ended.wait(_PATIENCE)):
        code = 0
    else:
        code = code or 1
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # a function that still runs keeps nobody waiting


if __name__ == "__main__":
    main()
