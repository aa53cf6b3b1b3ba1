# Syncopy's own first example of parallel processing, on pcluster: lines with "was" are changed.
# SPDX-License-Identifier: MIT
import dask.distributed as dd
import pcluster.dask  # was not there

# request 8 worker processes
cluster = pcluster.dask.Cluster(8)  # was dd.LocalCluster(n_workers=8)

# attach a client to the cluster
client = dd.Client(cluster)

import syncopy as spy

# create ~1GB of white noise
data = spy.synthdata.white_noise(nTrials=5_000, nChannels=32)

# compute the power spectra
spec = spy.freqanalysis(data)
