# hnn-core's own backends and pcluster.hnn in one run, on a cluster of two slots.
# SPDX-License-Identifier: MIT
#
# python bench/clients/hnn.py: a line per system, with seconds of both and ours / theirs.  What is
# compared ran in pairs, ours right after theirs; dipoles must be equal.
import contextlib
import io
import os
import sys
import time
from pathlib import Path

import hnn_core.parallel_backends as theirs
from hnn_core import JoblibBackend, jones_2009_model, simulate_dipole
from pcluster.hnn import MPIBackend

# Their MPIBackend ends every process of this machine that is named nrniv.
theirs.kill_proc_name = lambda name: False


def timed(net, **what):
    """Seconds of one simulate_dipole(), and its dipoles' bytes."""
    begun = time.perf_counter()
    with contextlib.redirect_stdout(io.StringIO()):
        dipoles = simulate_dipole(net, verbose=False, **what)
    return time.perf_counter() - begun, [dipole.data["agg"].tobytes() for dipole in dipoles]


def line(name, ours, own):
    assert ours[1] == own[1], f"{name}: other dipoles"
    print(f"{name:<44} {ours[0]:8.2f} s {own[0]:8.2f} s {ours[0] / own[0]:6.2f}", flush=True)


def main():
    os.environ["PATH"] = str(Path(sys.executable).parent) + os.pathsep + os.environ["PATH"]
    for name in ("OMPI_ALLOW_RUN_AS_ROOT", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"):
        os.environ.setdefault(name, "1")
    net = jones_2009_model(add_drives_from_params=True)
    few = jones_2009_model(add_drives_from_params=True, mesh_shape=(3, 3))
    with theirs.MPIBackend(n_procs=2):
        own = timed(net, tstop=170, n_trials=1)
        own_four = timed(net, tstop=30, n_trials=4)
        own_few = timed(few, tstop=30, n_trials=4)
    with MPIBackend(n_procs=2):
        line("hnn 170 ms, 1 trial on 2 ranks, first call", timed(net, tstop=170, n_trials=1), own)
        line("hnn 170 ms, 1 trial on 2 ranks, later call", timed(net, tstop=170, n_trials=1), own)
        line("hnn 30 ms, 4 trials on 2 ranks", timed(net, tstop=30, n_trials=4), own_four)
        line("hnn 30 ms, 24 cells, 4 trials on 2 ranks", timed(few, tstop=30, n_trials=4), own_few)
    with JoblibBackend(n_jobs=2):
        own_joblib = timed(net, tstop=30, n_trials=4)
    with MPIBackend(n_procs=1):
        timed(few, tstop=1, n_trials=2)
        line("hnn 30 ms, 4 trials, 2 side by side (joblib)", timed(net, tstop=30, n_trials=4),
             own_joblib)


if __name__ == "__main__":
    main()
