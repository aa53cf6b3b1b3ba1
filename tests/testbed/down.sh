#!/usr/bin/env bash
# Ends the Slurm of the tests in slurm/; they have left no process and no job on it.
# SPDX-License-Identifier: MIT
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
[[ -f $PCLUSTER_TESTBED/env ]] || exit 0
"$here/testbed/slurm-testbed" down "$PCLUSTER_TESTBED" --purge
nothing_left() { [[ -z $(processes_of "$PCLUSTER_TESTBED/") ]]; }
eventually 10 nothing_left
