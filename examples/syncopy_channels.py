# Syncopy's own example of parallel channels, on pcluster: the three lines with "new" are new.
# SPDX-License-Identifier: MIT
import dask.distributed as dd  # new
import pcluster.dask  # new
import syncopy as spy

client = dd.Client(pcluster.dask.Cluster())  # new

data = spy.synthdata.white_noise(nTrials=8, nChannels=200)

spec = spy.freqanalysis(data,
                        method="mtmfft",
                        foilim=[1, 150],
                        tapsmofrq=10,
                        parallel=True,
                        chan_per_worker=40)
