#!/usr/bin/env bash
# On a terminal: the bar, its width, Ctrl-Z and fg, Ctrl-C, and a terminal that is closed.
# SPDX-License-Identifier: MIT
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

on_terminal() {      # what stands on stdin
  cat > scenario.py
  ok env PYTHONPATH="$here" PYTHONDONTWRITEBYTECODE=1 python3 scenario.py "$program"
}

ok pcluster submit --jobs 1 --cores 2

on_terminal <<'PYTHON'
import sys
from terminal import Terminal, check, lines
t = Terminal(sys.argv[1], "map", "--trials", "0-9", "--", "sleep", "0.3")
t.expect("\r[")
t.expect("% Completed | ")
shown = t.expect("100% Completed")
check(f"drawn over itself: {shown!r}", "\n" not in shown)
check("the bar grows", "[####" in shown)
t.expect("10 done")
check("exit code", t.code() == 0)

t = Terminal(sys.argv[1], "map", "--trials", "0-19", "--", "sleep", "0.2", columns=80)
t.expect("% Completed")
t.resize(40)
t.during(0.3)
shown = t.during(0.8)
check(f"40 columns: {shown!r}", "Completed" in shown and max(map(len, lines(shown))) < 40)
t.expect("100% Completed")
check("exit code", t.code() == 0)

t = Terminal(sys.argv[1], "map", "--trials", "0-9", "--", "sleep", "4711")
t.expect("0% Completed")
t.type("\x03")
t.expect("cancelling")
check("Ctrl-C", t.code() == 130)
PYTHON

# The shell's line stays clean while the map is stopped or in the background.
on_terminal <<'PYTHON'
import sys
from terminal import Terminal, check, lines
t = Terminal("bash", "--norc", "--noprofile", "-i")
t.type(f"PS1='> '; {sys.argv[1]} map --trials 0-13 -- sleep 0.5\n")
t.expect("% Completed")
t.type("\x1a")
t.expect("Stopped")
check("stopped: nothing is drawn", "Completed" not in t.during(1.0))
t.type("bg\n")
check("in the background: nothing is drawn", "Completed" not in t.during(1.0))
t.type("fg\n")
t.expect("\r[")
t.expect("100% Completed")
t.expect("14 done")
t.type("exit\n")
check("exit code", t.code() == 0)
PYTHON

# Whoever closes the window has not asked for the tasks' end.
on_terminal <<'PYTHON'
import sys
from terminal import Terminal, check, lines
t = Terminal(sys.argv[1], "map", "--trials", "0-3", "--", "sleep", "1")
t.expect("% Completed")
t.close()
check("closed", t.code() == 0)
PYTHON
ok pcluster wait last --json
same "$(json 'i[0]["done"]')" 4 "tasks done after the terminal was closed"
stopped
