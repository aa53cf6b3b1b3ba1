# One program on the cluster: `pcluster run`, as subprocess.run() would.
# SPDX-License-Identifier: MIT
from __future__ import annotations

import json
import signal
import subprocess
from typing import Sequence

from . import program
from .errors import PclusterError

_OURS = (2, 3, 4, 125, 130)  # exit codes with which pcluster itself may have failed


def run(cluster: str, argv: Sequence[str], ranks: int, check: bool, text: bool,
        input: str | bytes | None, timeout: float | None,
        words: Sequence[str]) -> subprocess.CompletedProcess:
    """Cluster.run()."""
    if isinstance(argv, str):
        raise TypeError('argv is a list of words: ["nrniv", "-mpi", "model.py"]')
    command = program.argv(
        "run", "--json", "--quiet", *(["--np", str(ranks)] if ranks != 1 else []),
        *(["--stdin"] if input is not None else []), *words, "--", *map(str, argv),
        cluster=cluster)
    data = input.encode() if isinstance(input, str) else input
    # In a session of its own: Ctrl-C at the terminal reaches it once, through us.
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL if data is None else subprocess.PIPE,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
    try:
        out, err = process.communicate(data, timeout)
    except BaseException as error:  # it cancels what it runs, and ends
        process.send_signal(signal.SIGINT)
        out, err = process.communicate()
        if isinstance(error, subprocess.TimeoutExpired):
            raise subprocess.TimeoutExpired(argv, error.timeout, _text(out, text),
                                            _text(err, text)) from None
        raise
    if process.returncode in _OURS and (ours := _error_in(out)):
        raise ours
    done = subprocess.CompletedProcess(list(argv), process.returncode, _text(out, text),
                                       _text(err, text))
    if check:
        done.check_returncode()
    return done


def _text(data: bytes, text: bool) -> str | bytes:
    return data.decode(errors="replace") if text else data


def _error_in(out: bytes) -> PclusterError | None:
    """The last line of standard output, when it is pcluster's own error."""
    last = out.rstrip(b"\n").rpartition(b"\n")[2]
    try:
        said = json.loads(last)["error"]
        return PclusterError(said["message"], said.get("hint", ""), said["code"])
    except (ValueError, KeyError, TypeError):
        return None
