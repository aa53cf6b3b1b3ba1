# Python's values as words of the command line, and words for people.
# SPDX-License-Identifier: MIT
from __future__ import annotations

import sys
from typing import Any


def option_words(**values: Any) -> list[str]:
    """{"n_jobs": 2} becomes --n-jobs 2; None is not said."""
    return [word for name, value in values.items() if value is not None
            for word in ("--" + name.replace("_", "-"), str(value))]


def run_words(options: dict[str, Any]) -> list[str]:
    """The options of Cluster.run() as words of `pcluster run`."""
    env = options.pop("env", None) or {}
    options.setdefault("memory", None)
    words = option_words(**{**options, "memory": size(options["memory"])})
    return words + [word for key, value in env.items() for word in ("--env", f"{key}={value}")]


def size(memory: str | int | None) -> str | None:
    """Memory as the command line has it: a text, or bytes."""
    return f"{-(-memory // (1 << 20))}M" if isinstance(memory, int) else memory


def seconds(time: str | float | None) -> str | None:
    """A time as the command line has it: a text, or seconds."""
    return f"{time:.3f}s" if isinstance(time, (int, float)) else time


def bracketed(host: str) -> str:
    """A host before a port: an IPv6 address stands in brackets."""
    return f"[{host}]" if ":" in host else host


def many(n: int, what: str) -> str:
    """"1 job", "2 jobs"."""
    return f"{n} {what}" + ("" if n == 1 else "s")


def say(line: str) -> None:
    """To standard error, as the command line does."""
    print(line, file=sys.stderr, flush=True)
