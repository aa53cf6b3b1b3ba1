# Syncopy's own examples on pcluster, and that results are those of its sequential way.
# SPDX-License-Identifier: MIT
import logging
from pathlib import Path

import numpy as np
import pytest

import dask.distributed as dd
import pcluster.dask
import syncopy as spy

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(autouse=True)
def said(cluster, caplog, capfd):
    """What Syncopy says; afterwards no client is left for the next test to attach to."""
    logger = logging.getLogger("syncopy")
    logger.addHandler(caplog.handler)
    yield lambda: [record.getMessage() for record in caplog.records if record.name == "syncopy"]
    logger.removeHandler(caplog.handler)
    try:
        client = dd.get_client()
    except ValueError:
        return
    dask_cluster = client.cluster
    client.close()
    dask_cluster.close()


def example(name, **numbers):
    """Runs it, with less data; returns its variables."""
    text = (EXAMPLES / f"{name}.py").read_text()
    for key, (old, new) in numbers.items():
        assert f"{key}={old}" in text
        text = text.replace(f"{key}={old}", f"{key}={new}")
    variables = {"__name__": "__main__"}
    exec(compile(text, f"{name}.py", "exec"), variables)
    return variables


def same(parallel, sequential):
    np.testing.assert_array_equal(parallel.data[()], sequential.data[()])


def test_its_first_example(said):
    got = example("syncopy_local", nTrials=("5_000", "60"))
    assert "2/8 workers available, starting computation.." in said()
    same(got["spec"], spy.freqanalysis(got["data"], parallel=False))


def test_its_example_for_slurm():
    got = example("syncopy_slurm", nTrials=("500", "20"))
    same(got["spec"], spy.preprocessing(got["data"], freq=[20, 40], filter_type="bp",
                                        parallel=False))


def test_its_example_of_channels():
    got = example("syncopy_channels", nTrials=("8", "3"))
    same(got["spec"], spy.freqanalysis(got["data"], method="mtmfft", foilim=[1, 150],
                                       tapsmofrq=10, parallel=False))


def test_it_waits_and_counts_right(cluster, said):
    """It keeps the dict of workers that it got before it waits: "0/2 workers", with others."""
    dd.Client(pcluster.dask.Cluster(2, cluster=cluster, timeout=0))
    data = spy.synthdata.white_noise(nTrials=2, nChannels=2)
    spec = spy.freqanalysis(data)
    assert any("waiting for at least 1/2 workers" in line for line in said()), said()
    assert not any(line.startswith("0/2 workers available") for line in said()), said()
    same(spec, spy.freqanalysis(data, parallel=False))
