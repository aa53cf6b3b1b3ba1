# The `pcluster` program: where it is, and its verbs as function calls.
# SPDX-License-Identifier: MIT
from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any, Sequence

from .errors import PclusterError, StartTimeout

#: Beside this file in a wheel made by `./dev wheel`: the directory that `./dev install` makes.
_BUNDLED = Path(__file__).parent / "program" / "bin" / "pcluster"


def find() -> str:
    """The path of the program: $PCLUSTER_PROGRAM, the one on PATH, or the wheel's own."""
    named = os.environ.get("PCLUSTER_PROGRAM")
    if named:
        if not os.access(named, os.X_OK):
            raise PclusterError(f"$PCLUSTER_PROGRAM, {named}, is no program that may be run",
                                "name the installed bin/pcluster", 2)
        return os.path.abspath(named)
    on_path = shutil.which("pcluster")
    if on_path:
        return on_path
    if os.access(_BUNDLED, os.X_OK):
        return str(_BUNDLED)
    raise PclusterError(
        "the program pcluster is not on PATH",
        "add the bin directory of its installation to PATH, or set $PCLUSTER_PROGRAM", 2)


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
