"""One trial of hnn-core over the ranks that start this; TSTOP and FILE come from the environment.

pcluster map --ranks 2 --trials 0-9 --env TSTOP=170 --env FILE=trial -- \
    nrniv -python -mpi -nobanner "$(which python)" trial.py
"""
# SPDX-License-Identifier: MIT
import os
import sys

from mpi4py import MPI

sys.path.insert(0, os.getcwd())
from hnn_core.network_builder import _simulate_single_trial  # noqa: E402
from hnn_core.parallel_backends import _gather_trial_data  # noqa: E402

import model  # noqa: E402

tstop, trial = float(os.environ["TSTOP"]), int(os.environ["PCLUSTER_TRIAL"])
net = model.network()
net._instantiate_drives(n_trials=trial + 1, tstop=tstop)
data = _simulate_single_trial(net, tstop, 0.025, trial)
if MPI.COMM_WORLD.Get_rank() == 0:
    dipoles = _gather_trial_data([data], net, 1, False)
    model.save(f"{os.environ['FILE']}{trial}.npz", net, dipoles)
MPI.COMM_WORLD.Barrier()  # nrniv ends MPI by itself
