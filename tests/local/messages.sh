#!/usr/bin/env bash
# Every message of docs/messages.md that needs no scheduler: provoked, and compared with its row.
# SPDX-License-Identifier: MIT
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/messages.sh
. "$here/messages.sh"
share=$(realpath "$(dirname "$program")/../share/pcluster")

# profile LINE...: own.yaml; template LINE: own.sh.
profile() { printf '%s\n' "site: own" "$@" > own.yaml; }
template() { printf '#!/bin/bash\n%s\n' "$1" > own.sh; }
say_own() { say pcluster submit --site ./own.yaml --dry-run; }
say_template() { say pcluster submit --template own.sh --dry-run; }
say_esi() { say env PATH="$dir/tmp" "$program" submit --site esi --dry-run "$@"; }
# say_table TEXT OPTION...: a table of trials.
say_table() {
  local text=$1; shift
  # shellcheck disable=SC2059
  printf "$text" > t.csv
  say pcluster map -a t.csv "$@" -- true
}
# say_json CMD...: an error as a document, in the words that a person reads.
say_json() {
  say "$@"
  python3 -c 'import json, sys
error = json.load(sys.stdin)["error"]
print("pcluster: " + error["message"] + "\n  " + error["hint"])' < "$dir/out" > "$dir/err"
}
feed() { local text=$1; shift; "$@" <<< "$text"; }
# A worker is home, and the launcher has heard of its job.
up() {
  pcluster submit -q --jobs 1 --cores 1
  eventually 10 job_runs
}
job_runs() { pcluster status jobs | grep running; }

row_unknown_verb() { say pcluster stauts; }
row_no_verb() { say pcluster --quiet; }
row_help_word() { say pcluster help submit map; }
row_unknown_option() { say pcluster submit --partiton long; }
row_unexpected_word() { say pcluster submit long; }
row_no_value() { say pcluster submit --jobs; }
row_setting_number() { PCLUSTER_JOBS=ten say pcluster submit; }
row_option_number() { say pcluster map --retries some --trials 0-1 -- true; }
row_option_integer() { say pcluster map --priority high --trials 0-1 -- true; }
row_duration() { say pcluster submit --time soon; }
row_memory() { say pcluster submit --memory lots; }
row_cluster_name() { say pcluster --cluster a,b status; }
row_no_home() { say env -u HOME -u PCLUSTER_DIR "$program" status; }
row_no_launcher() { say pcluster status; }
row_no_launcher_near() {
  mkdir -p "$PCLUSTER_DIR/big"
  touch "$PCLUSTER_DIR/big/key"
  say pcluster --cluster bug status
  rm -r "$PCLUSTER_DIR/big"
}
row_other_host() {
  mkdir -p "$PCLUSTER_DIR/far"
  echo '{"pid": 1, "host": "elsewhere", "port": 1}' > "$PCLUSTER_DIR/far/launcher.json"
  say pcluster --cluster far status
  rm -r "$PCLUSTER_DIR/far"
}
row_others_may_enter() {
  mkdir -p "$PCLUSTER_DIR/open"
  chmod 755 "$PCLUSTER_DIR/open"
  say pcluster submit --cluster open --jobs 1
  rm -r "$PCLUSTER_DIR/open"
}
row_no_directory() {
  mkdir -p "$PCLUSTER_DIR"
  touch "$PCLUSTER_DIR/file"
  say pcluster submit --cluster file --jobs 1
  rm "$PCLUSTER_DIR/file"
}
row_unknown_site() { say pcluster submit --site esy --dry-run; }
row_no_profile_file() { say pcluster submit --site ./nosuch.yaml --dry-run; }
row_site_needs() { PATH=$dir/tmp say "$program" submit --site esi --jobs 1; }
row_no_profiles() {
  mkdir -p none/site-configs
  PCLUSTER_SHARE=$PWD/none say pcluster submit --jobs 1
}
row_no_local_profile() {
  mkdir -p few/site-configs
  cp "$share/site-configs/esi.yaml" few/site-configs
  PATH=$dir/tmp PCLUSTER_SITE='' PCLUSTER_SHARE=$PWD/few say "$program" submit --jobs 1
}
row_unknown_scheduler() {
  profile "scheduler: locl"
  say pcluster submit --site ./own.yaml --dry-run
}
row_unknown_partition() { say_esi --partition 16GBXXL; }
row_no_worker_partition() { say_esi --partition PREPO; }
row_account_required() {
  profile "scheduler: slurm" "account_required: true"
  say_own
}
row_min_workers() { say pcluster submit --jobs 1 --min-workers 5; }
row_at_least_one() {
  echo "jobs: 0" > zero.yaml
  say pcluster start --config zero.yaml
}
row_no_configuration() { say pcluster start --config nosuch.yaml; }
row_not_yaml() {
  echo "jobs: [1" > c.yaml
  say pcluster config check c.yaml
}
row_unknown_key() {
  echo "partiton: long" > c.yaml
  say pcluster config check c.yaml
}
row_key_twice() {
  printf "jobs: 1\njobs: 2\n" > c.yaml
  say pcluster config check c.yaml
}
row_wrong_value() {
  echo "jobs: ten" > c.yaml
  say pcluster config check c.yaml
}
row_wrong_choice() {
  profile "scheduler: local" "mem_mode: nod"
  say_own
}
row_variable_name() {
  profile "scheduler: local" "mpi: {environment: {A-B: c}}"
  say_own
}
row_key_missing() {
  profile
  say_own
}
row_no_slots() {
  profile "scheduler: local" "slots_per_worker: 0"
  say_own
}
row_config_word() { say pcluster config shwo; }
row_config_unexpected() { say pcluster config show all; }
row_config_file() { say pcluster config check; }
row_no_template() { say pcluster submit --template nosuch.sh --dry-run; }
row_no_site_template() {
  profile "scheduler: local" "job_template: nosuch.sh"
  say_own
}
row_unknown_field() {
  template "exec {{worker_comand}}"
  say_template
}
row_no_worker() {
  template "sleep 1"
  say_template
}
row_no_directives() {
  template "exec {{worker_command}}"
  say_esi --template own.sh
}
row_template_syntax() {
  template "{{#setup}}"
  say_template
}
row_template_quotes() {
  template "echo '{{token}}'"
  say_template
}
row_not_a_directive() { say_esi --directive constraint=haswell; }
row_directive_line() { say_esi --directive $'--exclusive\n--wait'; }
row_our_directive() { say_esi --directive --array=0-3; }
row_drop_directive() { say_esi --drop-directive partiton; }
row_interpreter() {
  printf '#!/no/such/shell\nexec {{worker_command}}\n' > own.sh
  say pcluster submit --cluster interpreter --template own.sh --jobs 1
}
row_no_trials() { say pcluster map -- true; }
row_trials() { say pcluster map --trials 3-0 -- true; }
row_trials_file() { say pcluster map -a nosuch.csv -- true; }
row_empty_table() { say_table ''; }
row_no_rows() { say_table 'a,b\n'; }
row_table_line() { say_table 'a,b\n1,2\n1,2,3\n'; }
row_two_sources() { say pcluster map --trials 0-3 -- true ::: a b; }
row_link() { say pcluster map --link --trials 0-3 -- true; }
row_linked_first() { say pcluster map -- true :::+ a; }
row_linked_length() { say pcluster map -- true ::: a b :::+ c; }
row_no_value_file() { say pcluster map -- true ::::; }
row_empty_source() { say pcluster map -- true ::: a ::: ; }
row_value_line_break() { say pcluster map -- true ::: $'a\nb'; }
row_value_tab() { say pcluster map -- true ::: $'a\tb' ::: c; }
row_too_many_tasks() {
  say pcluster map --trials 0-9999 --channels 100000 --chan-per-worker 1 -- true
}
row_channels_pair() { say pcluster map --channels 8 --trials 0-1 -- true; }
row_channel_column() { say_table 'last_channel\n1\n' --channels 8 --chan-per-worker 4; }
row_trial_tab() { say feed $'a\tb' pcluster map --channels 8 --chan-per-worker 4 -- true; }
row_no_column() {
  echo 'alpha' > t.csv
  echo 1 >> t.csv
  say pcluster map -a t.csv -- true '{alhpa}'
}
row_same_output() { say pcluster map --trials 0-3 --output one.txt -- true; }
row_tag() { say pcluster map --tag 'my night' --trials 0-3 -- true; }
row_after_task() { say pcluster map --after 1.0 --trials 0-3 -- true; }
row_no_command() { say pcluster map --trials 0-3; }
row_max_failures() { say pcluster map --max-failures many --trials 0-3 -- true; }
row_shell_trial() { say feed "a b" pcluster map --shell -- "echo {trial}"; }
row_env_name() { say pcluster map --env =x --trials 0-1 -- true; }
row_env_unset() { say pcluster map --env NO_SUCH_NAME --trials 0-1 -- true; }
row_threads() { say pcluster map --threads 4 --trials 0-1 -- true; }
row_span() { say pcluster run -np 2 --span rack -- true; }
row_bind() { say pcluster map --bind core --trials 0-1 -- true; }
row_not_split() { say pcluster map --span job --trials 0-1 -- true; }
row_units() { say pcluster run -np 4 --units 3 -- true; }
row_stdin_detach() { say pcluster run -i --detach -- true; }
row_stdin_retries() { say pcluster run -i --retries 1 -- true; }
row_mpiexec_programs() { say pcluster mpiexec -n 1 true : -n 1 true; }
row_mpiexec_ranks() { say pcluster mpiexec true; }
row_mpiexec_command() { say pcluster mpiexec -n 2; }
row_resident_words() { say pcluster map --resident --trials 0-1 -- ./model '{trial}'; }
row_ready_within() { say pcluster map --ready-within 5m --trials 0-1 -- ./model; }
row_resident_output() { say pcluster map --resident -o '{trial}.out' --trials 0-1 -- ./model; }
row_status_word() { say pcluster status wrokers; }
row_which_workload() { say pcluster cancel; }
row_no_workload_name() { say pcluster wait seven; }
row_one_workload() { say pcluster wait 1 2; }
row_no_workload_yet() { say pcluster results; }
row_no_such_workload() { say pcluster results 99; }
row_wait_task() { say pcluster wait 1.0; }
row_results_forms() { say_json pcluster results --csv --json; }
row_logs_json() { say_json pcluster logs 1 --follow --json; }
row_scale_number() { say pcluster scale many; }
row_scale_both() { say pcluster scale 2 --max 3; }
row_scale_most() { say pcluster scale --min 2 --max 1; }
row_exec_on() { say pcluster exec -- true; }
row_with_dry_run() { say pcluster with --dry-run -- true; }
row_since() { say pcluster events --since soon; }
row_no_journal() { say pcluster events --cluster never; }
row_other_place() {
  mkdir -p "$HOME/.pcluster" there
  touch there/key
  ln -s "$PWD/there" "$HOME/.pcluster/moved"
  profile "scheduler: local" "state_dir: $PWD/elsewhere"
  say env -u PCLUSTER_DIR "$program" submit --cluster moved --site ./own.yaml --jobs 1
  rm -r there "$HOME/.pcluster"
}
row_which_shell() { say pcluster completion; }
row_unknown_shell() { say pcluster completion bsh; }
row_died_starting() {
  say pcluster submit --cluster dying --jobs 1 --setup "echo no such module
  exit 3"
}
row_too_late() {
  say pcluster submit --cluster late --jobs 1 --setup "sleep 20" --timeout 1s
}
row_can_never_run() { up; say pcluster map --cores 99 --trials 0-1 -- true; }
row_can_never_split() { say pcluster run -np 99 -- true; }
row_no_such_task() {
  up
  pcluster map -q --trials 0-1 -- true
  say pcluster cancel 1.99
}
row_no_task_of_it() { say pcluster results 1.99; }
# A workload that runs until its row has been seen.
detached() { pcluster map -q --detach --trials 0-3 -- sleep 60 > id; }
cancelled() {
  pcluster cancel -q "$(< id)"
  pcluster wait -q "$(< id)" || true
}
row_retry_runs() {
  detached
  say pcluster retry
  cancelled
}
row_retry_input() {
  pcluster run -q -i -- false < /dev/null || true
  say pcluster retry
}
row_runs_the_same() {
  detached
  say pcluster map --resume --trials 0-3 -- sleep 60
  cancelled
}
row_on_workers() { say pcluster exec --on everywhere -- true; }
row_not_home() { say pcluster exec --on w0,w99 -- true; }
row_none_home() {
  pcluster submit -q --cluster bare --jobs 1 --setup "sleep 60" --no-wait
  say pcluster exec --cluster bare --on all -- true
}
row_no_pool() { say pcluster scale 2 --pool nosuch; }
row_other_shape() { say pcluster submit --pool default --cores 2 --jobs 1; }
row_ours_125() { say pcluster run --cluster nothing -- true; }
row_launcher_ends() {
  while [[ ! -e seen ]]; do  # killed once it is followed, and the next one too
    pid=$(launcher_pid); sleep 0.5; kill -9 "$pid" 2> /dev/null || true
  done &
  say pcluster map --trials 0-0 -- sleep 60
  touch seen
  wait
}

check_section "Anywhere"
((count >= 90)) || fail "only $count rows: is the table read?"
for cluster in default dying late interpreter bare; do pcluster --cluster $cluster stop -q; done
eventually 10 nothing_runs
