#!/usr/bin/env python3
"""Fails when an #include under src runs against the order of the layers.

Usage: check_includes.py SRC        checks the tree
       check_includes.py --self-test  shows on small trees that each rule can fail
"""
import pathlib
import re
import sys
import tempfile

# Layer -> the layers it may include beside itself. A layer that is not here is an error: add it on purpose.
ORDER = {
    "base": [],
    "data": ["base"],
    "model": ["base"],
    "train": ["base", "data", "model"],
    "report": ["base"],
    "export": ["base", "model"],
    "explain": ["base", "data", "model", "report"],
    "engine": ["base", "data", "model", "train", "report", "export", "explain"],
    "cli": ["base", "data", "model", "train", "report", "export", "explain", "engine"],
}
# Library -> the layers that may include it.
LIBRARIES = {
    r"CLI/": ["cli"],
    r"opencv2/": ["data", "report", "export", "explain", "engine"],
    r"torch/csrc/|torch/script\.h": ["base", "model", "train", "export", "explain", "engine"],
}
# The program starts without LibTorch and OpenCV; what it includes must not bring them in.
HEAVY = re.compile(r"(torch|ATen|c10|opencv2)/")
# <torch/torch.h> costs 18 s a file.
FORBIDDEN = re.compile(r"torch/torch\.h|torch/all\.h")
PRINTING = re.compile(r"std::(cout|clog)\b|std::cerr\s*<<|(?<![\w:])(std::)?(v?printf|v?fprintf|puts|fputs|putchar|perror)\s*\("
                      r"|(?<![\w:.>])(std::|::)?(_exit|_Exit|exit|quick_exit|abort)\s*\(")
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)
COMMENT_OR_TEXT = re.compile(r'//[^\n]*|/\*.*?\*/|"(\\.|[^"\\\n])*"', re.DOTALL)


def sources(src):
    for path in sorted(src.rglob("*")):
        if path.suffix in (".h", ".cpp"):
            yield path


def layer_of(src, path):
    parts = path.relative_to(src).parts
    return parts[0] if len(parts) > 1 else "cli"  # main.cpp


def includes_of(path):
    return [(kind == '"', name) for kind, name in INCLUDE.findall(path.read_text())]


def check_file(src, path):
    layer, place = layer_of(src, path), path.relative_to(src)
    if layer not in ORDER:
        return [f"{place}: the folder {layer}/ is not in the order of the layers (tests/layering/check_includes.py)"]
    problems = []
    for own, name in includes_of(path):
        target = name.split("/")[0]
        if own and "/" not in name:
            problems.append(f'{place}: "{name}": write the folder, as in "base/text.h"')
        elif own and target not in [layer, *ORDER[layer]] and (src / target).is_dir():
            problems.append(f'{place}: {layer} must not know {target}, but includes "{name}"')
        for pattern, layers in LIBRARIES.items():
            if not own and re.match(pattern, name) and layer not in layers:
                problems.append(f"{place}: <{name}> belongs into {', '.join(layers)}")
        if FORBIDDEN.fullmatch(name):
            problems.append(f"{place}: <{name}> is not used in this project")
    if layer != "cli":
        code = COMMENT_OR_TEXT.sub("", path.read_text())
        for found in PRINTING.finditer(code):
            problems.append(f"{place}: nothing but cli prints or exits: {found.group(0).strip()}")
    return problems


def heavy_chain(src, name, seen):
    """The chain of headers from `name` to LibTorch or OpenCV, or None."""
    if name in seen or not (src / name).is_file():
        return None
    seen.add(name)
    for own, included in includes_of(src / name):
        if not own and HEAVY.match(included):
            return [name, f"<{included}>"]
        chain = heavy_chain(src, included, seen) if own else None
        if chain:
            return [name, *chain]
    return None


def check(src):
    problems = []
    for path in sources(src):
        problems += check_file(src, path)
        if layer_of(src, path) == "cli":
            chain = heavy_chain(src, str(path.relative_to(src)), set())
            if chain:
                problems.append("the program would need " + chain[-1] + " to start: " + " -> ".join(chain))
    return problems


VIOLATIONS = {
    "base includes data": {"base/a.h": '#include "data/b.h"\n', "data/b.h": ""},
    "data includes model": {"data/a.cpp": '#include "model/b.h"\n', "model/b.h": ""},
    "model includes data": {"model/a.cpp": '#include "data/b.h"\n', "data/b.h": ""},
    "train includes report": {"train/a.cpp": '#include "report/b.h"\n', "report/b.h": ""},
    "engine includes cli": {"engine/a.cpp": '#include "cli/b.h"\n', "cli/b.h": ""},
    "an unknown layer": {"utils/a.h": ""},
    "CLI11 outside cli": {"engine/a.cpp": "#include <CLI/CLI.hpp>\n"},
    "OpenCV in model": {"model/a.cpp": "#include <opencv2/core.hpp>\n"},
    "TorchScript in data": {"data/a.cpp": "#include <torch/script.h>\n"},
    "torch.h": {"train/a.cpp": "#include <torch/torch.h>\n"},
    "printing in train": {"train/a.cpp": 'void f() { std::printf("x"); }\n'},
    "std::cerr in data": {"data/a.cpp": 'void f() { std::cerr << "x"; }\n'},
    "exit in engine": {"engine/a.cpp": "void f() { std::exit(1); }\n"},
    "LibTorch behind a header of cli": {"cli/a.cpp": '#include "train/b.h"\n', "train/b.h": "#include <ATen/ATen.h>\n"},
    "no folder in an include": {"base/a.cpp": '#include "a.h"\n', "base/a.h": ""},
}
FINE = {
    "base/a.cpp": '#include "base/a.h"\nvoid f() { std::snprintf(b, 1, "x"); }  // printf( in a comment\n',
    "base/a.h": "",
    "train/b.cpp": '#include "data/c.h"\n#include "model/d.h"\n#include <ATen/ATen.h>\nauto s = "exit(1)";\n',
    "data/c.h": "#include <opencv2/core/mat.hpp>\n",
    "model/d.h": "",
    "cli/e.cpp": '#include "engine/f.h"\n#include <CLI/CLI.hpp>\nvoid f() { std::puts("x"); }\n',
    "engine/f.h": '#include "base/a.h"\n',
    "main.cpp": '#include "cli/g.h"\n',
    "cli/g.h": "",
}


def problems_of(files):
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files.items():
            path = pathlib.Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return check(pathlib.Path(folder))


def self_test():
    failures = [f"not noticed: {what}" for what, files in VIOLATIONS.items() if not problems_of(files)]
    return failures + [f"noticed without reason: {problem}" for problem in problems_of(FINE)]


def main():
    problems = self_test() if sys.argv[1] == "--self-test" else check(pathlib.Path(sys.argv[1]))
    for problem in problems:
        print(problem)
    if sys.argv[1] != "--self-test" and not list(sources(pathlib.Path(sys.argv[1]))):
        print("no sources in", sys.argv[1])
        return 1
    return 1 if problems else 0


sys.exit(main())
