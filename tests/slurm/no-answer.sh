#!/usr/bin/env bash
# sbatch that is not there, and a controller that does not answer.
# SPDX-License-Identifier: MIT
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/slurm.sh
. "$here/slurm.sh"

(
  mkdir "$dir/few"
  ln -s /usr/bin/* "$dir/few"
  rm -f "$dir"/few/s{batch,queue,cancel,info,run,control}
  export PATH=$dir/few
  code 2 pcluster submit --partition 16GBXL --jobs 2
  says "sbatch" "PATH"
)
(($(id -u) == 0)) || skip "only root ends a controller"
# A shutdown, for a controller that is killed forgets the last seconds: drains, ended jobs.
controller_is_up() { scontrol ping | grep -q "is UP"; }
has_ended() { ! grep -qs . "/proc/$1/cmdline"; }   # or waits to be reaped
shut_down() {
  local pid
  pid=$(< "$PCLUSTER_TESTBED/run/slurmctld.pid")
  scontrol shutdown slurmctld
  eventually 20 has_ended "$pid"
}
undo() { controller_is_up || testbed start-ctl; command scancel --me; }

shut_down
code 3 pcluster submit --partition 16GBXL --jobs 2 --timeout 20
says "Unable to contact slurm controller" "nothing was submitted"
slurm=$(dirname "$program")/pcluster-slurm
if [[ -x $slurm ]]; then
  code 1 "$slurm" jobs --me
  same "$(json 'd["error"]["words"]')" "Unable to contact slurm controller (connect failure)"
fi
testbed start-ctl
eventually 10 queue_is_empty     # nothing was queued behind our back
ok pcluster submit --partition 16GBXL --jobs 2
same "$(workers_home)" 2 "workers once it answers again"

# Workers that are home do not need it.
shut_down
ok pcluster map --trials 0-9 -- true
testbed start-ctl
stopped_on_slurm
