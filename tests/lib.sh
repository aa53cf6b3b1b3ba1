# What the program tests share.  Usage, as the first line of a test: . "$(dirname "$0")/../lib.sh"
# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# Arguments of every test: PROGRAM [as-user].  A test prints nothing when it passes; it ends with 77
# when it cannot run here.  It has a directory of its own ($dir), and its processes end with it.
set -euo pipefail
umask 022
here=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
# shellcheck source=tests/processes.sh
. "$here/processes.sh"

program=${PCLUSTER_TEST_PROGRAM:-$1}

fail() { echo "FAILED: $*" >&2; exit 1; }
skip() {
  echo "skipped: $*" >&2
  [[ ${CI:-} != true ]] || exit 1
  exit 77
}

# Once more as the ordinary user, in a login's environment.
if [[ ${2:-} == as-user ]]; then
  (($(id -u) == 0)) || skip "only root can become another user"
  user=${PCLUSTER_TEST_USER:-}
  id -u "${user:-none}" > /dev/null 2>&1 || skip "no user to run as (./dev test makes one)"
  script=$(realpath "$0")
  cd /var/tmp
  exec setpriv --reuid="$user" --regid="$(id -g "$user")" --init-groups --reset-env \
    env CI="${CI:-}" PCLUSTER_TESTBED="${PCLUSTER_TESTBED:-}" \
    PCLUSTER_TEST_PYTHON="${PCLUSTER_TEST_PYTHON:-}" bash "$script" "$program"
fi
[[ -r $program ]] || skip "this user cannot read $program"

dir=$(mktemp -d "${PCLUSTER_TEST_ROOT:-/var/tmp}/pcl.XXXXXX")
mkdir -p "$dir"/{home,tmp,work}
export HOME=$dir/home PCLUSTER_DIR=$dir/state TMPDIR=$dir/tmp PATH=$PATH:/usr/sbin:/sbin
unset PCLUSTER_CLUSTER
# A machine with the packages of these tests has a scheduler's commands on PATH, and no scheduler.
export PCLUSTER_SITE=local
cd "$dir/work"
state=$PCLUSTER_DIR/default

# What a test broke outside of its directory, it mends here.
undo() { :; }

clean_up() {
  local code=$? pids
  trap - EXIT
  set +e
  undo
  cd /
  if ((code != 0 && code != 77)); then
    tail -n 30 "$state/launcher.log" >&2 2> /dev/null
    timeout 10 "$program" logs last --stderr 2> /dev/null | tail -n 30 >&2
  fi
  pids=$(processes_of "$dir")
  # shellcheck disable=SC2086  # a list of pids
  if [[ -n $pids ]]; then kill -9 $pids 2> /dev/null || true; fi
  rm -rf --one-file-system "$dir" 2> /dev/null || { sleep 0.5; rm -rf --one-file-system "$dir"; }
  exit "$code"
}
trap clean_up EXIT
trap 'exit 130' INT; trap 'exit 143' TERM HUP

pcluster() { "$program" "$@"; }

# code N CMD...: CMD ends with N; its output is in $dir/out and $dir/err.
code() {
  local want=$1 got=0; shift
  "$@" > "$dir/out" 2> "$dir/err" < /dev/null || got=$?
  ((got == want)) || { show; fail "'$*' ended with $got, not $want"; }
}
ok() { code 0 "$@"; }
show() { sed 's/^/  out: /' "$dir/out" >&2; sed 's/^/  err: /' "$dir/err" >&2; }

# says TEXT...: what the last command printed, on either stream, has each TEXT.
says() {
  local text
  for text; do
    grep -qF -- "$text" "$dir/out" "$dir/err" || { show; fail "the output lacks '$text'"; }
  done
}
silent_on() { [[ ! -s $dir/$1 ]] || { show; fail "$1 is not empty"; }; }

same() { [[ $1 == "$2" ]] || fail "${3:-value}: '$1', expected '$2'"; }
# report TEXT: a figure, for those who look (ctest shows it with -V).
report() { echo "measured: $*"; }
at_most() { awk -v a="$1" -v b="$2" 'BEGIN { exit !(a <= b) }' || fail "$3: $1, at most $2"; }

# eventually SECONDS CMD...
eventually() {
  local until=$((SECONDS + $1)); shift
  while ((SECONDS <= until)); do
    if "$@" > /dev/null 2>&1; then return 0; fi
    sleep 0.05
  done
  fail "not within its time: $*"
}

# json EXPRESSION: of the last command's output, as d (the document) and i (its items); at(time) is
# a time in seconds.
json() {
  python3 -c 'import datetime, json, sys
at = lambda text: datetime.datetime.fromisoformat(text).timestamp()
d = json.load(open(sys.argv[1])); i = d.get("items", [])
value = eval(sys.argv[2])
print(*value if isinstance(value, (list, tuple)) else [value])' "$dir/out" "$1"
}

now_ms() { echo $((${EPOCHREALTIME/./} / 1000)); }
median() {
  sort -n | awk '{ v[NR] = $1 } END { print (v[int((NR + 1) / 2)] + v[int(NR / 2) + 1]) / 2 }'
}

workers_home() {
  pcluster status --json > "$dir/out" 2> /dev/null &&
    json 'sum(x["state"] in ("idle", "busy") for x in i)'
}
launcher_pid() { sed -n 's/.*"pid": *\([0-9]*\).*/\1/p' "$state/launcher.json" | head -n 1; }
# shellcheck disable=SC2046        # a list of pids
left_running() { show_processes $(processes_of "$dir"); }
nothing_runs() { [[ -z $(processes_of "$dir") ]]; }

# stopped: `stop` ends with 0 and no process of this test is left, here or on any host.
stopped() {
  ok pcluster stop
  local until=$((SECONDS + 10))
  until nothing_runs; do
    ((SECONDS < until)) || { left_running >&2; fail "left running after stop"; }
    sleep 0.1
  done
}
