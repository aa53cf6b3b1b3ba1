#!/usr/bin/env bash
# The main job: ten jobs by one sbatch, ten workers home from several hosts, a map, MPI, stop.
# SPDX-License-Identifier: MIT
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/slurm.sh
. "$here/slurm.sh"
command -v mpiexec > /dev/null || skip "no MPI is installed"
export PCLUSTER_SITE=esi           # its 16GBXL has 2 cores, 16 GB and one slot per worker

ok pcluster submit --partition 16GBXL --jobs 10
says "10 jobs x (1 node, 2 cores, 15.5 GB) = 10 slots of 2 cores" "10/10 workers available"
same "$(calls sbatch)" 1 "calls of sbatch"
same "$(workers_home)" 10 "workers at home"
(($(json 'len({x["host"] for x in i})') > 1)) || fail "all workers are on one host"
same "$(json 'all(x["host"].startswith("node") for x in i)')" True "workers are on nodes"
same "$(squeue --me -h -r -t R -o %j | sort -u | grep -c '^pcl-default-[a-z0-9]*$')" 1 "job names"

ok pcluster map --trials 0-999 -- sh -c 'echo "{trial} on $(hostname)"'
ok pcluster results --json
same "$(json 'len(i), {x["state"] for x in i} == {"done"}')" "1000 True" "results"
ok pcluster logs last
same "$(grep -c ' on node[123]$' "$dir/out")" 1000 "outputs from the nodes"

ok pcluster run -np 2 -- sh -c 'echo "rank $OMPI_COMM_WORLD_RANK of $OMPI_COMM_WORLD_SIZE"'
says "rank 0 of 2" "rank 1 of 2"
stopped_on_slurm
