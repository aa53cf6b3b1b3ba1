# A client of `pcluster channels` for the program tests: SCENARIO STATE PROGRAM [OPTIONS...]
# SPDX-License-Identifier: MIT
import hashlib
import json
import os
import queue
import signal
import struct
import subprocess
import sys
import threading
import time

HEADER = struct.Struct("<IIIB3x")
OPENED, BYTES, CLOSED, NOTE, FINISHED = 1, 2, 3, 4, 5
DATA, END, CANCEL, ALL = 1, 2, 3, 0xFFFFFFFF
ENGINE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "channel_engine.py")


class Client:
    def __init__(self, program, *options, engine="echo"):
        self.process = subprocess.Popen(
            [program, "channels", *options, "--", sys.executable, ENGINE, engine],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.events = queue.Queue()
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        pipe = self.process.stdout
        while (header := pipe.read(HEADER.size)):
            length, channel, attempt, kind = HEADER.unpack(header)
            payload = pipe.read(length)
            self.events.put((kind, channel, attempt,
                             payload if kind == BYTES else json.loads(payload)))
        self.events.put((0, 0, 0, self.process.wait()))

    def next(self, *kinds, within=30):
        until = time.monotonic() + within
        while True:
            event = self.events.get(timeout=max(0.01, until - time.monotonic()))
            if event[0] in kinds:
                return event
            assert event[0] in (NOTE, FINISHED), f"unexpected: {str(event)[:200]}"

    def send(self, channel, attempt, data, kind=DATA):
        self.process.stdin.write(HEADER.pack(len(data), channel, attempt, kind))
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def end(self, channel=ALL, kind=END):
        self.send(channel, 0, b"", kind)

    def opened(self, count):
        found = {}
        while len(found) < count:
            _, channel, attempt, said = self.next(OPENED)
            found[channel] = (attempt, said)
        return found

    def receive(self, sizes, during=None):
        """That many bytes of each channel; `during` sees how many there are in all."""
        got = {channel: bytearray() for channel in sizes}
        while any(len(got[c]) < sizes[c] for c in sizes):
            _, channel, _, data = self.next(BYTES)
            got[channel] += data
            if during:
                during(sum(map(len, got.values())))
        return got

    def closes(self, code, state="done", count=1):
        """All channels close in this state, then the verb ends with `code`."""
        ends = [self.next(CLOSED)[3] for _ in range(count)]
        assert all(e["state"] == state and not e["again"] for e in ends), ends
        event = self.next(0)
        assert event[3] == code, f"exit code {event[3]}, expected {code}"


def kill_launcher(state):
    with open(f"{state}/launcher.json") as file:
        os.kill(json.load(file)["pid"], signal.SIGKILL)


def stream(client, attempts, size, during=None):
    """Random bytes to each echo program, and all of them back."""
    sent = {c: os.urandom(1 << 20) * (size >> 20) for c in attempts}

    def write(channel):
        for at in range(0, size, 300_000):
            with lock:
                client.send(channel, attempts[channel], sent[channel][at:at + 300_000])

    lock = threading.Lock()
    for channel in attempts:
        threading.Thread(target=write, args=(channel,), daemon=True).start()
    got = client.receive({c: size for c in attempts}, during)
    for channel in attempts:
        assert hashlib.sha256(got[channel]).digest() == hashlib.sha256(sent[channel]).digest(), \
            f"channel {channel}: {len(got[channel])} bytes differ from what was sent"


def echo(state, program, *options):
    client = Client(program, *options)
    stream(client, {c: a for c, (a, _) in client.opened(2).items()}, 20 << 20)
    client.end()
    client.closes(0, count=2)


def crash(state, program, *options):
    client = Client(program, *options)
    client.opened(1)
    client.send(0, 1, b"die\n")
    end = client.next(CLOSED)
    assert end[2] == 1 and end[3]["exit_code"] == 3 and end[3]["again"], end
    attempt, _ = client.opened(1)[0]
    assert attempt == 2, attempt
    client.send(0, 1, b"too late")
    client.send(0, 2, b"hello")
    assert client.receive({0: 5})[0] == b"hello"
    client.end(0)
    client.closes(0)


def launcher_dies(state, program, *options):
    client = Client(program, *options)
    marks = [5 << 20, 25 << 20]

    def during(count):
        if marks and count > marks[0]:
            marks.pop(0)
            kill_launcher(state)

    stream(client, {c: a for c, (a, _) in client.opened(2).items()}, 20 << 20, during)
    assert not marks
    client.process.stdin.close()
    client.closes(0, count=2)


def worker_dies(state, program, *options):
    client = Client(program, *options)
    _, said = client.opened(1)[0]
    client.send(0, 1, b"worker\n")
    os.kill(int(client.next(BYTES)[3]), signal.SIGKILL)
    end = client.next(CLOSED)
    assert end[3]["state"] == "lost" and end[3]["again"], end
    attempt, now = client.opened(1)[0]
    assert attempt == 2 and now["worker"] != said["worker"], (attempt, now, said)
    client.send(0, 2, b"hello")
    assert client.receive({0: 5})[0] == b"hello"
    client.end(0)
    client.closes(0)


def held(state, program, *options):
    """Says who it is when its programs run, and waits to be killed."""
    client = Client(program, *options)
    client.opened(2)
    print(client.process.pid, flush=True)
    time.sleep(60)


def cancelled(state, program, *options):
    """A program that ignores its input's end: cancelled after --grace; one by its own frame."""
    client = Client(program, *options, "--grace", "1s", engine="deaf")
    client.opened(2)
    client.end(0, CANCEL)
    end = client.next(CLOSED, within=8)
    assert end[1] == 0 and end[3]["state"] == "cancelled" and not end[3]["again"], end
    client.process.stdin.close()
    client.closes(0, "cancelled")


def ranks(state, program, *options):
    client = Client(program, *options, engine="ranks")
    client.opened(1)
    client.send(0, 1, b"hello")
    assert client.receive({0: 5})[0] == b"hello"
    client.end()
    client.closes(0)


def beside(state, program, *options):
    client = Client(program, *options)
    for channel, (attempt, said) in client.opened(2).items():
        assert said["worker"] == f"w{channel}", said
        client.send(channel, attempt, b"hello")
    client.receive({0: 5, 1: 5})
    client.end()
    client.closes(0, count=2)


def measure(state, program, *options):
    client = Client(program, *options)
    client.opened(1)
    times = []
    for _ in range(300):
        begun = time.perf_counter()
        client.send(0, 1, b"x")
        client.receive({0: 1})
        times.append(time.perf_counter() - begun)
    print(f"a byte there and back: {sorted(times)[150] * 1e6:.0f} us (median of 300)")
    begun = time.perf_counter()
    stream(client, {0: 1}, 64 << 20)
    print(f"64 MB there and back: {64 / (time.perf_counter() - begun):.0f} MB/s")
    client.end()
    client.closes(0)


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
