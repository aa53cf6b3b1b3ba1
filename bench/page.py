# Writes the table of ./dev bench into docs/performance.md, and checks that it is of these rows.
# SPDX-License-Identifier: MIT
"""page.py write FILE.json PAGE | page.py check PAGE

The table and how each row is measured (the scripts' own words) stand between the marks; check
compares the names of rows on the page with those in bench/rows: none of a script that is not
there, and none of a script missing.
"""
import ast
import json
import pathlib
import re
import sys
import textwrap

import table

BEGIN, END = "<!-- table: ./dev bench --full --page -->", "<!-- end of table -->"


def rendered(document):
    machine = document["machine"]
    told = (f"{document['date']}, {machine['cpus']} cores ({machine['cpu']}), "
            f"{machine['memory_mib'] // 1024} GiB, {machine['system']}, Linux "
            f"{machine['kernel']}; {document['rounds']} rounds; load of the machine before "
            f"{machine['load_before']}, after {machine['load_after']}.")
    lines = [*textwrap.wrap(told, 120), "",
             "| row | goal | median | least | | against | what was run |",
             "|---|---|---|---|---|---|---|"]
    for row in sorted(document["rows"], key=lambda row: row["limit"] is None):  # goals first
        lines.append("| " + " | ".join(table.cells(row)) + " |")
    lines += ["", "How each is measured:", ""]
    for name in dict.fromkeys(row["script"] for row in document["rows"]):
        lines += textwrap.wrap(f"- `{name}`: {explained(name)}", 120, subsequent_indent="  ")
    return lines


def explained(name):
    """The script's first line and its docstring."""
    source = (table.ROWS / f"{name}.py").read_text()
    first = source.split("\n", 1)[0].lstrip("# ").strip('"')
    words = ast.get_docstring(ast.parse(source)) or ""
    return " ".join(dict.fromkeys([first, re.sub(r"\s+", " ", words)])).strip()


def write(document, page):
    path = pathlib.Path(page)
    before, rest = path.read_text().split(BEGIN)
    after = rest.split(END)[1]
    middle = "\n".join([BEGIN, *rendered(document), END])
    path.write_text(before + middle + after)


# ------------------------------------------------------------------ the page against the scripts

def pattern(node):
    """What a string of a script may become; None for what is no string."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return re.escape(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(pattern(part) or ".+" for part in node.values)
    return None


def names_of(script):
    """(patterns of names that a row must have, those that it may have)."""
    tree = ast.parse(script.read_text())
    must = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and node.args and isinstance(node.func, ast.Attribute) \
                and node.func.attr in ("row", "missing"):
            must.add(pattern(node.args[0]))
        if isinstance(node, ast.Dict):
            must |= {pattern(value) for key, value in zip(node.keys, node.values)
                     if isinstance(key, ast.Constant) and key.value == "row"}
    may = {pattern(node) for node in ast.walk(tree)} if None in must else must
    return must - {None}, may - {None, "", ".+"}


def check(page):
    text = pathlib.Path(page).read_text().split(BEGIN)[1].split(END)[0]
    shown = [line.split("|")[1].strip() for line in text.split("\n") if line.startswith("| ")][1:]
    faults, allowed = [] if shown else ["the page has no rows"], set()
    for script in sorted(table.ROWS.glob("*.py")):
        must, may = names_of(script)
        allowed |= may
        faults += [f"{script.name} has a row that the page lacks: {name}" for name in sorted(must)
                   if not any(re.fullmatch(name, row) for row in shown)]
    faults += [f"no script has the page's row '{row}'" for row in shown
               if not any(re.fullmatch(name, row) for name in allowed)]
    for fault in faults:
        print(fault, file=sys.stderr)
    if faults:
        print(f"./dev bench --full --page writes {page}", file=sys.stderr)
    return not faults


def main():
    if len(sys.argv) == 4 and sys.argv[1] == "write":
        write(json.loads(pathlib.Path(sys.argv[2]).read_text()), sys.argv[3])
    elif len(sys.argv) == 3 and sys.argv[1] == "check":
        sys.exit(not check(sys.argv[2]))
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
