#!/usr/bin/env bash
# HNN with the ranks of a trial on several hosts: the dipoles and spikes of hnn-core's own backend.
# SPDX-License-Identifier: MIT
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/slurm.sh
. "$here/slurm.sh"
python=${PCLUSTER_TEST_PYTHON:-}
[[ -x $python ]] || skip "no Python environment (./dev test makes one)"
export PCLUSTER_PROGRAM=$program PYTHONPATH=$here/python/tests
export OMPI_MCA_mpi_yield_when_idle=1   # more ranks than this machine has cores

# More than half of a host's 8 processors: each job has a host of its own.
ok pcluster submit --jobs 2 --cores 5
cat > same.py << 'PYTHON'
import os

import pytest

import hnn_help
import pcluster.hnn

with pytest.MonkeyPatch.context() as patch, hnn_help.their_backend(patch, ranks=4):
    own = hnn_help.simulate(trials=1)
with pcluster.hnn.MPIBackend(n_procs=4):
    assert hnn_help.simulate(trials=1) == own
    # The testbed's hosts share a kernel: a host is a namespace of its name.
    hosts = {os.readlink(f"/proc/{rank}/ns/uts") for rank in hnn_help.ranks()}
    print(len(hnn_help.ranks()), "ranks on", len(hosts), "hosts")
print("spikes in each trial:", *map(len, own[1]))
PYTHON
ok timeout 100 "$python" -W ignore same.py
says "4 ranks on 2 hosts" "spikes in each trial:"
stopped_on_slurm
