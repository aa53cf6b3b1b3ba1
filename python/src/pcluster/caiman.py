# CaImAn's setup_cluster and stop_server, with their processes on the cluster's slots.
# SPDX-License-Identifier: MIT
"""Where an analysis says `cm.cluster.setup_cluster(...)`, it says `pcluster.setup_cluster(...)`.

CaImAn asks of the `dview` only whether "multiprocessing" is in the name of its class, and takes it
for ipyparallel's DirectView else.  CaImAn itself is not imported here.
"""
from __future__ import annotations

import logging
import weakref
from typing import Any

from .cluster import current
from .errors import PclusterError

__all__ = ["setup_cluster", "stop_server"]

_log = logging.getLogger("caiman")
_pools: weakref.WeakSet = weakref.WeakSet()
# The controller counts an engine as there at its second heartbeat; as dead after 30 s, as ever.
_QUICK = ["--HeartMonitor.period=500", "--HeartMonitor.max_heartmonitor_misses=60"]
_engines: list[Any] = []  # the ipyparallel.Client that setup_cluster made


def setup_cluster(backend: str = "multiprocessing", n_processes: int | None = None,
                  single_thread: bool = False, ignore_preexisting: bool = False,
                  maxtasksperchild: int | None = None, *, cluster: Any = None,
                  **options: Any) -> tuple[Any, Any, int]:
    """(c, dview, n_processes), as caiman.cluster.setup_cluster returns them.

    `backend`: "multiprocessing", or its names "pcluster" and "local": `dview` is a
    pcluster.multiprocessing.Pool; "ipyparallel": a DirectView of engines; "single": None, nothing
    is parallel.  `n_processes`: None takes all slots of the cluster.  `cluster`: a Cluster or its
    name; None: the one that runs, or a local one.  `options`: pcluster.Executor's; of
    engines, those of pcluster.ipyparallel.EngineSetLauncher.
    Raises Exception for another backend, and while a pool runs that was set up earlier
    (`ignore_preexisting`: not then), as CaImAn does.
    """
    if backend in ("multiprocessing", "pcluster", "local"):
        if backend == "local":
            _log.warning("backend='local' is CaImAn's old name of backend='multiprocessing'")
        return None, *_pool(n_processes, ignore_preexisting, maxtasksperchild, cluster, options)
    if backend == "ipyparallel":
        return _direct_view(n_processes, cluster, options)
    if backend == "single" or single_thread:
        return None, None, 1
    raise Exception("Unknown Backend: not multiprocessing, pcluster, ipyparallel or single")


def stop_server(ipcluster: str = "ipcluster", pdir: str | None = None,
                profile: str | None = None, dview: Any = None) -> None:
    """Ends the processes of `dview`, or without one the engines that setup_cluster started.

    `ipcluster`, `pdir` and `profile` are CaImAn's and not needed here.
    """
    if "multiprocessing" in str(type(dview)):
        dview.terminate()
        dview.join()
        _pools.discard(dview)
        return
    clients = list(_engines) if dview is None else [dview.client]
    for client in clients:
        if client in _engines:
            _engines.remove(client)
        client.close()
        if client.cluster is not None:
            client.cluster.stop_cluster_sync()


def _pool(n_processes: int | None, ignore_preexisting: bool, maxtasksperchild: int | None,
          cluster: Any, options: dict[str, Any]) -> tuple[Any, int]:
    from .multiprocessing import Pool

    if any(pool._state == "RUN" for pool in _pools):
        if not ignore_preexisting:
            raise Exception("A cluster is already running. "
                            "Terminate with dview.terminate() if you want to restart.")
        _log.warning("a pool that was set up earlier still runs")
    pool = Pool(n_processes, maxtasksperchild=maxtasksperchild, cluster=cluster, **options)
    _pools.add(pool)
    return pool, pool._processes


def _direct_view(n_processes: int | None, cluster: Any,
                 options: dict[str, Any]) -> tuple[Any, Any, int]:
    try:
        import ipyparallel
        from traitlets.config import Config
    except ImportError as error:
        raise PclusterError("backend='ipyparallel' needs the package ipyparallel",
                            "pip install 'pcluster[ipyparallel]', or say backend='pcluster'"
                            ) from error
    stop_server()  # as CaImAn does
    home = current(cluster)
    count = n_processes or max(1, home.slots)
    settings = Config({"EngineSetLauncher": {"cluster": home.name, **options}})
    client = ipyparallel.Cluster(n=count, engines="pcluster", config=settings, delay=0,
                                 controller_args=_QUICK).start_and_connect_sync()
    _engines.append(client)
    return client, client[:], count
