"""Scientists' trials onto a cluster and back, from Python: docs/python.md of the project.

    import pcluster
    with pcluster.Cluster(partition="16GBXL", n_jobs=10) as cluster:
        results = cluster.map(function, range(500))

Everything is imported when it is first used: `import pcluster` costs a few milliseconds.
"""
# SPDX-License-Identifier: MIT
from __future__ import annotations

import importlib

TYPE_CHECKING = False  # typing itself is a third of the time that this import takes
if TYPE_CHECKING:
    from typing import Any

__version__ = "0.1.0"

# Name -> the module that has it.
_WHERE = {
    "PclusterError": "errors", "StartTimeout": "errors", "CallCrashed": "errors",
    "CallLost": "errors", "BrokenEngines": "errors",
    "Cluster": "cluster", "Executor": "executor", "Channels": "channels",
    "esi_cluster_setup": "setup", "slurm_cluster_setup": "setup",
    "local_cluster_setup": "setup", "cluster_cleanup": "setup",
    "setup_cluster": "caiman", "stop_server": "caiman",
}
__all__ = sorted(_WHERE)


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module 'pcluster' has no attribute {name!r}")
    value = getattr(importlib.import_module(f".{_WHERE[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_WHERE})
