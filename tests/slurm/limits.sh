#!/usr/bin/env bash
# What the live partition allows caps the profile, and that is said: E880 of the site esi.
# SPDX-License-Identifier: MIT
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/slurm.sh
. "$here/slurm.sh"
export PCLUSTER_SITE=esi PCLUSTER_WORKER_BINARY=$program  # which is of another architecture

ok pcluster submit --partition E880 --jobs 1 --time 5:00:00
says "3.8 GB" "30m" "1/1 workers available"
job=$(squeue --me -h -o %i)
scontrol show job "$job" > "$dir/out"
says "TimeLimit=00:30:00" "mem=3900M"
ok pcluster status --json
same "$(json 'i[0]["slots"]')" 1 "slots of a partition named by its memory"
stopped_on_slurm

# QOS and association.  This Slurm has no accounting: a FAKE of sacctmgr says what a real one said.
export PCLUSTER_SITE=generic-slurm
cat > "$dir/bin/scontrol" <<SH
#!/bin/sh
$(PATH=$outer_path command -v scontrol) "\$@" |
  sed 's|^\(AccountingStorageType *= \).*|\1accounting_storage/slurmdbd|
    s|^\(AccountingStorageEnforce *= \).*|\1limits,qos|'
SH
cat > "$dir/bin/sacctmgr" <<'SH'
#!/bin/sh
case $* in
  *' qos '*) printf 'normal|||||\nsmall||7|3|cpu=4,mem=2G|1:00:00\n' ;;
  *' assoc '*) echo 'lab||small||||' ;;
esac
SH
chmod 755 "$dir/bin/sacctmgr"
ok pcluster submit --partition 16GBXL --jobs 8 --cores 6 --memory 4G --time 5h --dry-run
says "at most 4 cores per node" "at most 2 GB per node" "at most 1h00m of time" \
  "lets a user have 7 jobs at a time: 8 are asked for" "--cpus-per-task=4"
# Kept for a while; and one that fails is no mistake.
printf '#!/bin/sh\nexit 1\n' > "$dir/bin/sacctmgr"
ok pcluster submit --partition 16GBXL --jobs 4 --cores 6 --dry-run
says "lets a user run 3 jobs at a time: 4 are asked for"
rm "$PCLUSTER_DIR"/.limits-*
ok pcluster submit --partition 16GBXL --jobs 4 --cores 6 --dry-run
says "--cpus-per-task=6"
