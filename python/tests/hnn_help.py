# What the tests of pcluster.hnn share: a small network, its results, hnn-core's own backends.
# SPDX-License-Identifier: MIT
from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from pathlib import Path

import hnn_core.parallel_backends as theirs
from hnn_core import jones_2009_model, simulate_dipole
from hnn_core.network_models import add_erp_drives_to_jones_model


def network(electrodes=False):
    """24 cells; evoked and bursty drives, which have fired by 30 ms, and a bias."""
    net = jones_2009_model(mesh_shape=(3, 3))
    add_erp_drives_to_jones_model(net, tstart=-15)
    net.add_bursty_drive("bursts", location="distal", burst_rate=50, event_seed=3,
                         weights_ampa={"L2_pyramidal": 1e-4})
    net.add_tonic_bias(amplitude={"L2_pyramidal": 0.1})
    if electrodes:
        net.add_electrode_array("array", [(0, 0, 100), (50, 0, 300)])
    return net


def results(net, dipoles):
    """All that simulate_dipole has set, in forms whose == is of bits."""
    cells = net.cell_response
    arrays = {name: (array.voltages.tobytes(), list(array.times))
              for name, array in net.rec_arrays.items()}
    return ([dipole.data[name].tobytes() for dipole in dipoles for name in dipole.data],
            cells.spike_times, cells.spike_gids, cells.spike_types, list(cells.times),
            cells.vsec, cells.isec, cells.ca, arrays)


def simulate(electrodes=False, tstop=30, trials=2, verbose=False, **options):
    net = network(electrodes)
    return results(net, simulate_dipole(net, tstop=tstop, n_trials=trials, verbose=verbose,
                                        **options))


@contextlib.contextmanager
def their_backend(monkeypatch, ranks=2):
    """hnn-core's MPIBackend, without its last act: to end what is named nrniv on this machine."""
    with monkeypatch.context() as patch:
        patch.setattr(theirs, "kill_proc_name", lambda name: False)
        patch.setenv("PATH", os.path.dirname(sys.executable) + os.pathsep + os.environ["PATH"])
        if os.getuid() == 0:
            for name in ("OMPI_ALLOW_RUN_AS_ROOT", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"):
                patch.setenv(name, "1")
        with theirs.MPIBackend(n_procs=ranks):
            yield


def ranks():
    """Process ids of the ranks on the tests' cluster."""
    found = set()
    directory = f"PCLUSTER_DIR={os.environ['PCLUSTER_DIR']}".encode()
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            words = (entry / "cmdline").read_bytes().split(b"\0")
            if len(words) > 1 and words[1].endswith(b"hnn_rank.py"):
                if directory in (entry / "environ").read_bytes().split(b"\0"):
                    found.add(int(entry.name))
    return found


def ranks_end(within=15):
    until = time.monotonic() + within
    while ranks() and time.monotonic() < until:
        time.sleep(0.05)
    return not ranks()


def soon(act, seconds=2.0):
    """Calls act() in a thread, `seconds` after ranks are there."""
    def wait():
        while not ranks():
            time.sleep(0.05)
        time.sleep(seconds)
        act()
    thread = threading.Thread(target=wait, daemon=True)
    thread.start()
    return thread


class Found:
    """Something in a network whose module is on the path of the tests only."""


class Mine:
    """Something in a network that runs `code` where the network is unpickled: in each rank."""

    def __init__(self, code):
        self.code = code

    def __reduce__(self):
        return exec, (self.code,)
