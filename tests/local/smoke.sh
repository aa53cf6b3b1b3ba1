#!/usr/bin/env bash
# What `smoke` says of an MPI that works, and that each of its rows can fail.
# SPDX-License-Identifier: MIT
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
command -v mpicc > /dev/null && command -v mpiexec > /dev/null || skip "no MPI is installed"
mpiexec=$(realpath "$(command -v mpiexec)")  # in /bin Open MPI takes "/" for its prefix

# row NAME PATTERN: that row of the last table.
row() {
  grep -qE -- "^$1 +$2" "$dir/out" || { show; fail "row '$1' is not '$2'"; }
}
# fake NAME: a program of that name before all others, from stdin.
fake() { mkdir -p fake; cat > "fake/$1"; chmod 755 "fake/$1"; }
# smokes CODE OPTION...: with the fakes, which end with it.
smokes() {
  PATH=$PWD/fake:$PATH code "$1" pcluster smoke -np 2 "${@:2}"
  rm -r fake
}

# What the site says counts over our defaults, and what users say counts over the site.
printf '%s\n' "site: own" "scheduler: local" \
  'mpi: {environment: {OMPI_MCA_btl: "self,tcp"}}' > own.yaml
ok pcluster submit --site ./own.yaml --jobs 1 --cores 2
ok pcluster smoke -np 2
row "MPI within a host" "ok: [0-9.]+ us, [0-9]+ MB/s; ob1 over tcp"
ok pcluster smoke -np 2 --env OMPI_MCA_btl=self,vader
row mpiexec "ok: mpiexec .* on $(hostname)"
row "MPI hello and allreduce" "ok: 2 ranks on 1 host, sum 3"
row "MPI binding" "ok: "
row "MPI within a host" "ok: [0-9.]+ us, [0-9]+ MB/s; ob1 over vader"
row "MPI between hosts" "not tried: the workers are on one host"
ok pcluster smoke -np 2 --json
same "$(json 'any("hello" in x["name"] and x["state"] == "ok" for x in i)')" True "hello by JSON"
same "$(json '[0 < p["latency_us"] < 1e5 and p["mb_per_second"] > 1 and p["from"] == p["to"]
  for x in i for p in x["pairs"]]')" "True" "a pair by JSON"

# A variable that cuts ranks off from each other is named.
mkdir fake
smokes 1 --env OMPI_MCA_btl=self
row "MPI hello and allreduce" "failed: OMPI_MCA_btl=self leaves ranks no way to each other \("
row "MPI within a host" "not tried: MPI hello and allreduce failed"

# An mpiexec of another MPI than mpicc's: each rank is alone.
fake mpiexec << SH
#!/bin/sh
[ "\$1" = --version ] && exec $mpiexec --version
until case \$1 in */mpi-probe) true ;; *) false ;; esac; do shift; done
env -u OMPI_MCA_ess "\$@" && exec "\$@"
SH
smokes 1
row "MPI hello and allreduce" "failed: a rank sees 1 ranks instead of 2"

# A probe with one rank twice, and with a wrong sum.
fake mpicc << 'SH'
#!/bin/sh
while [ "$1" != -o ]; do shift; done
cat > "$2" << 'PROBE'
#!/bin/sh
echo "hello from rank ${FAKE_RANK:-$OMPI_COMM_WORLD_RANK} of 2 on here, cores 0 of 0"
[ "$OMPI_COMM_WORLD_RANK" != 0 ] || echo "allreduce ok 4"
PROBE
chmod 755 "$2"
SH
cp -r fake again
smokes 1
row "MPI hello and allreduce" "failed: allreduce says 4 instead of 3"
mv again fake
smokes 1 --env FAKE_RANK=0
row "MPI hello and allreduce" "failed: rank 0 is there twice"

# mpicc fails: what it says is told.
fake mpicc <<< $'#!/bin/sh\necho "no licence" >&2; exit 3'
smokes 1
row "MPI hello and allreduce" "failed: exit code 1: no licence"
row "MPI binding" "not tried: the MPI probe could not be built"

# An mpiexec that puts all ranks on one core.
if (($(nproc) > 1)); then
  fake mpiexec <<< $'#!/bin/sh\nexec taskset -c 0 '"$mpiexec"' "$@"'
  smokes 1
  row "MPI hello and allreduce" "ok: "
  row "MPI binding" "failed: ranks 0 and 1 share core 0 of .*, while cores 0-[0-9]+ are there"
fi

# A nrniv whose ranks are all the first, and whose spikes differ with the number of ranks.
fake nrniv << 'SH'
#!/bin/sh
case "$*" in
  *"'it', 'is', 'there'"*) echo "it is there" ;;
  *"Hello from proc"*) echo "numprocs=2"; echo "Hello from proc 0" ;;
  *ring.py) [ "$OMPI_COMM_WORLD_RANK" != 0 ] || {
    echo "ring: 64 cells, 106 spikes, sha abc$OMPI_COMM_WORLD_SIZE"
    echo "ran on $OMPI_COMM_WORLD_SIZE ranks" >&2
  } ;;
esac
SH
smokes 1
row "nrniv and mpi4py" "failed: 1 of 2 ranks spoke"
row "NEURON ring" "failed: np 2 gives 106 spikes, sha abc2, np 1 gives 106 spikes, sha abc1"

# One without Python, as Debian's own.
fake nrniv <<< $'#!/bin/sh\necho "Python not available"'
PATH=$PWD/fake:$PATH pcluster smoke -np 2 > "$dir/out" 2> "$dir/err" || true
row "NEURON ring" "not installed: $PWD/fake/nrniv has no Python"
rm -r fake

# NEURON itself, where it is.
if command -v nrniv > /dev/null && nrniv -python -c 'quit()' 2>&1 | grep -q "VERSION"; then
  ok pcluster smoke -np 2
  report "$(grep -E "^N|^n|^mpi4py" "$dir/out" | tr '\n' ';')"
fi
stopped
