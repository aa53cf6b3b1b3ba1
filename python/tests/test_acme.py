# ACME's own examples on pcluster.
# SPDX-License-Identifier: MIT
#
# It is in sys.prefix/acme: where Syncopy can import it, Syncopy takes another path.
import os
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np

EXAMPLES = Path(__file__).parents[2] / "examples"
ACME = Path(sys.prefix) / "acme"


def run(text, directory):
    (directory / "example.py").write_text(text)
    path = os.pathsep.join([*filter(None, [os.environ.get("PYTHONPATH")]), str(ACME)])
    done = subprocess.run([sys.executable, "example.py"], cwd=directory, capture_output=True,
                          text=True, timeout=100, check=False,
                          env={**os.environ, "PYTHONPATH": path})
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_its_examples(cluster, tmp_path):
    said = run((EXAMPLES / "acme_map.py").read_text(), tmp_path)
    assert "Attaching to parallel computing client <Client: 'tls://" in said
    assert "4 parallel calls of `f` using 2 workers" in said
    (stored,) = tmp_path.glob("ACME_*/f.h5")
    with h5py.File(stored) as file:
        got = [float(np.squeeze(file[f"comp_{i}"]["result_0"][()])) for i in range(4)]
    assert got == [(x + 4) * 3 for x in (2, 4, 6, 8)]
    (stored,) = tmp_path.glob("ACME_*/g.h5")
    with h5py.File(stored) as file:
        got = [np.squeeze(file[f"comp_{i}"]["result_0"][()]) for i in range(2)]
    for value, y, z in zip(got, (2, 2), (1, 2)):
        np.testing.assert_array_equal(value, (2 + 4 + 6 + 8 + y) * z)


def test_results_in_memory_and_failures(cluster, tmp_path):
    said = run("""
import dask.distributed as dd
import pcluster.dask
from acme import ParallelMap, cluster_cleanup

client = dd.Client(pcluster.dask.Cluster())

def f(x, y, z=3):
    return (x + y) * z

def fails(x):
    raise ValueError("nothing to do with a cluster")

with ParallelMap(f, [2, 4, 6, 8], 4, write_worker_results=False) as pmap:
    print("results", pmap.compute())
try:
    with ParallelMap(fails, [1, 2], write_worker_results=False) as pmap:
        pmap.compute()
except RuntimeError as error:
    print("failed:", "nothing to do with a cluster" in str(error))
cluster_cleanup(client)
print("left:", len(client.cluster.workers))
""", tmp_path)
    assert "results [18, 24, 30, 36]" in said
    assert "Parallel computation failed: 2/2 tasks failed" in said
    assert "left: 0" in said
