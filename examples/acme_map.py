# ACME's own first examples, on pcluster: the three lines with "new" were not there.
# SPDX-License-Identifier: MIT
import numpy as np
import dask.distributed as dd  # new
import pcluster.dask  # new
from acme import ParallelMap

client = dd.Client(pcluster.dask.Cluster())  # new


def f(x, y, z=3):
    return (x + y) * z


with ParallelMap(f, [2, 4, 6, 8], 4) as pmap:
    pmap.compute()


def g(x, y, z=3, w=np.zeros((3, 1)), **kwargs):
    return (sum(x) + y) * z * w.max()


pmap = ParallelMap(g, [2, 4, 6, 8], [2, 2], z=np.array([1, 2]), w=np.ones((8, 1)), n_inputs=2)

with pmap as p:
    p.compute()
