# How an engine is started: its command, its environment and its first message.
# SPDX-License-Identifier: MIT
from __future__ import annotations

import os
import pickle
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from . import calls, wire

if TYPE_CHECKING:
    from .links import Options


def argv(module: str = "engine") -> list[str]:
    """This interpreter, with this package last on its path: nothing else of it is found first."""
    where = str(Path(__file__).parent.parent)
    return [sys.executable, "-c", "import sys; sys.path[:1] = []; "
            f"sys.path.append({where!r}); from pcluster.{module} import main; main()"]


def start_message(options: Options) -> list[wire.Buffer]:
    initializer = None
    if options.initializer is not None:
        initializer = calls.dumps_in_band((options.initializer, options.initargs))[0]
    here = os.getcwd()
    return wire.pack(wire.START, pickle.dumps({
        "method": options.start_method, "preload": list(options.preload), "directory": here,
        "path": [each or here for each in sys.path], "initializer": initializer}, 5))
