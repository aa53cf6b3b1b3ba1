#!/usr/bin/env bash
# Each system that has a Python client: on its own backend and on pcluster, on two slots here.
# SPDX-License-Identifier: MIT
#
# clients.sh PROGRAM PYTHON [NAME...]: those of bench/clients/NAME.py, or all.  Each prints a
# line per comparison: name, seconds of ours, of theirs, and their ratio; what is compared must
# give the same results, or its script fails.
set -euo pipefail
program=$(realpath "$1") python=$(realpath -s "$2")
here=$(dirname "$(realpath "$0")")/clients
shift 2
(($#)) || set -- exec large joblib pool ipyparallel dask hnn

dir=$(mktemp -d "${TMPDIR:-/tmp}/pcl.XXXXXX")
export PCLUSTER_DIR=$dir PCLUSTER_PROGRAM=$program PCLUSTER_SITE=local
export PATH=${program%/*}:${python%/*}:$PATH VIRTUAL_ENV=${python%/bin/*}
if (($(id -u) == 0)); then export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1; fi
# Threads of theirs and of ours: one per process.
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1 PYTHONDONTWRITEBYTECODE=1

leave() {
  local code=$?
  trap - EXIT
  "$program" stop > "$dir/stop.log" 2>&1 || true
  rm -rf "$dir"
  exit "$code"
}
trap leave EXIT
trap 'exit 130' INT; trap 'exit 143' TERM HUP

"$program" submit --jobs 2 --cores 1 > "$dir/submit.log" 2>&1 || { cat "$dir/submit.log"; exit 1; }
printf '%-44s %10s %10s %6s\n' system ours theirs ratio
code=0
for name; do
  [[ -e $here/$name.py ]] || { echo "no script $name.py in bench/clients" >&2; code=2; continue; }
  # -P: or `import joblib` would find joblib.py
  (cd "$dir"; timeout 1200 "$python" -P -W ignore "$here/$name.py" 2> "$dir/$name.err") ||
    { echo "$name: failed" >&2; tail -n 20 "$dir/$name.err" >&2; code=1; }
done
((code == 0))
