#!/usr/bin/env python3
"""Which sources may be compiled as one: unity.py SIZE FILE... prints a group's number for each.

Two files clash when a name that one keeps to itself (in an unnamed namespace, or by static, using
or #define) means something in the other, or in a header of ours that the other includes: a name of
a function where it is called or declared, any other name wherever it stands alone.  So files need
not know of each other: one that clashes goes into another group.
"""
# SPDX-License-Identifier: MIT
import functools
import os
import re
import sys

top = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
noise = re.compile(r'//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"'
                   r"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'", re.S)
included = re.compile(r'^#\s*include\s+"([^"]+)"', re.M)
word = re.compile(r"[A-Za-z_]\w*")
token = re.compile(r"[A-Za-z_]\w*|::|->|[^\s\w]")
named = {"struct", "class", "enum", "using", "concept", "union", "namespace"}
not_names = {"const", "return", "if", "while", "for", "operator", "sizeof", "decltype", "auto",
             "alignas", "namespace", "requires", "noexcept", "static", "constexpr", "inline", "std",
             "class"}


@functools.cache
def text_of(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


@functools.cache
def headers_of(path):
    """The headers of ours that this file includes, theirs too."""
    found = set()
    for name in included.findall(text_of(path)):
        for base in (top, os.path.dirname(path)):
            header = os.path.join(base, name)
            if os.path.exists(header):
                found |= {header} | headers_of(header)
                break
    return frozenset(found)


@functools.cache
def words_of(path):
    """The names that stand alone (not x.name), and, as "name(", those that are called."""
    tokens = token.findall(noise.sub(" 0 ", text_of(path)))
    words = set()
    for before, name, after in zip([""] + tokens, tokens, tokens[1:] + [""]):
        if before not in {".", "->"} and word.match(name):
            words |= {name, name + "("} if after == "(" else {name}
    return frozenset(words)


def declared(tokens):
    """Names in tokens that all stand at a namespace's own level."""
    initializer = False
    for before, name, after in zip([""] + tokens, tokens, tokens[1:] + [""]):
        if word.match(name) and name not in not_names and before not in {"::", ".", ")"}:
            if after == "=" or before in named and len(name) > 1:
                yield name
            elif after in {"{", ";", "[", "("} and not initializer:
                yield name + "(" if after == "(" else name
        initializer = name == "=" or initializer and name != ";"


def own_names(path):
    """What a file declares for itself alone."""
    text = noise.sub(" 0 ", text_of(path))
    names = set(re.findall(r"^#\s*define\s+(\w+)", text, re.M))
    names |= set(re.findall(r"^(?:static|using) (?!namespace)[^;{(=]*?(\w+)\s*[;{(=]", text, re.M))
    tokens = token.findall(re.sub(r"^#[^\n]*", "", text, flags=re.M))
    open_braces, level, parentheses = [], [], 0   # those of unnamed namespaces are True
    for i, this in enumerate(tokens):
        if this == "{":
            unnamed = tokens[i - 1] == "namespace"
            if open_braces and open_braces[-1] and not unnamed:
                level.append(this)                # a body begins: after its name
            open_braces.append(unnamed)
        elif this == "}":
            if open_braces and open_braces.pop():
                names |= set(declared(level))
                level = []
        elif open_braces and open_braces[-1]:
            level += [this] if parentheses == 0 or this == ")" else []
            parentheses += {"(": 1, ")": -1}.get(this, 0)
    return frozenset(names)


def grouped(files, size):
    """The number of the first group that has room and no clash, file by file."""
    own = {file: own_names(file) for file in files}
    seen = {file: words_of(file).union(*map(words_of, headers_of(file))) for file in files}
    groups = []
    for file in files:
        for group in groups:
            if len(group) < size and not any(own[file] & seen[other] or own[other] & seen[file]
                                             for other in group):
                group.append(file)
                break
        else:
            groups.append([file])
    return {file: number for number, group in enumerate(groups) for file in group}


if __name__ == "__main__":
    numbers = grouped(sys.argv[2:], int(sys.argv[1]))
    print(";".join(str(numbers[file]) for file in sys.argv[2:]))
