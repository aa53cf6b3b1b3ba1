# Functions as an Executor knows them: pickled once where that is safe, and told apart by bytes.
# SPDX-License-Identifier: MIT
from __future__ import annotations

import itertools
import sys
from collections import OrderedDict
from types import BuiltinFunctionType, CodeType, FunctionType, ModuleType
from typing import Any, Callable

from . import calls

_KEPT = 512           # functions
_SMALL = 1 << 20      # bytes of a pickle that is compared with others
_MISSING = object()
_CONSTANT = (int, float, complex, str, bytes, bool, type(None), ModuleType, BuiltinFunctionType,
             type, type(Ellipsis), range)
_number = itertools.count(1)


class Function:
    """A pickled function; `seconds` that a call takes, as last measured."""
    __slots__ = ("id", "name", "data", "buffers", "seconds")

    def __init__(self, name: str, data: bytes, buffers: list[memoryview]):
        self.id = next(_number)
        self.name, self.data, self.buffers = name, data, buffers
        self.seconds: float | None = None


class Functions:
    """Callable -> Function.

    A function of a module is pickled once.  One that is sent by value (of __main__, say) is pickled
    again when what it refers to is another object than before, and each time when that is a thing
    that may have changed in place: a call sees the values of the moment of submit.
    """

    def __init__(self) -> None:
        # id -> callable, Function, what must still be as it was
        self._known: OrderedDict[int, tuple[Any, Function, list[tuple]]] = OrderedDict()
        self._same: OrderedDict[bytes, Function] = OrderedDict()

    def of(self, function: Callable[..., Any]) -> Function:
        known = self._known.get(id(function))
        if known is not None and known[0] is function:
            for where, name, value in known[2]:
                if where.get(name, _MISSING) is not value:
                    break
            else:
                return known[1]
        return self._pickled(function)

    def _pickled(self, function: Callable[..., Any]) -> Function:
        data, buffers = calls.dumps(function)
        made = None if buffers else self._same.get(data)
        if made is None:
            made = Function(calls.name_of(function), data, buffers)
            if not buffers and len(data) <= _SMALL:
                _keep(self._same, data, made)
        watched = _watched(function) if isinstance(function, FunctionType) else (
            [] if isinstance(function, BuiltinFunctionType) else None)
        if watched is not None:
            _keep(self._known, id(function), (function, made, watched))
        return made


def _keep(where: OrderedDict, key: Any, value: Any) -> None:
    where[key] = value
    where.move_to_end(key)
    if len(where) > _KEPT:
        where.popitem(last=False)


class _Cell(dict):
    """The content of a closure's cell, as `get` of a namespace."""

    def __init__(self, cell: Any):
        super().__init__()
        self.cell = cell

    def get(self, _name: Any, missing: Any = None) -> Any:
        try:
            return self.cell.cell_contents
        except ValueError:
            return missing


class _Attributes(dict):
    def __init__(self, function: FunctionType):
        super().__init__()
        self.function = function

    def get(self, name: Any, missing: Any = None) -> Any:
        return getattr(self.function, name, missing)


def _watched(function: FunctionType) -> list[tuple] | None:
    """What must stay the same object for the pickle to stay right; None: cannot be told."""
    if _by_reference(function):
        return []
    watched: list[tuple] = []
    return watched if _watch(function, watched, set()) else None


def _watch(function: FunctionType, watched: list[tuple], seen: set[int]) -> bool:
    if id(function) in seen:
        return True
    seen.add(id(function))
    if function.__dict__:
        return False
    names = _names(function.__code__)
    places = [(function.__globals__, name) for name in names]
    places += [(_Cell(cell), "") for cell in function.__closure__ or ()]
    own = _Attributes(function)
    places += [(own, name) for name in ("__code__", "__defaults__", "__kwdefaults__")]
    for where, name in places:
        value = where.get(name, _MISSING)
        if not _constant(value, watched, seen):
            return False
        watched.append((where, name, value))
    return True


def _names(code: CodeType) -> set[str]:
    found = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            found |= _names(constant)
    return found


def _constant(value: Any, watched: list[tuple], seen: set[int]) -> bool:
    if value is _MISSING or isinstance(value, _CONSTANT) or isinstance(value, CodeType):
        return True
    if isinstance(value, (tuple, frozenset)):
        return all(_constant(each, watched, seen) for each in value)
    return isinstance(value, FunctionType) and (
        _by_reference(value) or _watch(value, watched, seen))


def _by_reference(function: FunctionType) -> bool:
    """Is its name enough to find it in an engine?"""
    found: Any = sys.modules.get(function.__module__)
    for name in function.__qualname__.split("."):
        found = getattr(found, name, None)
    return found is function and function.__module__ != "__main__" and not calls.by_value()
