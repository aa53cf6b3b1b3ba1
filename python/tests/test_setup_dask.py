# The Dask client of ACME's set-up functions: the seed's line, reuse, clean-up, the end of Python.
# SPDX-License-Identifier: MIT
import subprocess
import sys

import pytest
from places import own_place

import pcluster
from pcluster.cluster import launcher_of


@pytest.fixture(scope="module", autouse=True)
def place():
    with own_place(PCLUSTER_SITE=None) as directory:
        yield directory


def test_a_client_as_acme_gives_one(capfd):
    client = pcluster.slurm_cluster_setup(site="local", n_jobs=2, cores_per_worker=1)
    try:
        assert repr(client).startswith("<Client: ") and "processes=2 threads=2" in repr(client)
        assert client.gather(client.map(lambda x: x + 1, range(4))) == [1, 2, 3, 4]
        assert "Dask client ready, dashboard at http" in capfd.readouterr().err
        again = pcluster.slurm_cluster_setup(site="local", n_jobs=2, cores_per_worker=1)
        assert again is client and "found existing client" in capfd.readouterr().err
    finally:
        pcluster.cluster_cleanup(client)
    assert launcher_of("default") is None


def test_what_dask_refuses_leaves_nothing():
    with pytest.raises(TypeError, match="no keyword 'scheduler_options'"):
        pcluster.local_cluster_setup(1, scheduler_options={"wibble": 1})
    with pytest.raises(RuntimeError, match="wibble"):
        pcluster.slurm_cluster_setup(site="local", scheduler_options={"wibble": 1})
    assert launcher_of("default") is None


def test_it_ends_with_its_python():
    code = ("import pcluster\n"
            "if __name__ == '__main__':\n"
            "    print(pcluster.local_cluster_setup(n_workers=1))\n")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True,
                          timeout=60, check=True)
    assert "processes=1 threads=1" in done.stdout
    assert launcher_of("default") is None
