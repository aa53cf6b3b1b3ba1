# hnn-core's MPIBackend on a cluster: neurons split over ranks, trials side by side.
# SPDX-License-Identifier: MIT
"""`from pcluster.hnn import MPIBackend` in place of `from hnn_core import MPIBackend`.

    with MPIBackend(n_procs=4):
        dipoles = simulate_dipole(net, tstop=170, n_trials=10)

docs/hnn.md tells what differs: the dipoles do not.
"""
from __future__ import annotations

import inspect
import os
import sys
import threading
import warnings
from typing import TYPE_CHECKING, Any

import cloudpickle

from .errors import PclusterError
from .hnn_gangs import Gangs, Terminated
from .hnn_wire import Call, Said

if TYPE_CHECKING:
    from .cluster import Cluster

__all__ = ["MPIBackend", "Terminated", "close"]

#: Versions of hnn-core that this was run with.
RUN_WITH = ("0.6.1",)
#: hnn-core's own default takes no more, "sensible_default_cores".
_MOST_BY_DEFAULT = 12
#: Arguments of hnn-core's MPIBackend that are about its mpiexec.
_THEIRS = {"mpi_cmd", "use_hwthreading_if_found", "sensible_default_cores",
           "override_hwthreading_option", "override_oversubscribe_option"}

_Key = tuple  # what gangs have in common: cluster, ranks, Python
_kept: dict[_Key, Gangs] = {}
_kept_lock = threading.Lock()


def close() -> None:
    """Ends the ranks that MPIBackend(keep=True) has left."""
    with _kept_lock:
        gangs = list(_kept.values())
        _kept.clear()
    for each in gangs:
        each.end()


class MPIBackend:
    """Within `with`, simulate_dipole() runs on MPI ranks of the cluster.

    n_procs: ranks that share the neurons of a trial; as many as the cluster has slots, 12 at most.
    n_parallel: trials at a time, each on `n_procs` ranks; as many as the slots hold.
    cluster: a pcluster.Cluster or its name; the running one, else one of this machine.
    keep: the ranks stay after `with`, for the next MPIBackend like this one, until
        pcluster.hnn.close() or the end of this process; they keep their slots for so long.
    python: the interpreter of the ranks, with hnn-core, NEURON and mpi4py; this process's own.
    timeout: s to wait for the first ranks; StartTimeout says why there are none.

    The ranks start with the first simulation and stay for those that follow.  An exception in a
    rank is raised here, its traceback as its cause; CallCrashed tells of ranks that have ended.
    """

    def __init__(self, n_procs: int | None = None, *, n_parallel: int | None = None,
                 cluster: Cluster | str | None = None, keep: bool = False,
                 python: str | None = None, timeout: float = 360, **theirs: Any) -> None:
        unknown = sorted(set(theirs) - _THEIRS)
        if unknown:
            raise TypeError(f"MPIBackend() got an unexpected keyword argument {unknown[0]!r}")
        for name in theirs:
            warnings.warn(f"{name} has no effect: the cluster starts the ranks", stacklevel=2)
        for name, value in (("n_procs", n_procs), ("n_parallel", n_parallel)):
            if value is not None and value < 1:
                raise ValueError(f"{name} is {value}: it must be 1 or more")
        self._hnn = _hnn_core()
        self._cluster = _current(cluster)
        self.n_procs = n_procs or max(1, min(self._cluster.slots, _MOST_BY_DEFAULT))
        self.n_parallel = n_parallel
        self._keep, self._timeout = keep, timeout
        self._python = python or sys.executable
        # This Python's modules are the ranks', but those of another Python are not.
        self._env = {} if python else {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        self._gangs: Gangs | None = None
        self._busy = threading.Lock()

    def __enter__(self) -> MPIBackend:
        backends = self._hnn.parallel_backends
        self._old_backend = backends._BACKEND
        backends._BACKEND = self
        return self

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        self._hnn.parallel_backends._BACKEND = self._old_backend
        ending, self._gangs = self._gangs, None
        if ending is not None and self._keep:
            with _kept_lock:
                before = _kept.get(self._key)
                _kept[self._key], ending = ending, before
        if ending is not None:
            ending.end()

    def simulate(self, net: Any, tstop: float, dt: float, n_trials: int,
                 postproc: bool = False) -> list[Any]:
        """simulate_dipole() calls this: a dipole for each trial, and the rest in `net`."""
        if self.n_procs > net._n_cells:
            raise ValueError(
                f"the network has {net._n_cells} cells, fewer than the {self.n_procs} MPI ranks "
                f"that would share them, and a rank without a cell waits for ever: "
                f"n_procs={net._n_cells} is the most")
        with self._busy:
            if self._gangs is None:
                self._gangs = self._taken()
            room = self.n_parallel or max(1, self._cluster.slots // self.n_procs)
            at_once = min(n_trials, room)
            print(f"pcluster runs {n_trials} trial(s), {at_once} at a time, "
                  f"each distributed over {self.n_procs} MPI rank(s).", flush=True)
            self._gangs.grow(at_once)
            call = Call(cloudpickle.dumps(net), tstop, dt)
            data = self._gangs.run(call, n_trials, _say)
        return self._hnn.parallel_backends._gather_trial_data(data, net, n_trials, postproc)

    def terminate(self) -> None:
        """Ends a simulation that runs in another thread: it raises Terminated there."""
        gangs = self._gangs
        if gangs is None or not self._busy.locked():
            warnings.warn("No currently running process to terminate", stacklevel=2)
        else:
            gangs.terminate()

    @property
    def _key(self) -> _Key:
        return self._cluster.name, self.n_procs, self._python

    def _taken(self) -> Gangs:
        """Gangs that were kept, or new ones."""
        with _kept_lock:
            kept = _kept.pop(self._key, None)
        return kept or Gangs(self.n_procs, cluster=self._cluster.name, python=self._python,
                             env=self._env, version=self._hnn.__version__, timeout=self._timeout)


def _say(said: Said) -> None:
    """What rank 0 prints, where hnn-core's own backend would print it."""
    stream = sys.stdout if said.descriptor == 1 else sys.stderr
    stream.write(said.text)
    stream.flush()


def _current(cluster: Cluster | str | None) -> Cluster:
    from .cluster import current
    return current(cluster)


def _hnn_core() -> Any:
    """hnn-core, if it has the private names that this needs."""
    try:
        import hnn_core
        from hnn_core import network_builder, parallel_backends
    except ImportError as error:
        raise PclusterError(f"hnn-core cannot be imported: {error}",
                            f"pip install hnn-core=={RUN_WITH[-1]} 'neuron<9' mpi4py", 2) from error
    versions = ", ".join(RUN_WITH)
    wanted = {"_BACKEND": (parallel_backends, None),
              "_gather_trial_data": (parallel_backends,
                                     ["sim_data", "net", "n_trials", "postproc"]),
              "_simulate_single_trial": (network_builder, ["net", "tstop", "dt", "trial_idx"])}
    for name, (module, arguments) in wanted.items():
        there = hasattr(module, name)
        if there and arguments is not None:
            there = list(inspect.signature(getattr(module, name)).parameters) == arguments
        if not there:
            raise PclusterError(
                f"hnn-core {hnn_core.__version__} has no {module.__name__}.{name} as this package "
                f"knows it: it was run with hnn-core {versions}",
                f"pip install hnn-core=={RUN_WITH[-1]}", 2)
    if hnn_core.__version__ not in RUN_WITH:
        warnings.warn(f"pcluster.hnn was run with hnn-core {versions}, not with "
                      f"{hnn_core.__version__}: compare a dipole with hnn-core's own", stacklevel=4)
    return hnn_core
