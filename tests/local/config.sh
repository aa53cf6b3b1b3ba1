#!/usr/bin/env bash
# Where values come from: `config`, and `start` with every key of a configuration file.
# SPDX-License-Identifier: MIT
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

# from NAME: the origin of a setting, in the last document.
from() { json "[x['from'] for x in i if x['name'] == '$1']"; }
value() { json "[x['value'] for x in i if x['name'] == '$1'][0]"; }

cat > cluster.yaml <<'YAML'
# every key of submit
site: local
cluster: whole
jobs: 2
nodes: 1
cores: 1
memory: 512M
time: 1h
num_engines: 1
min_workers: 2
timeout: 30s
idle_timeout: 10m
orphan_timeout: 5m
local_directory: /tmp
setup: "export FROM_SETUP=yes"
prologue: ["export FROM_PROLOGUE=yes"]
epilogue: ["echo the epilogue ran"]
template: own.sh
directives: []
drop_directives: []
pool: mine
account: lab7
partition: none
YAML
cp "$(dirname "$program")/../share/pcluster/templates/local.sh" own.sh
echo '# my own' >> own.sh

# Each of its keys is said to come from its line.
mkdir elsewhere
(cd elsewhere && PCLUSTER_SITE='' pcluster config show --config ../cluster.yaml --json \
  > "$dir/out" 2> "$dir/err") || { show; fail "config show"; }
line=0
while IFS= read -r text; do
  line=$((line + 1))
  [[ $text =~ ^([a-z_]+): ]] || continue
  key=${BASH_REMATCH[1]}
  case $key in
    account | partition) continue ;;        # none without a scheduler
  esac
  same "$(json "[x['from'] for x in i if x['key'] == '$key']")" "../cluster.yaml:$line" "$key"
done < cluster.yaml
same "$(value memory)" 536870912 "memory in bytes"
same "$(value idle-timeout)" 600.0 "time in seconds"
same "$(json 'len(i)')" 32 "settings, and the site's mpi"
same "$(from partition)" "no scheduler here"
same "$(json '[x["name"] for x in i if not x["text"] or not x["from"]]')" "" "rows without a cell"

# Command line over environment over file.
PCLUSTER_CORES=2 PCLUSTER_JOBS=3 code 0 pcluster config show --config cluster.yaml --jobs 4 \
  --setup "echo more" --json
same "$(from jobs)" "command line"
same "$(from cores)" PCLUSTER_CORES
same "$(from setup)" "cluster.yaml:15, command line"
same "$(value jobs) $(value cores)" "4 2"
ok pcluster config show
says "setting" "from" "this machine" PCLUSTER_SITE default
PCLUSTER_PARTITON=x ok pcluster config show
says "PCLUSTER_PARTITON sets nothing (did you mean PCLUSTER_PARTITION?)"
ok pcluster config show --help
says PCLUSTER_IDLE_TIMEOUT --idle-timeout

# What a profile says of its MPI, and no option does.
printf '%s\n' "site: own" "scheduler: local" "mpi: {kind: mpich, environment: {A: b}}" > own.yaml
PCLUSTER_SITE='' ok pcluster config show --site ./own.yaml
says "kind: mpich; environment: A=b" "site own"

# check and path.
ok pcluster config check cluster.yaml
says "cluster.yaml: no mistake found"
ok pcluster config path
says "$HOME/.config/pcluster/config.yaml" "not there"
ok pcluster config path --config cluster.yaml --json
same "$(json 'i[0]["path"], i[0]["exists"]')" "cluster.yaml True"
code 3 pcluster status                      # nothing was started

# The whole of it works; --num-engines counts more than the file.
ok pcluster start --config cluster.yaml --num-engines 2
says "2/2 workers available"
export PCLUSTER_CLUSTER=whole
ok pcluster status workers --json
same "$(json '[x["slots"] for x in i], {x["pool"] for x in i}')" "[2, 2] {'mine'}"
ok pcluster map --trials 0-0 -- sh -c 'echo $FROM_SETUP $FROM_PROLOGUE $PCLUSTER_LOCAL_DIR'
ok pcluster logs last
says "yes yes /tmp"
ok pcluster stop
eventually 5 grep -qx "the epilogue ran" "$PCLUSTER_DIR"/whole/jobs/*-0.out
grep -qx "# my own" "$PCLUSTER_DIR"/whole/jobs/*.sh || fail "not the template of the file"
eventually 10 nothing_runs
