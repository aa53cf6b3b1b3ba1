"""python backend.py TSTOP TRIALS FILE [MPIEXEC]: hnn-core's own MPIBackend over two ranks."""
# SPDX-License-Identifier: MIT
import sys
import time

from hnn_core import MPIBackend, simulate_dipole

import model

if __name__ == "__main__":
    tstop, trials, path = float(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    command = sys.argv[4] if len(sys.argv) > 4 else "mpiexec"
    net = model.network()
    begun = time.time()
    with MPIBackend(n_procs=2, mpi_cmd=command):
        dipoles = simulate_dipole(net, tstop=tstop, n_trials=trials, postproc=False)
    print(f"{command}: {trials} trials in {time.time() - begun:.1f} s")
    model.save(path, net, dipoles)
