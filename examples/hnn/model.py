"""The network of docs/hnn.md: Jones 2009 with its evoked drives."""
# SPDX-License-Identifier: MIT
import hnn_core.parallel_backends as backends
import numpy as np
from hnn_core import jones_2009_model
from hnn_core.network_models import add_erp_drives_to_jones_model

# MPIBackend ends every process of this machine that is named nrniv when it is left.
backends.kill_proc_name = lambda name: False


def network():
    net = jones_2009_model()
    add_erp_drives_to_jones_model(net)
    return net


def save(path, net, dipoles):
    """Dipoles and spikes of all trials, to be compared bit by bit."""
    arrays = {}
    for trial, dipole in enumerate(dipoles):
        arrays[f"dipole{trial}"] = dipole.data["agg"]
        times = np.array(net.cell_response.spike_times[trial])
        gids = np.array(net.cell_response.spike_gids[trial])
        order = np.lexsort((gids, times))
        arrays[f"times{trial}"], arrays[f"gids{trial}"] = times[order], gids[order]
        cells = sum(len(net.gid_ranges[name]) for name in net.cell_types)
        arrays[f"cells{trial}"] = np.array((gids < cells).sum())
    np.savez(path, **arrays)
