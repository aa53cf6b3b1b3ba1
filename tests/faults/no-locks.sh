#!/usr/bin/env bash
# A file system without locks: there is one launcher all the same, for nothing asks for any.
# SPDX-License-Identifier: MIT
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
command -v cc > /dev/null || skip "no compiler is installed"
[[ $(ldd "$program" 2>&1) == *libc.so* ]] ||
  skip "$program is linked statically: its calls cannot be made to fail"
cc -shared -fPIC -O1 -o "$dir/no_locks.so" "$here/faults/no_locks.c"
export LOCKS_ASKED_FOR=$dir/asked LD_PRELOAD=$dir/no_locks.so
if flock "$dir" true 2> "$dir/err"; then fail "locks do not fail here"; fi
rm "$dir/asked"
launch() { timeout 20 "$program" launcher --directory "$state" --cluster default; }

ok pcluster submit --jobs 2 --cores 1
ok pcluster map --trials 0-99 -- true
says "100 done"
code 3 launch
says "a launcher of this cluster runs already: process $(launcher_pid) on $(hostname)"
kill -9 "$(launcher_pid)"
ok pcluster map --trials 0-9 -- true
for ((i = 0; i < 8; i++)); do launch > "$dir/launch.$i" 2>&1 & done
refused() {
  [[ $(cat "$dir"/launch.? | grep -c "runs already: process $(launcher_pid) on") == 8 ]]
}
eventually 10 refused
ok pcluster logs last
stopped
[[ ! -e $dir/asked ]] || fail "$(wc -c < "$dir/asked") locks were asked for"
