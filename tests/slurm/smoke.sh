#!/usr/bin/env bash
# `smoke` over the hosts of two jobs: figures between them, and the variable that cuts them off.
# SPDX-License-Identifier: MIT
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/slurm.sh
. "$here/slurm.sh"
command -v mpicc > /dev/null && command -v mpiexec > /dev/null || skip "no MPI is installed"

row() {
  grep -qE -- "^$1 +$2" "$dir/out" || { show; fail "row '$1' is not '$2'"; }
}

# More than half of a host's memory: each job has a host of its own.
ok pcluster submit --jobs 2 --cores 2 --memory 300000M
ok pcluster smoke -np 2
row "MPI within a host" "ok: [0-9.]+ us, [0-9]+ MB/s; ob1 over vader"
row "MPI between hosts" "not tried: all ranks are on one host; try -np 3"
ok pcluster smoke -np 4
row "MPI hello and allreduce" "ok: 4 ranks on 2 hosts, sum 10"
row "MPI within a host" "ok: 2 pairs: .*; .*vader"
row "MPI between hosts" "ok: [0-9.]+ us, [0-9]+ MB/s; ob1 over tcp"
report "$(grep "^MPI [bw]" "$dir/out" | tr '\n' ';')"
code 1 pcluster smoke -np 4 --env OMPI_MCA_btl=self,vader
row "MPI hello and allreduce" "failed: OMPI_MCA_btl=self,vader leaves no way between hosts"
stopped_on_slurm
