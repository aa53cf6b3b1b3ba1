#!/usr/bin/env python3
"""Values that would like to be code, for values.sh: made from a seed, and looked for where they
should have arrived byte by byte.

values.py table SEED ROWS         a table of ROWS trials with columns a and b (CSV) on stdout
values.py words SEED COUNT        COUNT words, a zero byte after each
values.py check SEED ROWS FILE..  each FILE, a task's words with a zero byte after each, is that row
values.py same FILE FILE          both hold the same words; else the first that differ are shown
values.py one SEED                one value of one line, for a path or an option
values.py scripts SEED COUNT PROGRAM DIRECTORY   job scripts of Slurm, COUNT calls of submit
"""
# SPDX-License-Identifier: MIT
import csv
import json
import os
import random
import subprocess
import sys

CODE = ["$(canary)", "`canary`", "; canary;", "& canary &", "| canary", "$(touch x)", "&& canary",
        "' ; canary ; '", "\" ; canary ; \"", "\\", "'", '"', "$HOME", "${IFS}", "*", "?", "~",
        "#SBATCH --wrap=canary", "#PBS -q canary", "#!/bin/sh", "!!", "<(canary)", "> x", "<x",
        "$((1+1))", "%s%n%d", "-", "--", "--help", "=", ",", "[a-z]", "@", ":::", "{ ", " }", "(",
        ")", "\t", "\x01", "\x1b[31m", "\x7f", " ", "  ", "é", "ü", "語", "\U0001f600", "x", "0",
        "null", "true", "y: [", "|-", "- a", "\\n", "\\'", "$'\\n'", "%", "\u2028", "\ufeff"]
LINES = ["\n", "\n#SBATCH --wrap=canary\n", "\ncanary\n", "\r\n", "\nEOF\n"]


def value(chance, lines=True, plain=False):
    parts = CODE + LINES * 3 if lines else CODE
    text = "".join(chance.choice(parts) for _ in range(chance.randint(1, 8)))
    if plain:                  # a path's part
        text = "".join(c for c in text if c not in "/\t\x01\x1b\x7f\\")[:60]
    # Braces around a column's name are ours; a blank keeps these the user's.
    return text or "x"


def rows(seed, count):
    chance = random.Random(seed)
    def cell():                # no trial has a tab, or two lines
        return value(chance, False).replace("\t", " ")
    return [(cell(), cell()) for _ in range(count)]


def words(seed, count):
    chance = random.Random(seed)
    return [value(chance) for _ in range(count)]


def read(path):
    with open(path, "rb") as file:
        return file.read().split(b"\0")[:-1]


def differ(what, wanted, got):
    for number, (want, have) in enumerate(zip(wanted, got)):
        if want != have:
            sys.exit(f"{what}: word {number} is {have!r}, not {want!r}")
    if len(wanted) != len(got):
        sys.exit(f"{what}: {len(got)} words, not {len(wanted)}")


def check(seed, count, paths):
    wanted = rows(seed, count)
    if len(paths) != count:
        sys.exit(f"{len(paths)} tasks, not {count}")
    for path in paths:
        a, b = (text.encode() for text in wanted[int(os.path.basename(path))])
        differ(path, [a, b, a, b"pre=" + b + b"=post", a + b], read(path))


def directives(script):
    """As sbatch reads them: up to the first line that is no comment."""
    found = []
    for line in script.split("\n"):
        if line.startswith("#SBATCH"):
            found.append(line)
        elif line.strip() and not line.startswith("#"):
            break
    return found


def names(lines):
    return sorted(line.split()[1].split("=")[0] for line in lines)


def unquoted(line):
    text = line.split("=", 1)[1]
    if not text.startswith('"'):
        return text
    out, rest = "", iter(text[1:-1])
    for char in rest:
        out += next(rest) if char == "\\" else char
    return out


def dry_run(program, profile, options):
    done = subprocess.run([program, "submit", "--dry-run", "--site", profile] + options,
                          capture_output=True, stdin=subprocess.DEVNULL)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def scripts(seed, count, program, directory):
    """Values of options and of a profile, in job scripts that bash runs: the worker's words."""
    chance = random.Random(seed)
    recorder = os.path.join(directory, "recorder " + value(chance, False, True))
    with open(recorder, "w") as file:
        file.write(f"#!/bin/sh\nprintf '%s\\0' \"$@\" > '{directory}/words'\n")
    os.chmod(recorder, 0o755)
    profile = os.path.join(directory, "profile.yaml")
    refused = rendered = 0
    for _ in range(count):
        lines = chance.random() < 0.3
        local, account, qos, partition = (value(chance, lines) for _ in range(4))
        # Variables in it are the user's shorthand, and are set in by submit.
        local = local.replace("$HOME", "HOME").replace("${IFS}", "IFS")
        in_profile = chance.random() < 0.5
        with open(profile, "w") as file:
            file.write("site: values\nscheduler: slurm\nmem_mode: node\ndescription: x\n"
                       "source: a test\nverified_on: null\n")
            if in_profile:
                file.write(f"local_directory: {json.dumps(local)}\n"
                           f"account: {json.dumps(account)}\nqos: {json.dumps(qos)}\n")
        options = [f"--partition={partition}", f"--worker-binary={recorder}", "--cores=1"]
        if not in_profile:
            options += [f"--local-directory={local}", f"--account={account}", f"--qos={qos}"]
        code, out, err = dry_run(program, profile, options)
        if code == 2 and err:
            refused += 1
            continue
        if code != 0:
            sys.exit(f"submit {options} ended with {code}: {err}")
        script = out[out.index("#!"):]
        found = directives(script)
        wanted = {"--account": account, "--qos": qos, "--partition": partition}
        for line in found:
            name = line.split()[1].split("=")[0]
            if name in wanted and unquoted(line) != wanted[name]:
                sys.exit(f"{line!r} is not {wanted[name]!r}")
        expected = sorted(["--job-name", "--chdir", "--output", "--no-requeue", "--nodes",
                           "--ntasks-per-node", "--cpus-per-task"] + list(wanted))
        if names(found) != expected:
            sys.exit(f"the directives are {names(found)}, not {expected}")
        subprocess.run(["bash", "-c", script], stdin=subprocess.DEVNULL, check=True,
                       cwd=directory)
        got = read(os.path.join(directory, "words"))
        if got[got.index(b"--local-directory") + 1] != local.encode():
            sys.exit(f"--local-directory came as {got}, not {local!r}")
        rendered += 1
    print(rendered, refused)


def main(verb, *words_):
    out = sys.stdout.buffer
    if verb == "table":
        text = csv.writer(open(sys.stdout.fileno(), "w", newline="", closefd=False),
                          quoting=csv.QUOTE_ALL, lineterminator="\n")
        text.writerow(("a", "b"))
        text.writerows(rows(int(words_[0]), int(words_[1])))
    elif verb == "words":
        out.write(b"".join(w.encode() + b"\0" for w in words(int(words_[0]), int(words_[1]))))
    elif verb == "one":
        out.write(value(random.Random(int(words_[0])), False, True).encode())
    elif verb == "check":
        check(int(words_[0]), int(words_[1]), words_[2:])
    elif verb == "same":
        differ(words_[1], read(words_[0]), read(words_[1]))
    elif verb == "scripts":
        scripts(int(words_[0]), int(words_[1]), *words_[2:])


main(*sys.argv[1:])
