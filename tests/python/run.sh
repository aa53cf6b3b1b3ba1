#!/usr/bin/env bash
# Runs one file of python/tests: run.sh FILE PROGRAM PYTHON [as-user].  Quiet when it passes.
# SPDX-License-Identifier: MIT
set -euo pipefail
umask 022
file=$(realpath "$1") program=$(realpath "${PCLUSTER_TEST_PROGRAM:-$2}")
python=$(realpath -s "${PCLUSTER_TEST_PYTHON:-$3}")   # a link, by which it knows its environment

skip() {
  echo "skipped: $*" >&2
  [[ ${CI:-} != true ]] || exit 1
  exit 77
}
if [[ ${4:-} == as-user ]]; then
  (($(id -u) == 0)) || skip "only root can become another user"
  user=${PCLUSTER_TEST_USER:-}
  id -u "${user:-none}" > /dev/null 2>&1 || skip "no user to run as (./dev test makes one)"
  self=$(realpath "$0")
  cd /var/tmp
  exec setpriv --reuid="$user" --regid="$(id -g "$user")" --init-groups --reset-env \
    env CI="${CI:-}" PCLUSTER_SOURCE="${PCLUSTER_SOURCE:-}" \
    bash "$self" "$file" "$program" "$python"
fi
[[ -x $python ]] || skip "no environment: ./dev python makes one"

dir=$(mktemp -d /var/tmp/pcl.XXXXXX)
trap 'rm -rf --one-file-system "$dir"' EXIT
mkdir "$dir"/{home,tmp,work}
# As after `activate`, with the program installed; nothing of this machine's own settings.
export HOME=$dir/home TMPDIR=$dir/tmp PCLUSTER_DIR=$dir/state PCLUSTER_PROGRAM=$program
export PATH=${program%/*}:${python%/*}:$PATH VIRTUAL_ENV=${python%/bin/*} PCLUSTER_SITE=local
export PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 PYTHONFAULTHANDLER=1 MPLBACKEND=agg
unset PCLUSTER_CLUSTER PYTHONPATH PYTHONHOME
if (($(id -u) == 0)); then export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1; fi

cd "$dir/work"
code=0
"$python" -m pytest -q -rs --tb=short -p no:cacheprovider --rootdir="${file%/*}" "$file" \
  > "$dir/out" 2>&1 || code=$?
# CaImAn's package is on no index: that skip alone is allowed.
if ((code == 0)) && [[ ${CI:-} == true ]] && grep '^SKIPPED' "$dir/out" | grep -qv CaImAn; then
  echo "FAILED: a skipped test" >&2
  code=1
fi
((code == 0)) || cat "$dir/out" >&2
exit "$code"
