#!/usr/bin/env bash
# Verbs on a host that is not the launcher's: a notebook on a node, another login node.
# SPDX-License-Identifier: MIT
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/slurm.sh
. "$here/slurm.sh"
python=${PCLUSTER_TEST_PYTHON:-}

# The testbed's hosts share a kernel, so the socket works on all of them: it is put out of sight.
cat > there.sh << 'SCRIPT'
set -e
state=$1 program=$2 client=$3 python=$4
mv "$state/socket" "$state/out-of-sight"
trap 'mv "$state/out-of-sight" "$state/socket"' EXIT
echo "here is $(hostname)"
"$program" status
"$program" map --trials 0-7 -- sh -c 'exit 0'
echo "to sort" | "$program" run -i -- sort
python3 "$client" echo "$state" "$program" --slots 2
# As a kernel of Jupyter does: attach, and call.
[[ -z $python ]] || PCLUSTER_PROGRAM=$program "$python" -c '
import pcluster
with pcluster.Cluster(n_jobs=2, progress=False) as cluster:
    print("attached", len(cluster.workers), cluster.map(lambda x: x * x, [3, 4]))
'
echo "all of it"
SCRIPT

ok pcluster submit --jobs 2 --cores 1
launcher_host=$(sed -n 's/.*"host": *"\([^"]*\)".*/\1/p' "$state/launcher.json" | head -n 1)
ok pcluster exec --on w0 -- bash there.sh "$state" "$program" "$here/channels.py" "$python"
says "8 done" "w0: to sort" "w0: all of it"
[[ -z $python ]] || says "w0: attached 2 [9, 16]"
if grep -qx "w0: here is $launcher_host" "$dir/out"; then fail "w0 is on the launcher's host"; fi
stopped_on_slurm
