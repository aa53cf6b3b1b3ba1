#!/usr/bin/env bash
# ./dev demo: set up, build, and everything that the README promises, on this machine.
# SPDX-License-Identifier: MIT
set -euo pipefail
umask 022
cd "$(dirname "$(realpath "${BASH_SOURCE[0]}")")/.."
# shellcheck source=dev.d/steps.sh
. dev.d/steps.sh
# shellcheck source=tests/processes.sh
. tests/processes.sh

demo=$PWD/build/demo

prepare() {
  setup_packages build unit demo
  build_preset release build/release pcluster
  rm -rf "$demo/pcluster"
  step "install to build/demo/pcluster" cmake --install build/release --prefix "$demo/pcluster"
  [[ -x $demo/venv/bin/python ]] || step "make a virtual environment" python3 -m venv "$demo/venv"
  "$demo/venv/bin/python" -c 'import neuron, mpi4py' > /dev/null 2>&1 ||
    step "install NEURON and mpi4py" \
      "$demo/venv/bin/pip" install --quiet --disable-pip-version-check 'neuron<9' mpi4py
}

show() { printf '\n$ %s\n' "$*"; "$@"; }

# What of the cluster still runs, if it does so for long.
left() {
  local pids until=$((SECONDS + 5))
  while pids=$(processes_of "$state") && [[ -n $pids ]] && ((SECONDS < until)); do sleep 0.1; done
  echo "$pids"
}

leave() {
  local code=$? pids
  trap - EXIT
  pcluster stop > "$state/stop.log" 2>&1 || true
  pids=$(left)
  if [[ -n $pids ]]; then
    echo "still running:"
    # shellcheck disable=SC2086  # a list of pids
    { show_processes $pids; kill -9 $pids 2> /dev/null || true; }
    code=1
  fi
  rm -rf "$state"
  exit "$code"
}

prepare
# Short, because it holds a socket; the state of real work lies in ~/.pcluster.
state=$(mktemp -d "${TMPDIR:-/tmp}/pcluster-demo.XXXXXX")
export PCLUSTER_DIR=$state PATH=$demo/pcluster/bin:$demo/venv/bin:$PATH
export VIRTUAL_ENV=$demo/venv
export PCLUSTER_SITE=local       # workers on this machine, also where a scheduler is installed
trap leave EXIT
trap 'exit 130' INT; trap 'exit 143' TERM HUP

show pcluster submit --jobs 2 --cores 2
show pcluster map --trials 0-19 -- python examples/cell.py '{trial}'
show pcluster results
show pcluster run -np 2 -- nrniv -mpi -python examples/ring.py
show pcluster smoke -np 2
show pcluster stop

[[ -z $(left) ]] || exit 1
printf '\nNothing is left running.\n'
