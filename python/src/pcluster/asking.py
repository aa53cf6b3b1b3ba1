# A question to the person at the terminal or in the notebook, with an answer of one letter.
# SPDX-License-Identifier: MIT
from __future__ import annotations

import select
import sys
import time

from .progress import in_jupyter


def can_ask() -> bool:
    """Whether there is somebody to answer."""
    if in_jupyter():
        return True
    return bool(sys.stdin and sys.stdin.isatty())


def ask(question: str, letters: str, default: str | None, wait: float) -> str | None:
    """One of `letters`; `default` for an empty line, the end of input, or none in `wait` seconds.

    A notebook waits for its reader as long as it takes.
    """
    words = question + (f"[{default}] " if default else "")
    until = time.monotonic() + wait
    while True:
        answer = _line(words, max(0.0, until - time.monotonic()))
        if answer is None:
            print(file=sys.stderr)
            return default
        letter = answer.strip().lower()[:1]
        if letter and letter in letters:
            return letter
        if not letter and default:
            return default
        words = f"write one of {', '.join(letters)}: "


def _line(words: str, wait: float) -> str | None:
    """None: no line came."""
    if in_jupyter():
        return input(words)
    print(words, end="", file=sys.stderr, flush=True)
    ready, _, _ = select.select([sys.stdin], [], [], wait)
    return (sys.stdin.readline() or None) if ready else None
