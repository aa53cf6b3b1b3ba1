# What the tests on Slurm share, after lib.sh: this user on the testbed's login host.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154
[[ -r ${PCLUSTER_TESTBED:-/none}/env ]] || skip "no testbed is up (ctest's fixture starts it)"
# shellcheck disable=SC1091
. "$PCLUSTER_TESTBED/env"
export PCLUSTER_SITE=generic-slurm
# Calls of the commands are counted, and some are replaced; slurm-api.sh tests the library.
export PCLUSTER_SLURM_VIA=cli

# Every call of a Slurm command by pclusters of this test goes to $dir/calls.
mkdir "$dir/bin"
for command in sbatch squeue scancel scontrol sinfo; do
  printf '#!/bin/sh\necho "%s $*" >> %s\nexec %s "$@"\n' "$command" "$dir/calls" \
    "$(command -v $command)" > "$dir/bin/$command"
done
chmod 755 "$dir"/bin/*
: > "$dir/calls"
outer_path=$PATH
export PATH=$dir/bin:$PATH
calls() { grep -c "^$1 " "$dir/calls" || true; }

# Its daemons outlive the test that starts them: they take nothing of it along.
testbed() {
  env -i -C / PATH="$outer_path" "$here/testbed/slurm-testbed" "$1" "$PCLUSTER_TESTBED" "${@:2}"
}
# A test that fails must leave no jobs to the next one.
undo() { command scancel --me; }
queue_is_empty() { [[ -z $(command squeue --me -h) ]]; }

# As stopped, and nothing is queued.
stopped_on_slurm() {
  stopped
  eventually 15 queue_is_empty
}
