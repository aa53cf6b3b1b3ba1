# Syncopy's own example for a cluster with Slurm, on pcluster: lines with "was" are changed.
# SPDX-License-Identifier: MIT
import dask.distributed as dd
import pcluster.dask  # was import dask_jobqueue as dj

n_jobs = 8

cluster = pcluster.dask.Cluster()  # was dj.SLURMCluster(cores=1, memory=..., queue=...)

cluster.scale(n_jobs)
client = dd.Client(cluster)

# now start syncopy computations
# global dask `client` gets automatically recognized
import syncopy as spy

data = spy.synthdata.white_noise(nTrials=500, nSamples=10_000, nChannels=10)

# band pass filtering between 20Hz and 40Hz
spec = spy.preprocessing(data, freq=[20, 40], filter_type='bp')
