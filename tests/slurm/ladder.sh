#!/usr/bin/env bash
# Ways to the launcher for a node whose own is blocked: through a worker that is home, which may go
# at any time, and by the user's ssh.
# SPDX-License-Identifier: MIT
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=tests/slurm.sh
. "$here/slurm.sh"
(($(id -u) == 0)) || skip "only root sets up firewalls and an sshd"
command -v sshd > /dev/null || skip "no sshd is installed"

# An sshd on the login host, with keys of this test alone, and an ssh on PATH that takes them: it
# does not look for its configuration in $HOME.
mkdir -p "$dir/ssh" /run/sshd
ssh-keygen -q -t ed25519 -N '' -f "$dir/ssh/host"
ssh-keygen -q -t ed25519 -N '' -f "$dir/ssh/user"
cp "$dir/ssh/user.pub" "$dir/ssh/authorized"
sshd_port=$(python3 -c 'import socket
s = socket.socket(); s.bind(("", 0)); print(s.getsockname()[1])')
cat > "$dir/ssh/sshd_config" <<CONFIG
Port $sshd_port
HostKey $dir/ssh/host
AuthorizedKeysFile $dir/ssh/authorized
PidFile $dir/ssh/pid
PasswordAuthentication no
PermitRootLogin prohibit-password
StrictModes no
UsePAM no
CONFIG
cat > "$dir/ssh/config" <<CONFIG
Host *
  Port $sshd_port
  IdentityFile $dir/ssh/user
  IdentitiesOnly yes
  UserKnownHostsFile $dir/ssh/known
CONFIG
real_ssh=$(command -v ssh)
printf '#!/bin/sh\nexec %s -F %s/ssh/config "$@"\n' "$real_ssh" "$dir" > "$dir/bin/ssh"
chmod 755 "$dir/bin/ssh"
echo "* $(cut -d' ' -f1,2 "$dir/ssh/host.pub")" > "$dir/ssh/known"
"$(command -v sshd)" -f "$dir/ssh/sshd_config" -E "$dir/ssh/log"

port() { python3 -c 'import json, sys
print(json.load(open(sys.argv[1]))["port"])' "$state/launcher.json"; }
relays() { python3 -c 'import json, sys
print(*[x["host"] for x in json.load(open(sys.argv[1]))["relays"]])' "$state/launcher.json"; }
relays_are() { [[ $(relays) == "$*" ]]; }
route_of() {
  pcluster status --json > "$dir/out" 2> /dev/null
  json "next((x['route'] for x in i if x['host'] == '$1' and x['state'] in ('idle', 'busy')), '-')"
}
# shellcheck disable=SC2053        # a pattern
route_is() { [[ $(route_of "$1") == $2 ]]; }
blocked=()
block() { testbed block "$1" "$2" "${@:3}"; blocked+=("$1 $2"); }
undo() {
  local one
  # shellcheck disable=SC2086  # a host and a port
  for one in "${blocked[@]}"; do testbed unblock $one 2> /dev/null; done
  kill "$(cat "$dir/ssh/pid")" 2> /dev/null
  command scancel --me
}

# ------------------------------------------------------------ through a worker that is home

# Of different sizes, so that a task's memory says where it goes.
ok pcluster submit --jobs 1 --cores 1 --memory 400M --directive=--nodelist=node1
eventually 5 relays_are node1
first=$(port)
block node2 "$first"
block node3 "$first" --silent
begin=$(now_ms)
ok pcluster submit --pool two --jobs 1 --cores 1 --memory 800M --timeout 30 \
  --directive=--nodelist=node2
report "home through a relay after $(($(now_ms) - begin)) ms"
route_is node2 'through w0 on node1' || fail "node2 came by '$(route_of node2)'"
ok pcluster status
says "route" "direct" "through w0 on node1"

# What the task reads comes over the relay; what it writes is the same.
head -c 20000000 /dev/urandom > payload
begin=$(now_ms)
pcluster run -i --memory 700M -- sh -c 'uname -n >&2; cat' < payload > back 2> "$dir/err" ||
  { cat "$dir/err" >&2; fail "run -i"; }
report "20 MB there and back in $(($(now_ms) - begin)) ms"
cmp payload back || fail "the payload has changed on its way"
ok pcluster map --memory 700M --trials 0-99 -- sh -c 'uname -n; echo {trial}'
ok pcluster logs last
same "$(grep -c '^node2$' "$dir/out")" 100 "tasks on node2"

# The relay's job ends, and there is another way: what runs beyond it goes on.
ok pcluster map --memory 700M --detach --trials 0-0 -- sh -c 'sleep 5; echo whole'
ok pcluster scale 0 --pool default
eventually 10 relays_are
eventually 30 route_is node2 'ssh *'
report "home by ssh $(($(now_ms) - begin)) ms after the payload was asked for"
ok pcluster wait last
ok pcluster results last --json
same "$(json 'i[0]["state"], i[0]["attempt"]')" "done 1" "the task beyond the relay that left"
eventually 5 relays_are node2      # whoever has come by ssh is a relay for others

# So a third node needs no login of its own.
ok pcluster submit --pool three --jobs 1 --cores 1 --memory 1200M --timeout 30 \
  --directive=--nodelist=node3
route_is node3 'through w1 on node2' || fail "node3 came by '$(route_of node3)'"
same "$(grep -c 'Accepted publickey for' "$dir/ssh/log")" 1 "logins"
pcluster run -i --memory 1100M -- cat < payload > back || fail "run -i"
cmp payload back || fail "the payload has changed on its way"

# A new launcher, at another port: all of them find it.
ok pcluster map --memory 1100M --detach --trials 0-0 -- sh -c 'sleep 3; echo whole'
kill -9 "$(launcher_pid)"
ok pcluster status
block node2 "$(port)"
block node3 "$(port)"
all_home() { [[ $(workers_home) == 2 ]]; }
eventually 40 all_home
ok pcluster wait last
same "$(pcluster logs last)" whole "the output of what ran meanwhile"
kill "$(cat "$dir/ssh/pid")"
stopped_on_slurm
