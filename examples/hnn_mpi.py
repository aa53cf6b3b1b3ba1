"""hnn-core's usage of MPIBackend on a cluster; the one line that is not hnn-core's is marked.

    pcluster submit --cores 4 && python examples/hnn_mpi.py       # docs/hnn.md
"""
# SPDX-License-Identifier: MIT
from hnn_core import jones_2009_model, simulate_dipole
from pcluster.hnn import MPIBackend  # changed: from hnn_core import MPIBackend

net = jones_2009_model(add_drives_from_params=True)

with MPIBackend(n_procs=2):
    dpls = simulate_dipole(net, tstop=170, n_trials=1)

if __name__ == "__main__":
    peak = max(dpls[0].data["agg"], key=abs)
    print(f"{len(dpls)} dipole of {dpls[0].times[-1]:.0f} ms, its peak {peak:.4g} nAm")
