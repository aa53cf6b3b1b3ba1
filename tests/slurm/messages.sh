#!/usr/bin/env bash
# The messages of docs/messages.md that Slurm gives rise to: provoked, and compared with their rows.
# SPDX-License-Identifier: MIT
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/slurm.sh
. "$here/slurm.sh"
# shellcheck source=tests/messages.sh
. "$here/messages.sh"

# A controller that is away, as scontrol says it; and one that is back.
without_controller() {
  mv "$dir/bin/scontrol" "$dir/bin/scontrol.back"
  printf '#!/bin/sh\necho "%s" >&2\nexit 1\n' \
    "slurm_load_partitions error: Unable to contact slurm controller (connect failure)" \
    > "$dir/bin/scontrol"
  chmod 755 "$dir/bin/scontrol"
}
with_controller() { mv "$dir/bin/scontrol.back" "$dir/bin/scontrol"; }

# own.sh: a job script without its first line.
template() {
  printf '%s\n' '{{#directives}}' '#SBATCH {{.}}' '{{/directives}}' \
    'exec {{worker_command}}' > own.sh
}

row_unknown_partition() {
  say pcluster submit --partition 16GBXXL
}
row_no_answer() {
  without_controller
  say pcluster submit --partition 16GBXL
  with_controller
}
row_no_cluster() {
  say env -u SLURM_CONF "$program" submit --partition 16GBXL
}
row_no_library() {
  say pcluster submit --site local --slurm-via lib
}
row_via_word() {
  say pcluster submit --slurm-via pigeon
}
row_no_allocation() {
  say pcluster submit --here
}
row_here_takes_all() {
  say pcluster submit --here --jobs 2
}
row_drained() {
  say pcluster submit --partition drained
}
row_too_many_jobs() {  # where the limit of arrays cannot be asked for
  mv "$dir/bin/scontrol" "$dir/bin/scontrol.back"
  printf '#!/bin/sh\n[ "$*" != "show config" ] || exit 1\nexec %s "$@"\n' \
    "$dir/bin/scontrol.back" > "$dir/bin/scontrol"
  chmod 755 "$dir/bin/scontrol"
  say pcluster submit --partition 16GBXL --jobs 6000
  with_controller
}
row_too_many_cores() {
  say pcluster submit --partition 16GBXL --cores 64 --memory 1G --timeout 15s
}
row_too_much_memory() {
  say pcluster submit --partition 16GBXL --cores 1 --memory 9000G
}
row_no_such_node() {
  say pcluster submit --partition 16GBXL --directive --nodelist=nosuch
}
row_no_such_feature() {
  say pcluster submit --partition 16GBXL --directive --constraint=nosuch
}
row_no_such_license() {
  say pcluster submit --partition 16GBXL --directive --licenses=nosuch
}
row_no_such_gres() {
  say pcluster submit --partition 16GBXL --directive --gres=gpu:1
}
row_no_such_directive() {
  say pcluster submit --partition 16GBXL --directive --nosuch=1
}
row_no_interpreter() {
  template
  say pcluster submit --partition 16GBXL --template own.sh
}
row_time_min() {
  say pcluster submit --partition 16GBXL --time 10m --time-min 20m
}
row_partition_down() {
  say pcluster submit --partition down --timeout 15s
}
row_too_many_nodes() {
  say pcluster submit --partition 16GBXL --nodes 9 --timeout 15s
}
row_held() {
  say pcluster submit --partition 16GBXL --directive --hold --timeout 15s
}
row_kept_queued() {
  say pcluster submit --partition down --timeout 3s --keep-queued
  pcluster stop -q
}

check_section "On Slurm"
((count >= 15)) || fail "only $count rows: is the table read?"
pcluster stop -q
eventually 15 queue_is_empty
