#!/usr/bin/env bash
# Where there is no scheduler, a cluster's command line brings up local workers and says so.
# SPDX-License-Identifier: MIT
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

unset PCLUSTER_SITE
mkdir "$dir/bin"
ln -s /usr/bin/* "$dir/bin"
rm -f "$dir"/bin/{sbatch,squeue,scancel,sinfo,srun,scontrol,qsub,qstat}
export PATH=$dir/bin

ok pcluster submit --partition 16GBXL --jobs 2
says "no scheduler here" "local workers" "16GBXL" "2/2 workers available"
same "$(workers_home)" 2 "workers at home"
stopped

code 2 pcluster submit --site esi --partition 16GBXL --jobs 2
says "sbatch"
code 2 pcluster submit --site essi --jobs 2
says "essi" 'did you mean "esi"'
ok pcluster submit --site esi --partition 16GBXL --jobs 2 --dry-run
says "#SBATCH" "sbatch"
code 3 pcluster status
