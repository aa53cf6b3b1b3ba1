#!/usr/bin/env bash
# Strangers at the launcher's port: 2,000 idle sockets at 1,024 descriptors, and every kind of
# rubbish.  Workers go on, verbs answer, a new worker comes home, and memory stays small.
# SPDX-License-Identifier: MIT
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

crowd=2000
# With a hard limit, as most hosts have for users: the launcher may not raise it.
ulimit -S -n 1024
here_limit=$(ulimit -Hn)
(ulimit -H -n 1024; ok pcluster submit --jobs 1 --cores 1)
pid=$(launcher_pid)
same "$(awk '/open files/ { print $5 }' "/proc/$pid/limits")" 1024 \
  "descriptors that the launcher may have"
port=$(python3 -c 'import json, sys
print(json.load(open(sys.argv[1]))["port"])' "$state/launcher.json")
memory() { awk '/^VmRSS/ { print $2 }' "/proc/$pid/status"; }
before=$(memory)
ulimit -S -n "$here_limit"

# Idle ones stay until they are cut, and come again: as an attacker would.
cat > crowd.py << 'SCRIPT'
import select, socket, sys, time
port, size, ready = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]

def call():
    s = socket.socket()
    s.setblocking(False)
    s.connect_ex(("127.0.0.1", port))
    poll.register(s, select.POLLIN | select.POLLHUP | select.POLLERR)
    mine[s.fileno()] = s

mine, poll, cut = {}, select.poll(), 0
for _ in range(size):
    call()
open(ready, "w").close()
while True:
    for fd, _ in poll.poll(1000):
        poll.unregister(fd)
        mine.pop(fd).close()
        cut += 1
        call()
    with open(ready, "w") as file:
        print(cut, file=file)
    time.sleep(0.01)
SCRIPT
python3 crowd.py "$port" $crowd "$dir/ready" > "$dir/crowd" 2>&1 &
crowd_pid=$!
eventually 20 test -e "$dir/ready"
sleep 1

# Workers work, verbs answer.
slowest=0
for _ in 1 2 3 4 5; do
  begin=$(now_ms)
  ok pcluster status --json
  took=$(($(now_ms) - begin))
  ((took <= slowest)) || slowest=$took
done
at_most "$slowest" 1000 "ms for a status among $crowd strangers"
ok timeout 30 "$program" map --trials 0-499 -- true
begin=$(now_ms)
(ulimit -S -n 1024; ok timeout 60 "$program" submit --jobs 1 --cores 1 --pool another)
joined=$(($(now_ms) - begin))
at_most "$joined" 10000 "ms until a new worker is home among $crowd strangers"
same "$(workers_home)" 2 "workers at home"
kill "$crowd_pid"
wait "$crowd_pid" 2> /dev/null || true
report "among $crowd strangers: a status in $slowest ms at most, a new worker in $joined ms," \
  "$(cat "$dir/ready") cut"

# What is no TLS of ours is cut, each within the handshake's 5 s, and nothing is said to it but an
# alert of TLS.
cat > rubbish.py << 'SCRIPT'
import os, random, socket, struct, sys, time
port = int(sys.argv[1])
random.seed(7)
hello = bytes.fromhex(open(sys.argv[2]).read()) if len(sys.argv) > 2 else b""
cases = {
    "http": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "length 0": bytes(4),
    "length 2^32-1": b"\xff" * 4,
    "127 MiB": struct.pack(">I", 127 << 20) + b"x" * 1000,
    "tls 1.2 hello cut": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + os.urandom(100),
    "a record of 65,535": b"\x16\x03\x03\xff\xff" + b"x" * 70000,
    "an alert": b"\x15\x03\x03\x00\x02\x01\x00",
    "application data": b"\x17\x03\x03\x00\x20" + os.urandom(32),
}
for i in range(200):
    cases[f"random {i}"] = random.randbytes(random.randrange(1, 5000))
said = 0
for name, text in cases.items():
    s = socket.create_connection(("127.0.0.1", port), timeout=8)
    try:
        if name.endswith("7"):           # byte by byte
            for byte in text[:50]:
                s.send(bytes([byte]))
        else:
            s.sendall(text)
        s.shutdown(socket.SHUT_WR)
        answer = b""
        while (piece := s.recv(4096)):
            answer += piece
    except (ConnectionResetError, BrokenPipeError):
        continue
    finally:
        s.close()
    if answer and not (answer[0] == 0x15 and len(answer) == 7):
        sys.exit(f"{name}: was told {answer[:40]!r}")
    said += bool(answer)
print(len(cases), "refused,", said, "with an alert")
SCRIPT
ok python3 rubbish.py "$port"
report "rubbish: $(cat "$dir/out"); resident memory $before kB, then $(memory) kB"
at_most "$(($(memory) - before))" 20000 "kB more after all of them"
same "$(launcher_pid)" "$pid" "the launcher"
ok timeout 30 "$program" map --trials 0-99 -- true
stopped
