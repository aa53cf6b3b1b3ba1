# Connections to ports of an address of this host, passed on to the same ports of another one.
# SPDX-License-Identifier: MIT
from __future__ import annotations

import asyncio
import functools
import threading
from typing import Any, Sequence


def ports_of(info: dict[str, Any]) -> list[int]:
    """The ports that ipyparallel's connection info for engines names."""
    values = [value if isinstance(value, list) else [value] for value in info.values()]
    return sorted({port for some in values for port in some if type(port) is int and port > 0})


class Relay:
    """What comes to `ports` of `address` goes on to those of `target`, until close().

    OSError when a port is taken there.
    """

    def __init__(self, address: str, ports: Sequence[int], target: str = "127.0.0.1"):
        self.address = address
        self._target = target
        self._servers: list[asyncio.AbstractServer] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="pcluster_relay", daemon=True)
        self._thread.start()
        try:
            asyncio.run_coroutine_threadsafe(self._listen(ports), self._loop).result()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Ends every connection."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()

    def _run(self) -> None:
        try:
            self._loop.run_forever()
        finally:
            for server in self._servers:
                server.close()
            for task in (passing := asyncio.all_tasks(self._loop)):
                task.cancel()
            if passing:
                self._loop.run_until_complete(asyncio.wait(passing))
            self._loop.close()

    async def _listen(self, ports: Sequence[int]) -> None:
        for port in ports:
            self._servers.append(await asyncio.start_server(
                functools.partial(self._connected, port), self.address, port))

    async def _connected(self, port: int, reader: asyncio.StreamReader,
                         writer: asyncio.StreamWriter) -> None:
        try:
            there, back = await asyncio.open_connection(self._target, port)
        except OSError:
            writer.close()
            return
        try:
            await asyncio.gather(_pass_on(reader, back), _pass_on(there, writer))
        except asyncio.CancelledError:  # close()
            pass
        finally:
            back.close()
            writer.close()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while (data := await reader.read(256 << 10)):
            writer.write(data)
            await writer.drain()
        writer.write_eof()
    except OSError:
        writer.close()
