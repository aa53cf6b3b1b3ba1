#!/usr/bin/env bash
# From Python on a real queue: Cluster, ACME's set-up functions with a profile of this site, the
# wait for what does not come, and an empty queue afterwards.
# SPDX-License-Identifier: MIT
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/slurm.sh
. "$here/slurm.sh"
python=${PCLUSTER_TEST_PYTHON:-}
[[ -x $python ]] || skip "no Python environment (./dev test makes one)"
export PCLUSTER_PROGRAM=$program
py() { timeout 60 "$python" -c "$1"; }

ok pcluster sites new testbed --save
unset PCLUSTER_SITE

# As ACME is called; without dask's client.  Whole nodes' names and the queue's ids are seen.
ok py '
import subprocess
import pcluster

cluster = pcluster.slurm_cluster_setup(partition="8GBS", n_jobs=2, site="testbed", timeout=60,
                                       mem_per_worker="100MB", start_client=False)
print(cluster)
assert len(cluster.workers) == 2, cluster.workers
queue = subprocess.run(["squeue", "--me", "-h", "-o", "%P"], capture_output=True, text=True)
assert queue.stdout.split() == ["8GBS"] * 2, queue.stdout
ran = cluster.run(["sh", "-c", "echo $SLURM_JOB_PARTITION"])
print("ran in", ran.stdout, ran.stderr)
print("one on each:", cluster[0:2].apply(lambda x: x + 1, 41))
assert pcluster.slurm_cluster_setup(partition="8GBS", n_jobs=2, site="testbed",
                                    mem_per_worker="100MB", start_client=False).workers
pcluster.cluster_cleanup(cluster)'
says "<Cluster 'tcp://" "workers=2" "2/2 workers available" "one on each: [42, 42]" \
  "attached to cluster default: 2 jobs" "shut down cluster default with 2 workers"
eventually 15 queue_is_empty
nothing_runs || { left_running >&2; fail "something runs after cluster_cleanup"; }

# The line that users at ESI know, with the profile that ships.
ok py '
import pcluster
cluster = pcluster.esi_cluster_setup(partition="16GBXL", n_jobs=2, start_client=False, timeout=60)
print([(worker.slots, worker.memory >> 20) for worker in cluster.workers])
pcluster.cluster_cleanup()'
says "[(1, 15900), (1, 15900)]" "shut down cluster default with 2 workers"

# A partition that is not there; one where nothing can start: the reason, and nothing is left.
code 1 py '
import pcluster
pcluster.slurm_cluster_setup(partition="8GBZ", n_jobs=2, site="testbed", start_client=False)'
says 'unknown partition "8GBZ"' 'did you mean "8GB'
ok py '
import pcluster
try:
    pcluster.slurm_cluster_setup(partition="8GBS", n_jobs=2, site="testbed", start_client=False,
                                 timeout=1, job_extra=["--begin=now+1hour"])
except TimeoutError as error:
    print("too late:", error, sep="\n")'
says "too late:" "0/2 workers available" "what this call queued is cancelled"
eventually 15 queue_is_empty

# What goes with its `with` block, and what was there before stays.
ok py '
import pcluster
with pcluster.Cluster(site="testbed", partition="8GBS", n_jobs=1, cores=1) as first:
    with pcluster.Cluster(n_jobs=2) as second:
        assert len(second.workers) == 2 and not second.started
    assert len(first.workers) == 2
print(first)'
says "topping up to 2" "<Cluster 'default' stopped>"
eventually 15 queue_is_empty
nothing_runs || { left_running >&2; fail "something runs after the with block"; }
