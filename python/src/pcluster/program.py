# The `pcluster` program: where it is, and its verbs as function calls.
# SPDX-License-Identifier: MIT
from __future__ import annotations

import codecs
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, Sequence

from .errors import PclusterError, StartTimeout

#: Beside this file in a wheel made by `./dev wheel`: the directory that `./dev install` makes.
_BUNDLED = Path(__file__).parent / "program" / "bin" / "pcluster"


def find() -> str:
    """The path of the program: $PCLUSTER_PROGRAM, the wheel's own, or the one on PATH."""
    named = os.environ.get("PCLUSTER_PROGRAM")
    if named:
        if not os.access(named, os.X_OK):
            raise PclusterError(f"$PCLUSTER_PROGRAM, {named}, is no program that may be run",
                                "name the installed bin/pcluster", 2)
        return os.path.abspath(named)
    if os.access(_BUNDLED, os.X_OK):
        return str(_BUNDLED)
    on_path = shutil.which("pcluster")
    if on_path:
        return on_path
    raise PclusterError(
        "the program pcluster is not on PATH",
        "add the bin directory of its installation to PATH, or set $PCLUSTER_PROGRAM", 2)


def main() -> None:
    """The command `pcluster` of a wheel that carries the program."""
    os.execv(_BUNDLED, [str(_BUNDLED), *sys.argv[1:]])


def argv(verb: str, *words: str, cluster: str | None = None) -> list[str]:
    """The command of a verb; `words` may end in `--` and a program's own words."""
    return [find(), verb, *(("--cluster", cluster) if cluster else ()), *words]


def error_of(returncode: int, out: str, err: str) -> PclusterError:
    """What a verb with --json that has failed says, as an exception."""
    for text in (out, err):
        for line in [text, *text.splitlines()]:
            try:
                said = json.loads(line)["error"]
            except (ValueError, KeyError, TypeError):
                continue
            kind = StartTimeout if said.get("code") == 4 else PclusterError
            return kind(said["message"], said.get("hint", ""), said["code"])
    told = err.strip() or out.strip() or f"pcluster ended with {returncode}"
    return PclusterError(told.removeprefix("pcluster: "), "", returncode)


def call(verb: str, *words: str, cluster: str | None = None,
         good: Sequence[int] = (0,)) -> dict[str, Any]:
    """Runs a verb with --json and returns its document; PclusterError says why it failed."""
    done = subprocess.run(argv(verb, "--json", *words, cluster=cluster), stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, check=False)
    if done.returncode not in good:
        raise error_of(done.returncode, done.stdout, done.stderr)
    return json.loads(done.stdout) if done.stdout.strip() else {}


def talk(verb: str, *words: str, cluster: str | None = None,
         good: Sequence[int] = (0,)) -> dict[str, Any]:
    """As call(), of a verb that takes its time: what it says meanwhile appears on sys.stderr."""
    live = _is_stderr(sys.stderr)
    # In a session of its own: Ctrl-C at the terminal reaches it once, through us.
    process = subprocess.Popen(
        argv(verb, "--json", *words, cluster=cluster), stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=None if live else subprocess.PIPE, start_new_session=True)
    try:
        said = b"" if live else _relay(process)
        out = process.communicate()[0].decode(errors="replace")
    except BaseException:
        process.send_signal(signal.SIGINT)  # it cancels what it has queued, and ends
        process.communicate()
        raise
    if process.returncode not in good:
        raise error_of(process.returncode, out, said.decode(errors="replace"))
    return json.loads(out) if out.strip() else {}


def _is_stderr(stream: Any) -> bool:
    """False in Jupyter and wherever else stderr is no file of the system's."""
    try:
        return stream.fileno() == 2
    except (AttributeError, OSError, ValueError):
        return False


def _relay(process: subprocess.Popen) -> bytes:
    """Its standard error, written to ours as it comes; the documents on stdout are short."""
    assert process.stderr is not None
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    said = b""
    while (got := os.read(process.stderr.fileno(), 65536)):
        said = (said + got)[-65536:]
        if sys.stderr is not None:
            sys.stderr.write(decoder.decode(got))
            sys.stderr.flush()
    return said
