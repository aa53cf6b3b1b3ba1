# What an engine finds around it: its channel, threads, import paths, directory.
# SPDX-License-Identifier: MIT
from __future__ import annotations

import importlib
import importlib.abc
import importlib.util
import os
import sys
from typing import Any, Iterable

_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS",
            "VECLIB_MAXIMUM_THREADS", "NUMEXPR_NUM_THREADS")
#: Descriptors that children of functions must not have.
private: set[int] = set()
channel_pair = (-1, -1)


def channel() -> tuple[int, int]:
    """The descriptors of $PCLUSTER_CHANNEL, kept from children; threads are limited."""
    global channel_pair
    reads, writes = (int(word) for word in os.environ.pop("PCLUSTER_CHANNEL").split(","))
    for descriptor in (reads, writes):
        os.set_inheritable(descriptor, False)  # programs
    channel_pair = (reads, writes)
    private.update(channel_pair)
    os.register_at_fork(after_in_child=close_private)  # and forks, as multiprocessing makes them
    for name in _THREADS:
        os.environ.setdefault(name, os.environ.get("PCLUSTER_CORES", "1"))
    for stream in (sys.stdout, sys.stderr):  # `pcluster logs` shows what was printed so far
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(line_buffering=True)
    sys.meta_path.insert(0, _OpenCV())
    return reads, writes


_first = -1  # a file that has the first message


def keep_message(message: bytes) -> None:
    """For a process that takes the place of this one."""
    global _first
    _first = os.memfd_create("pcluster")
    os.write(_first, message)


def first_message() -> bytes | None:
    """What the process before this one kept."""
    descriptor = os.environ.pop("PCLUSTER_FIRST", None)
    if descriptor is None:
        return None
    with open(int(descriptor), "rb") as kept:
        kept.seek(0)
        return kept.read()


def again() -> None:
    """A fresh process in the place of this one, on the same channel."""
    os.environ["PCLUSTER_CHANNEL"] = ",".join(map(str, channel_pair))
    os.environ["PCLUSTER_FIRST"] = str(_first)
    for descriptor in (*channel_pair, _first):
        os.set_inheritable(descriptor, True)
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    from .startup import argv
    os.execv(sys.executable, argv())


def close_private() -> None:
    for descriptor in private:
        try:
            os.close(descriptor)
        except OSError:
            pass
    private.clear()


def adopt(path: Iterable[str], directory: str) -> None:
    """The client's import path and working directory."""
    try:
        os.chdir(directory)
    except OSError as error:
        print(f"pcluster: cannot work in {directory}: {error}", file=sys.stderr)
    own = sys.path[:]
    sys.path[:] = list(path)
    sys.path += [each for each in own if each not in sys.path]


def preload(modules: Iterable[str]) -> None:
    for module in modules:
        try:
            importlib.import_module(module)
        except Exception as error:  # as multiprocessing's: whoever needs it says so
            print(f"pcluster: preload of {module}: {error}", file=sys.stderr)


class _OpenCV(importlib.abc.MetaPathFinder):
    """Calls cv2.setNumThreads(0) when OpenCV is imported: its threads heed no variable."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        if name != "cv2":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module

            def exec_module(module: Any) -> None:
                execute(module)
                getattr(sys.modules.get("cv2", module), "setNumThreads", lambda _n: None)(0)

            spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec
