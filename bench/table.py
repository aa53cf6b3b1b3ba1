# ./dev bench: runs the rows of bench/rows and prints them as one table, and as JSON.
# SPDX-License-Identifier: MIT
"""python3 bench/table.py --program PCLUSTER --tools DIR [--rounds N] [--short | --full]
    [--page] [--json FILE|-] [NAME...]: the scripts bench/rows/NAME.py, or all of them.

With --short it ends with 1 when a row is beyond its limit; else only when a row could not be run.
"""
import argparse
import datetime
import json
import os
import pathlib
import platform
import re
import signal
import subprocess
import sys

ROWS = pathlib.Path(__file__).resolve().parent / "rows"


def arguments():
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__.split("...]: ")[1])
    parser.add_argument("--program", required=True)
    parser.add_argument("--tools", required=True)
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--short", action="store_true", help="seconds, with wide limits")
    parser.add_argument("--full", action="store_true", help="the long rows too")
    parser.add_argument("--json", metavar="FILE", help="write the rows there; - is stdout")
    parser.add_argument("--page", action="store_true", help="write docs/performance.md")
    parser.add_argument("names", nargs="*", metavar="NAME")
    given = parser.parse_args()
    if given.rounds is None:
        given.rounds = 3 if given.short else 7
    known = sorted(path.stem for path in ROWS.glob("*.py"))
    unknown = sorted(set(given.names) - set(known))
    if unknown:
        parser.error(f"no rows {' '.join(unknown)}; there are: {' '.join(known)}")
    given.names = given.names or known
    return given


def run(name, given):
    """The rows of a script, and whether it ran to its end."""
    words = [sys.executable, str(ROWS / f"{name}.py"), "--program", given.program,
             "--tools", given.tools, "--rounds", str(given.rounds)]
    words += [word for word in ("--short", "--full") if getattr(given, word[2:])]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True,
                               env=dict(os.environ, PYTHONDONTWRITEBYTECODE="1"))
    try:
        out = process.communicate()[0]
    except BaseException:  # it ends its cluster before itself
        process.terminate()
        process.wait()
        raise
    if process.returncode != 0:
        print(f"bench/rows/{name}.py: failed with {process.returncode}", file=sys.stderr)
    rows = [json.loads(line) for line in out.splitlines() if line.startswith("{")]
    return [dict(row, script=name) for row in rows], process.returncode == 0


def met(row):
    """None where there is nothing to meet."""
    if row["limit"] is None or row["median"] is None:
        return None
    return row["median"] >= row["limit"] if row["sense"] == ">=" else row["median"] <= row["limit"]


def figure(value):
    if value is None:
        return "-"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def cells(row):
    """Row, limit, median, least, verdict, against, note."""
    limit = "-" if row["limit"] is None else f"{row['sense']} {figure(row['limit'])}"
    unit = "" if row["unit"] == "ratio" else " " + row["unit"]
    verdict = {None: "", True: "met", False: "missed"}[met(row)]
    if row["median"] is None:
        return [row["row"], limit, row["note"] or "not installed", "", "", row["against"], ""]
    return [row["row"], limit, figure(row["median"]) + unit, figure(row["minimum"]) + unit, verdict,
            row["against"], row["note"]]


LINE = "{:<60} {:<10} {:>12} {:>12}  {:<7} {}"


def show(row, out):
    print(LINE.format(*cells(row)[:-1]).rstrip(), file=out, flush=True)


def machine():
    cpu, memory = platform.machine(), 0
    for line in open("/proc/cpuinfo"):
        if line.startswith("model name"):
            cpu = re.sub(r"\s+", " ", line.split(":")[1]).strip()
    for line in open("/proc/meminfo"):
        if line.startswith("MemTotal"):
            memory = int(line.split()[1]) // 1024
    release = platform.freedesktop_os_release().get("PRETTY_NAME", platform.system())
    return {"cpus": len(os.sched_getaffinity(0)), "cpu": cpu, "memory_mib": memory,
            "system": release, "kernel": platform.release(),
            "load_before": round(os.getloadavg()[0], 2)}


def main():
    given = arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    out = sys.stderr if given.json == "-" else sys.stdout
    document = {"date": datetime.date.today().isoformat(), "machine": machine(),
                "rounds": given.rounds, "full": given.full, "rows": []}
    print(LINE.format("row", "goal", "median", "least", "", "against"), file=out,
          flush=True)
    whole = True
    for name in given.names:
        rows, fine = run(name, given)
        whole = whole and fine
        for row in rows:
            show(row, out)
        document["rows"] += rows
    document["machine"]["load_after"] = round(os.getloadavg()[0], 2)
    if given.json:
        text = json.dumps(document, indent=1) + "\n"
        sys.stdout.write(text) if given.json == "-" else pathlib.Path(given.json).write_text(text)
    if given.page:
        import page
        page.write(document, ROWS.parents[1] / "docs/performance.md")
    beyond = [row["row"] for row in document["rows"] if met(row) is False]
    if given.short and beyond:
        print("beyond its limit: " + "; ".join(beyond), file=sys.stderr)
    sys.exit(not whole or (given.short and bool(beyond)))


if __name__ == "__main__":
    main()
