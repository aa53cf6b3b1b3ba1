# What this package raises.  Each error says what to do next, as the command line does.
# SPDX-License-Identifier: MIT
from __future__ import annotations

from concurrent.futures import BrokenExecutor


class PclusterError(RuntimeError):
    """The `pcluster` program, or this package, could not do what was asked.

    `code` is the program's exit code (docs/architecture.md, contracts): 2 wrong usage, 3 no
    launcher, or it refused, 4 timed out, 125 ours.
    """

    def __init__(self, message: str, hint: str = "", code: int = 125):
        super().__init__(message)
        self.message, self.hint, self.code = message, hint, code

    def __str__(self) -> str:
        return f"{self.message}\n  {self.hint}" if self.hint else self.message

    def __reduce__(self):
        return type(self), (self.message, self.hint, self.code)


class StartTimeout(PclusterError, TimeoutError):
    """No worker came home in time."""


class CallCrashed(PclusterError, BrokenExecutor):
    """The process that ran a call ended: a segmentation fault, os._exit(), out of memory."""


class CallLost(PclusterError, BrokenExecutor):
    """Every worker that a call was given to was lost, more often than it may be tried again."""


class BrokenEngines(PclusterError, BrokenExecutor):
    """An Executor that can run no more calls: its initializer failed, or there is no cluster."""
