"""Compares what a Slurm command printed with the JSON of pcluster-slurm: WHAT TEXT JSON."""
# SPDX-License-Identifier: MIT
import json
import re
import sys

what, text, document = sys.argv[1:]
rows = json.load(open(document))[what]
lines = open(text).read().splitlines()


def clock(minutes):
    if minutes is None:
        return "UNLIMITED"
    days, rest = divmod(minutes, 1440)
    hours, minutes = divmod(rest, 60)
    if days:
        return f"{days}-{hours:02}:{minutes:02}:00"
    return f"{hours}:{minutes:02}:00" if hours else f"{minutes}:00"


def seconds(text):  # "1-02:03:00", "5:00"
    days, _, rest = text.rpartition("-")
    parts = [int(part) for part in rest.split(":")]
    while len(parts) < 3:
        parts.insert(0, 0)
    return int(days or 0) * 86400 + parts[0] * 3600 + parts[1] * 60 + parts[2]


def as_squeue(row):
    element = row["element"]
    return "|".join(str(each) for each in (
        row["id"] if row["array"] is None else row["array"],
        "N/A" if element is None else element, row["name"], row["state"],
        "N/A" if row["end"] is None else row["end"], clock(row["minutes"]), row["nodes"],
        row["partition"], row["cores"], row["reason"]))


def values(line):
    return dict(re.findall(r"(?:^| )([A-Za-z:]+)=(\S*)", line))


def or_none(text):
    return None if text in (None, "UNLIMITED", "0") else int(text)


def partition(line):
    said = values(line)
    limit = said["MaxTime"]
    return {
        "name": said["PartitionName"], "default": said["Default"] == "YES",
        "state": said["State"], "nodes": int(said["TotalNodes"]), "cores": int(said["TotalCPUs"]),
        "max_minutes": None if limit == "UNLIMITED" else seconds(limit) // 60,
        "max_cores_per_node": or_none(said["MaxCPUsPerNode"]),
        "max_memory_mb_per_node": or_none(said.get("MaxMemPerNode")),
        "max_memory_mb_per_core": or_none(said.get("MaxMemPerCPU")),
        "default_memory_mb_per_node": or_none(said.get("DefMemPerNode")),
        "default_memory_mb_per_core": or_none(said.get("DefMemPerCPU"))}


def node(line):
    said = values(line)
    return {"name": said["NodeName"], "address": said["NodeAddr"], "cores": int(said["CPUTot"]),
            "memory_mb": int(said["RealMemory"]), "state": said["State"]}


if what == "jobs":
    wanted, got = sorted(lines), sorted(as_squeue(row) for row in rows)
else:
    read = partition if what == "partitions" else node
    wanted = sorted((read(line) for line in lines if line), key=lambda row: row["name"])
    keys = wanted[0].keys()
    got = sorted(({key: row[key] for key in keys} for row in rows), key=lambda row: row["name"])
if wanted != got or not got:
    for ours, theirs in zip(got, wanted):
        if ours != theirs:
            print("ours:  ", ours, "\ntheirs:", theirs, file=sys.stderr)
    sys.exit(f"{what}: {len(got)} rows, the command has {len(wanted)}")
