# Types the commands of a page of docs into a shell, and compares what comes with the page.
# SPDX-License-Identifier: MIT
"""walk.py PAGE HEADING: the indented blocks below `## HEADING`.

"$ " begins a command, "> " continues it; other lines are output that must come, in this order,
with others between them; "..." stands for anything, a run of blanks for any blanks.
"""
import re
import subprocess
import sys


def blocks(page, heading):
    text = open(page).read().split(f"\n## {heading}\n")[1].split("\n## ")[0]
    steps = []
    for line in text.split("\n"):
        if not line.startswith("    "):
            continue
        line = line[4:]
        if line.startswith("$ "):
            steps.append(([line[2:]], []))
        elif line.startswith("> "):
            steps[-1][0].append(line[2:])
        else:
            steps[-1][1].append(line)
    return steps


def pattern(line):
    pieces = [r"\s+".join(re.escape(word) for word in part.split()) for part in line.split("...")]
    return r"\s*.*?\s*".join(pieces)


def check(command, expected, output):
    lines = iter(output.split("\n"))
    for wanted in expected:
        if not any(re.fullmatch(rf"\s*{pattern(wanted)}\s*", line) for line in lines):
            sys.exit(f"FAILED: $ {command}\nlacks, in its place: {wanted}\n{output}")


def main():
    steps = blocks(*sys.argv[1:])
    if not steps:
        sys.exit("FAILED: no command there")
    for command, expected in steps:
        text = "\n".join(command)
        ran = subprocess.run(["bash", "-c", text], stdin=subprocess.DEVNULL, text=True,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if ran.returncode != 0:
            sys.exit(f"FAILED: $ {text}\nended with {ran.returncode}\n{ran.stdout}")
        check(text, expected, ran.stdout)


main()
