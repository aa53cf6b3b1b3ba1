#!/usr/bin/env bash
# A state directory's disk that fills up, and one that hangs: real file systems of this test's own.
# Nothing is promised that does not hold, the reason is said, and all goes on afterwards.
# SPDX-License-Identifier: MIT
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
(($(id -u) == 0)) || skip "only root mounts file systems"
if [[ ${PCLUSTER_OWN_MOUNTS:-} != 1 ]]; then
  PCLUSTER_OWN_MOUNTS=1 exec unshare --mount --propagation private bash "$(realpath "$0")" "$@"
fi
frozen=0
undo() {
  ((frozen == 0)) || fsfreeze --unfreeze "$PCLUSTER_DIR"
  umount --lazy full "$PCLUSTER_DIR" 2> /dev/null
}

# ------------------------------------------------------------ full

mkdir -p "$PCLUSTER_DIR" full
mount -t tmpfs -o size=6m,mode=0700 tmpfs "$PCLUSTER_DIR"
ok pcluster submit --jobs 2 --cores 1
ok pcluster map --trials 0-9 -- true
pcluster map --quiet --trials 0-199 -- sh -c 'sleep 0.02; echo "$0" >> "$1"' '{trial}' "$dir/ran" \
  > "$dir/map" 2>&1 &
map=$!
sleep 0.5
head -c 10m /dev/zero > "$PCLUSTER_DIR/ballast" 2> /dev/null || true
# Who asks before the launcher knows is told why there is no answer (TERM would wait for one).
pcluster map --detach --trials 0-0 -- true > "$dir/waits" 2>&1 &
waits=$!
is_told() { grep -qs "No space left on device" "$dir/waits"; }
eventually 10 is_told
grep -q "the launcher waits" "$dir/waits" || fail "$(< "$dir/waits")"
code 3 timeout -s KILL 5 "$program" map --detach --trials 0-0 -- true
says "No space left on device" "make room"
begin=$(now_ms)
ok timeout 5 "$program" status
at_most $(($(now_ms) - begin)) 1000 "ms for a status on a full disk"
sleep 17        # above a worker's silence: heartbeats need no disk
same "$(workers_home)" 2 "workers at home while the disk is full"
rm "$PCLUSTER_DIR/ballast"
wait $waits || { cat "$dir/waits" >&2; fail "what was asked while the disk was full: $?"; }
wait $map || { cat "$dir/map" >&2; fail "what ran while the disk was full: $?"; }
same "$(sort "$dir/ran" | uniq -c | awk '$1 != 1' | wc -l) $(wc -l < "$dir/ran")" "0 200" "tasks"
ok pcluster map --trials 0-9 -- true
ok pcluster status --json
state_before=$(pcluster results --json 2> /dev/null | md5sum)
kill -9 "$(launcher_pid)"
ok pcluster status
same "$(pcluster results --json 2> /dev/null | md5sum)" "$state_before" "results after a crash"

# ------------------------------------------------------------ a task's own disk

mount -t tmpfs -o size=64k tmpfs full
code 1 pcluster map --trials 0-0 -- sh -c "head -c 1m /dev/zero > $PWD/full/out"
ok pcluster results last --json
same "$(json 'i[0]["state"], i[0]["exit_code"]')" "failed 1" "a task on a full disk"
ok pcluster logs last --stderr
says "No space left on device"
same "$(workers_home)" 2 "workers at home after it"
stopped
umount "$PCLUSTER_DIR" full

# ------------------------------------------------------------ hanging

# A loop device may not be had (a container): the unit tests have a disk that hangs, too.
truncate -s 64M "$dir/image"
if ! mkfs.ext4 -q "$dir/image" || ! mount -o loop "$dir/image" "$PCLUSTER_DIR"; then exit 0; fi
chmod 700 "$PCLUSTER_DIR"
ok pcluster submit --jobs 2 --cores 1
ok pcluster map --trials 0-9 -- echo '{trial}'
pcluster map --quiet --trials 0-3 -- \
  sh -c 'sleep 2; echo "$0" >> "$1"; echo done' '{trial}' "$dir/slow" > "$dir/map" 2>&1 &
map=$!
sleep 1
frozen=1
fsfreeze --freeze "$PCLUSTER_DIR"
begin=$(now_ms)
ok timeout 5 "$program" status
at_most $(($(now_ms) - begin)) 1000 "ms for a status while the disk hangs"
code 137 sh -c 'timeout -s KILL 8 "$@"; exit $?' sh \
  "$program" map --detach --trials 0-0 -- true     # no false promise
says "the launcher waits" "no answer for 5"
code 3 timeout -s KILL 10 "$program" map --detach --trials 0-0 -- true
says "no answer for 5"
sleep 10         # longer than a worker may be silent
ok timeout 5 "$program" status --json
home=$(json 'sum(x["state"] in ("idle", "busy") for x in i)')
fsfreeze --unfreeze "$PCLUSTER_DIR"
frozen=0
wait $map || { cat "$dir/map" >&2; fail "what ran while the disk hung: $?"; }
again=$(($(wc -l < "$dir/slow") - 4))
report "a disk that hung for $(($(now_ms) - begin)) ms:" \
  "$home of 2 workers at home meanwhile, $again tasks ran again"
# Workers write their tasks' output in their loop, and say nothing meanwhile.
same "$home $again" "2 0" "workers at home while the disk hangs, tasks that ran again"
stopped
umount "$PCLUSTER_DIR"
