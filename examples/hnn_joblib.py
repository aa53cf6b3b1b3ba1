# Trials of HNN's network with hnn-core's JoblibBackend.  Changed lines end in "# pcluster".
# SPDX-License-Identifier: MIT
import sys

from hnn_core import JoblibBackend, jones_2009_model, simulate_dipole
from joblib import parallel_config

import pcluster.joblib  # pcluster

tstop = float(sys.argv[1]) if len(sys.argv) > 1 else 170  # ms
width = int(sys.argv[2]) if len(sys.argv) > 2 else 10     # cells along a side

net = jones_2009_model(add_drives_from_params=True, mesh_shape=(width, width))
with parallel_config("pcluster"), JoblibBackend(n_jobs=2):  # pcluster
    dpls = simulate_dipole(net, tstop=tstop, n_trials=2)
for number, dpl in enumerate(dpls):
    print(f"trial {number}: {len(dpl.times)} samples, peak {abs(dpl.data['agg']).max():.12g}")
