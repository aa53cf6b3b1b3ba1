#!/usr/bin/env bash
# A template's unknown field and a profile's unknown key are told before anything is submitted.
# SPDX-License-Identifier: MIT
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/slurm.sh
. "$here/slurm.sh"
share=$(dirname "$program")/../share/pcluster

grep -v '^job_template' "$share/site-configs/generic-slurm.yaml" > own.yaml
echo "job_template: own.sh" >> own.yaml
(cat "$share/templates/slurm.sh"; echo 'echo {{job_idd}}') > own.sh
code 2 pcluster submit --site "$PWD/own.yaml" --partition 16GBXL --jobs 2
says "own.sh" "job_idd"

(cat "$share/site-configs/generic-slurm.yaml"; echo "mem_mod: node") > wrong.yaml
code 2 pcluster submit --site "$PWD/wrong.yaml" --partition 16GBXL --jobs 2
says "wrong.yaml:$(wc -l < wrong.yaml)" "mem_mod" 'did you mean' 'mem_mode'
same "$(calls sbatch)" 0 "calls of sbatch"

code 1 test -e "$state/launcher.json"
