# Functions, arguments, results and exceptions as bytes.
# SPDX-License-Identifier: MIT
from __future__ import annotations

import pickle
import sys
import traceback
from typing import Any, Callable

from .wire import Buffer

#: Buffers (of NumPy arrays, say) of at least this many bytes travel beside the pickle, uncopied.
OUT_OF_BAND = 64 << 10


def by_value() -> bool:
    """Has a module been registered with cloudpickle, to be sent by value?"""
    module = sys.modules.get("cloudpickle.cloudpickle")
    return bool(module and getattr(module, "_PICKLE_BY_VALUE_MODULES", ()))


def dumps(value: Any) -> tuple[bytes, list[memoryview]]:
    """The pickle of a value and its large buffers.  What is of __main__ goes by value."""
    buffers: list[memoryview] = []

    def in_band(buffer: pickle.PickleBuffer) -> bool:
        view = buffer.raw()
        if view.nbytes < OUT_OF_BAND:
            return True
        buffers.append(view)
        return False

    if not by_value():
        try:
            data = pickle.dumps(value, 5, buffer_callback=in_band)
            if b"__main__" not in data:
                return data, buffers
        except Exception:  # cloudpickle can do more, and says better what it cannot
            pass
        buffers.clear()
    import cloudpickle  # type: ignore[import-untyped]
    return cloudpickle.dumps(value, protocol=5, buffer_callback=in_band), buffers


def loads(data: Buffer, buffers: list[bytearray] | None = None) -> Any:
    return pickle.loads(data, buffers=buffers or None)


class RemoteTraceback(Exception):
    """The cause of an exception that came from an engine: the traceback there."""

    def __init__(self, text: str):
        super().__init__(text)
        self.text = text

    def __str__(self) -> str:
        return f'\n"""\n{self.text}"""'

    def __reduce__(self):
        return RemoteTraceback, (self.text,)


def dump_error(error: BaseException) -> bytes:
    """An exception with its traceback; of one that cannot be pickled, what it says."""
    text = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    try:
        data, _ = dumps_in_band(error)
    except Exception:
        data = None
    return pickle.dumps((data, text, type(error).__name__), 5)


def dumps_in_band(value: Any) -> tuple[bytes, None]:
    data, buffers = dumps(value)
    if buffers:  # rare: an exception that carries a large array
        import cloudpickle
        data = cloudpickle.dumps(value, protocol=5)
    return data, None


def load_error(data: Buffer) -> BaseException:
    """The exception of dump_error, its remote traceback as __cause__."""
    pickled, text, name = pickle.loads(data)
    error: Any = None
    if pickled is not None:
        try:
            error = pickle.loads(pickled)
        except Exception:
            pass
    if not isinstance(error, BaseException):
        error = RuntimeError(f"an exception of type {name} that cannot be brought back: "
                             f"{text.strip().splitlines()[-1]}")
    error.__cause__ = RemoteTraceback(text)
    return error


def name_of(function: Callable[..., Any]) -> str:
    return getattr(function, "__qualname__", None) or type(function).__name__
