# How far a map is: tqdm's bar where there is tqdm, else the command line's.
# SPDX-License-Identifier: MIT
from __future__ import annotations

import os
import sys
import time
import warnings
from typing import Any, Iterable, Iterator


def wanted(progress: bool | None) -> bool:
    """None: at a terminal and in Jupyter."""
    if progress is not None:
        return progress
    return in_jupyter() or bool(getattr(sys.stderr, "isatty", lambda: False)())


def in_jupyter() -> bool:
    """Whether this Python is a notebook's kernel."""
    shell = sys.modules.get("IPython")
    kernel = shell.get_ipython() if shell else None
    return kernel is not None and hasattr(kernel, "kernel")


def bar(results: Iterable[Any], total: int, progress: bool | None) -> Iterator[Any]:
    """The results, and a bar of how many have come."""
    if not wanted(progress):
        return iter(results)
    try:
        with warnings.catch_warnings():  # that a notebook has no widgets
            warnings.simplefilter("ignore")
            from tqdm.auto import tqdm
    except ImportError:
        return _plain(results, total)
    return iter(tqdm(results, total=total))


def _plain(results: Iterable[Any], total: int) -> Iterator[Any]:
    """`[#########       ] | 58% Completed | 52.3s`, in place; in a log, a line every 5 s."""
    terminal = sys.stderr.isatty()
    begun, shown, done = time.monotonic(), 0.0, 0
    try:
        for result in results:
            done += 1
            now = time.monotonic()
            if now - shown >= (0.1 if terminal else 5):
                shown = now
                _show(done, total, now - begun, terminal)
            yield result
    finally:
        _show(done, total, time.monotonic() - begun, terminal)
        if terminal:
            sys.stderr.write("\n")


def _show(done: int, total: int, elapsed: float, terminal: bool) -> None:
    share = done / total if total else 1.0
    tail = f" | {int(share * 100)}% Completed | {elapsed:.1f}s"
    if not terminal:
        print(f"{done} of {total} done, {elapsed:.1f}s", file=sys.stderr, flush=True)
        return
    try:
        room = os.get_terminal_size(sys.stderr.fileno()).columns
    except (OSError, ValueError, AttributeError):
        room = 80
    width = max(10, min(40, room - len(tail) - 3))
    filled = int(share * width)
    sys.stderr.write(f"\r[{'#' * filled}{' ' * (width - filled)}]{tail}")
    sys.stderr.flush()
