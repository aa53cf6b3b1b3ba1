#!/usr/bin/env bash
# Starts the Slurm that the tests in slurm/ share: 3 hosts that claim 8 CPUs each.
# SPDX-License-Identifier: MIT
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
(($(id -u) == 0)) || skip "only root can make network namespaces"
command -v slurmctld > /dev/null || skip "slurmctld is not installed"

# Its daemons outlive this script: they take nothing of it along.
testbed=(env -i -C / PATH="$PATH" "$here/testbed/slurm-testbed")
"${testbed[@]}" down "$PCLUSTER_TESTBED" --purge
# E880, of the site esi, is smaller here than its profile says.
"${testbed[@]}" up "$PCLUSTER_TESTBED" --hosts 3 --cpus 8 \
  --conf "PartitionName=E880 Nodes=ALL MaxMemPerNode=4000 MaxTime=30:00 DefMemPerCPU=1000 State=UP"
