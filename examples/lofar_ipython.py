# The LOFAR pipeline's ipython_cluster(), engines on the cluster's slots.  Changed: "# pcluster".
# SPDX-License-Identifier: MIT
import contextlib
import sys

import ipyparallel


@contextlib.contextmanager
def ipython_cluster(nproc):
    """A task client, which shares work out, and a multiengine client, which is all engines."""
    cluster = ipyparallel.Cluster(n=nproc, engines="pcluster",  # pcluster
                                  controller_args=["--HeartMonitor.period=500"], log_level=30)
    client = cluster.start_and_connect_sync()
    try:
        yield client.load_balanced_view(), client[:]
    finally:
        client.close()
        cluster.stop_cluster_sync()


def flagged(subband):
    """The share of a subband's samples that interference has spoilt."""
    import random
    noise = random.Random(subband)
    return sum(noise.gauss(0, 1) > 2 for _ in range(10000)) / 10000


with ipython_cluster(nproc=int(sys.argv[1]) if len(sys.argv) > 1 else 2) as (tc, mec):
    mec.execute("import os", block=True)
    print("engines:", len(mec), "processes:", len(set(mec.apply_sync(lambda: os.getpid()))))
    shares = tc.map_sync(flagged, range(24))
    print("subbands:", len(shares), "flagged:", f"{100 * sum(shares) / len(shares):.2f} %")
