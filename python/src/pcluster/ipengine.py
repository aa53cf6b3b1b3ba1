# Runs an ipyparallel engine on a slot: its connection comes, and signals come, over the channel.
# SPDX-License-Identifier: MIT
"""main(), with the engine's command as arguments: what pcluster.ipyparallel's launcher starts.

The channel brings the length (4 bytes, little-endian) of a JSON object, the object, which is added
to the engine's environment, and from then on one byte for each signal that the engine shall get.
At its end the engine is ended.
"""
from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from typing import BinaryIO

_PATIENCE = 4.0  # s, between TERM and KILL


def _exactly(stream: BinaryIO, length: int) -> bytes:
    got = b""
    while len(got) < length and (more := stream.read(length - len(got))):
        got += more
    if len(got) < length:
        sys.exit(0)  # the launcher has gone before the engine began
    return got


def _obey(stream: BinaryIO, engine: subprocess.Popen) -> None:
    while (byte := stream.read(1)):
        engine.send_signal(byte[0])
    engine.terminate()
    try:
        engine.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        engine.kill()


def main() -> int:
    """The engine's exit code; 128 + the signal that ended it."""
    source, sink = (int(word) for word in os.environ.pop("PCLUSTER_CHANNEL").split(","))
    os.set_inheritable(source, False)
    os.close(sink)
    stream = os.fdopen(source, "rb", buffering=0)
    environment = json.loads(_exactly(stream, int.from_bytes(_exactly(stream, 4), "little")))
    engine = subprocess.Popen(sys.argv[1:], env={**os.environ, **environment},
                              stdin=subprocess.DEVNULL)
    signal.signal(signal.SIGTERM, lambda *_: engine.terminate())
    threading.Thread(target=_obey, args=(stream, engine), daemon=True).start()
    code = engine.wait()
    return 128 - code if code < 0 else code

