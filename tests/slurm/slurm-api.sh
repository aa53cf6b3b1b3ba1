#!/usr/bin/env bash
# pcluster-slurm says what Slurm's commands say, field by field, and does what they do.
# SPDX-License-Identifier: MIT
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/slurm.sh
. "$here/slurm.sh"
slurm=$(dirname "$program")/pcluster-slurm
[[ -x $slurm ]] || skip "built without libslurm"

# same_answers WHAT: the rows of `pcluster-slurm WHAT` are those of the command.
same_answers() {
  case $1 in
    jobs) SLURM_TIME_FORMAT=%s command squeue --me -ahr -t all -o '%F|%K|%j|%T|%e|%l|%N|%P|%C|%r' ;;
    partitions) command scontrol --all -o show partition ;;
    nodes) command scontrol --all -o show node ;;
  esac > "$dir/said"
  "$slurm" "$1" ${2:+"$2"} > "$dir/out" && python3 "$here/slurm_rows.py" "$1" "$dir/said" "$dir/out"
}

# The same script by both: the same job, the same environment in it.
cat > job.sh <<'JOB'
#!/bin/bash
#SBATCH --job-name="a b-1"
#SBATCH --chdir=WORK
#SBATCH --output=WORK/out.%x
#SBATCH --no-requeue
#SBATCH --partition=16GBXL
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=1
#SBATCH --cpus-per-task=3
#SBATCH --mem-per-cpu=700M
#SBATCH --time=1-01:10:30
#SBATCH --time-min=00:10:00
#SBATCH --exclude=node3
#SBATCH --signal=B:USR1@90
env | grep -v '^SLURM_\(JOB_\?ID\|TASK_PID\|JOB_NAME\)=\|^_=' | sort; ulimit -a; umask
JOB
sed -i "s|WORK|$PWD|" job.sh
sed 's/a b-1/a b-2/' job.sh > job2.sh
ulimit -n 777
umask 027
ok command sbatch --parsable job.sh    # not in a subshell: SHLVL goes along
first=$(< "$dir/out")
ok "$slurm" submit "$PWD/job2.sh"
second=$(json 'd["job_id"]')
umask 022
eventually 10 test -s "out.a b-1" -a -s "out.a b-2"
eventually 10 queue_is_empty
shown() {
  scontrol show job "$1" | sed -E 's/\b(JobId|Priority|[A-Za-z]*Time|LastSchedEval)=[^ ]*//g
    s/b-[12]$/b/; s/job2?\.sh/job.sh/; s/Socks.*//; s/ReqNodeList.*//; s/Scheduler=.*//'
}
diff <(shown "$first") <(shown "$second") || fail "not the same job"
diff "out.a b-1" "out.a b-2" || fail "not the same environment, limits and umask"
grep -q '^0027' "out.a b-2" || fail "not this umask"

# Jobs in all states, as squeue lists them.
wrap() { command sbatch --parsable -J "$1" -o /dev/null "${@:2}" > /dev/null; }
wrap waits -p down --wrap 'sleep 60'
wrap big -p 16GBXL -N 9 --wrap true
wrap array -p 16GBXL -t 5 --array=0-6:2,9-40%2 --wrap 'sleep 30'
wrap "array ends" -p 16GBXL --array=3 --wrap 'exit 3'
wrap killed -p down --wrap true
wrap endless -p 16GBXL -t UNLIMITED --wrap true
wrap wide -p 16GBXL -c 2 -N 2 --wrap 'sleep 30'
command scancel -n killed
settled() {
  [[ -z $(command squeue --me -h -n "array ends" -t PD,R,CG) ]] &&
    (($(command squeue --me -h -t R -o %i | wc -l) == 3))
}
eventually 10 settled
eventually 10 same_answers jobs --me
rows=$(wc -l < "$dir/said")
same "$(json '{x["exit_code"] for x in d["jobs"] if x["name"] == "array ends"}')" "{3}" "exit code"
same "$(json 'len({x["state"] for x in d["jobs"]}) >= 4')" True "states seen in $rows jobs"
same "$(json 'sum(x["name"] == "array" and x["state"] == "PENDING" for x in d["jobs"])')" 34 \
  "elements of an array"
eventually 10 same_answers nodes
same_answers partitions
ok "$slurm" jobs --user "$(id -u)" --names waits,big
same "$(json 'sorted({(x["name"], x["reason"]) for x in d["jobs"]})')" \
  "('big', 'PartitionNodeLimit') ('waits', 'PartitionDown')" "chosen by name"

# Cancelled; what has ended, and what nobody knows, is no mistake.
array=$(command squeue --me -h -n array -o %F | head -n 1)
ok "$slurm" cancel "$first" 999999 "${array}_[0-4,9-40]"
eventually 10 eval '[[ $(command squeue --me -hr -n array -o %K) == 6 ]]'
code 1 "$slurm" cancel banana
same "$(json 'd["error"]["words"]')" "Invalid job id banana" "words"
command scancel --me

# What Slurm refuses: sbatch's words.  What is sbatch's to read: 126, and no job.
refuses() {
  printf '#!/bin/sh\n%s\nsleep 1\n' "$1" > no.sh
  (command sbatch no.sh 2>&1 || true) |
    sed 's/^sbatch: error: //; s/^Batch job submission failed: //' > said
  code 1 "$slurm" submit no.sh
  diff said <(json 'chr(10).join(d["error"]["library"] + [d["error"]["words"]])') ||
    fail "not sbatch's words for $1"
}
for line in --partition=nosuch --partition=drained --mem=9999999M --gres=gpu:1 --array=0-99999 \
  --exclude=node77; do
  refuses "#SBATCH $line"
done
printf 'echo hi\n' > no.sh
code 1 "$slurm" submit no.sh
says "This does not look like a batch script"
for line in --comment=x "--mem 10G" -n1 --nodes=1-2 --time=5; do
  printf '#!/bin/sh\n#SBATCH %s\n' "$line" > no.sh
  code 126 "$slurm" submit no.sh
  says "is for sbatch"
done
SBATCH_QOS=high code 126 "$slurm" submit job.sh
says "SBATCH_QOS"
code 2 "$slurm" submit
SLURM_CONF=/nonexistent code 1 "$slurm" jobs
same "$(json 'd["error"]["words"]')" "SLURM_CONF names /nonexistent: No such file or directory"
code 1 env -u SLURM_CONF "$slurm" nodes
same "$(json 'd["error"]["words"]')" "Could not establish a configuration source"
ok "$slurm" ping
eventually 10 queue_is_empty
