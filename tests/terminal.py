# A terminal for program tests: types into it, reads what it shows, resizes and closes it.
# SPDX-License-Identifier: MIT
import fcntl
import os
import pty
import re
import select
import struct
import sys
import termios
import time


class Terminal:
    """A program on a pseudo-terminal of so many columns."""

    def __init__(self, *argv, columns=80):
        self.seen = ""  # since the last expect() or quiet()
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execvp(argv[0], argv)
        self.resize(columns)

    def resize(self, columns):
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))

    def type(self, keys):
        os.write(self.fd, keys.encode())

    def read(self, seconds):
        """Whether anything came within that time."""
        if not select.select([self.fd], [], [], max(0, seconds))[0]:
            return False
        try:
            got = os.read(self.fd, 65536)
        except OSError:  # the program has closed it
            got = b""
        self.seen += got.decode(errors="replace")
        return got != b""

    def expect(self, text, seconds=20):
        """Reads until `text` has come; returns what came before it."""
        until = time.monotonic() + seconds
        while text not in self.seen:
            left = until - time.monotonic()
            if left <= 0 or (not self.read(left) and time.monotonic() < until):
                sys.exit(f"FAILED: the terminal never showed {text!r}, but {self.seen!r}")
        before, _, self.seen = self.seen.partition(text)
        return before

    def during(self, seconds):
        """What comes in that time."""
        self.seen = ""
        until = time.monotonic() + seconds
        while time.monotonic() < until and self.read(until - time.monotonic()):
            pass
        shown, self.seen = self.seen, ""
        return shown

    def close(self):
        os.close(self.fd)

    def code(self):
        """Waits for the program's end."""
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def lines(shown):
    """The lines as they were drawn, one over the other."""
    return [re.sub(r"\x1b\[K", "", line).rstrip("\n") for line in shown.split("\r") if line]


def check(what, good):
    if not good:
        sys.exit(f"FAILED: {what}")
