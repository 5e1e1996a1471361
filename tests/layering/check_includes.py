#!/usr/bin/env python3
"""Fails when an #include under src runs against the order of the house, or when two headers define a type of one name.

Usage: check_includes.py SRC ROOMS      checks the tree; ROOMS is a file of lines such as "train:base,spec,data", which
                                        src/CMakeLists.txt gives: a folder, and those that it may know
       check_includes.py --picture SRC ROOMS  prints how often each folder includes each other one
       check_includes.py --self-test    shows on small trees that each rule can fail
"""
import pathlib
import re
import sys
import tempfile

# Library -> the layers that may include it.
LIBRARIES = {
    r"CLI/": ["cli"],
    r"opencv2/": ["data", "report", "export", "explain", "datatools", "run", "evaluate", "engine"],
    r"torch/csrc/|torch/script\.h": ["torch", "dist", "parts", "onnx", "model", "train", "export", "explain", "run", "evaluate", "search", "engine"],
    r"(torch|ATen|c10)/": ["torch", "dist", "parts", "data", "augment", "onnx", "model", "train", "export", "explain", "run", "evaluate", "search", "engine"],
}
# The program starts without LibTorch and OpenCV; what it includes must not bring them in.
HEAVY = re.compile(r"(torch|ATen|c10|opencv2)/")
# <torch/torch.h> costs 18 s a file.
FORBIDDEN = re.compile(r"torch/torch\.h|torch/all\.h")
PRINTING = re.compile(r"std::(cout|clog)\b|std::cerr\s*<<|(?<![\w:])(std::)?(v?printf|v?fprintf|puts|fputs|putchar|perror)\s*\("
                      r"|(?<![\w:.>])(std::|::)?(_exit|_Exit|exit|quick_exit|abort)\s*\(")
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)
TYPE = re.compile(r"^(?:struct|class|enum class|enum|union) (\w+)[^;{}()]*\{", re.MULTILINE)
COMMENT_OR_TEXT = re.compile(r'//[^\n]*|/\*.*?\*/|"(\\.|[^"\\\n])*"', re.DOTALL)


def sources(src):
    for path in sorted(src.rglob("*")):
        if path.suffix in (".h", ".cpp"):
            yield path


def read_order(file):
    lines = (line.split(":") for line in pathlib.Path(file).read_text().split())
    return {room: [known for known in knows.split(",") if known] for room, knows in lines}


# The room of a path such as "model/weights/zip.h": the longest that fits. main.cpp is cli's, engine.cpp engine's.
def room_of(order, path):
    stem = path.split(".")[0]
    if "/" not in path:
        return "cli" if stem == "main" else stem
    fitting = [room for room in order if path.startswith(room + "/")]
    return max(fitting, key=len, default=path.split("/")[0])


def includes_of(path):
    return [(kind == '"', name) for kind, name in INCLUDE.findall(path.read_text())]


def check_file(src, order, path):
    place = str(path.relative_to(src))
    layer = room_of(order, place)
    if layer not in order:
        return [f"{place}: the folder {layer}/ is not in the order of the house (src/CMakeLists.txt)"]
    problems = []
    for own, name in includes_of(path):
        target = room_of(order, name)
        if own and "/" not in name:
            problems.append(f'{place}: "{name}": write the folder, as in "base/text.h"')
        elif own and target not in [layer, *order[layer]] and (src / target).is_dir():
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


def twins(src):
    """All is in one namespace: of two types of one name an unoptimised build takes one's functions for the other's."""
    homes, problems = {}, []
    for path in sources(src):
        for name in TYPE.findall(COMMENT_OR_TEXT.sub("", path.read_text())) if path.suffix == ".h" else []:
            place = str(path.relative_to(src))
            if homes.setdefault(name, place) != place:
                problems.append(f"{place}: {homes[name]} has a type {name} too; give one of them another name")
    return problems


def check(src, order):
    problems = twins(src)
    for path in sources(src):
        problems += check_file(src, order, path)
        if room_of(order, str(path.relative_to(src))) == "cli":
            chain = heavy_chain(src, str(path.relative_to(src)), set())
            if chain:
                problems.append("the program would need " + chain[-1] + " to start: " + " -> ".join(chain))
    return problems


VIOLATIONS = {
    "base includes data": {"base/a.h": '#include "data/b.h"\n', "data/b.h": ""},
    "data includes model": {"data/a.cpp": '#include "model/b.h"\n', "model/b.h": ""},
    "weights includes model": {"model/weights/a.cpp": '#include "model/b.h"\n', "model/b.h": ""},
    "cli includes data": {"cli/a.cpp": '#include "data/b.h"\n', "data/b.h": ""},
    "LibTorch in metrics": {"metrics/a.cpp": "#include <ATen/ATen.h>\n"},
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
    "LibTorch behind a header of cli": {"cli/a.cpp": '#include "spec/b.h"\n', "spec/b.h": "#include <ATen/ATen.h>\n"},
    "two types of one name": {"base/a.h": "struct A {\n  int x;\n};\n", "data/b.h": "class A : public B {\n};\n"},
    "no folder in an include": {"base/a.cpp": '#include "a.h"\n', "base/a.h": ""},
}
FINE = {
    "base/a.cpp": '#include "base/a.h"\nvoid f() { std::snprintf(b, 1, "x"); }  // printf( in a comment\n',
    "base/a.h": "",
    "train/b.cpp": '#include "data/c.h"\n#include "model/d.h"\n#include <ATen/ATen.h>\nauto s = "exit(1)";\n',
    "data/c.h": "#include <opencv2/core/mat.hpp>\nstruct C;\nstruct D {};\n",
    "model/d.h": "",
    "cli/e.cpp": '#include "spec/f.h"\n#include <CLI/CLI.hpp>\nvoid f() { std::puts("x"); }\n',
    "spec/f.h": '#include "base/a.h"\n',
    "model/g.cpp": '#include "model/weights/h.h"\n',
    "model/weights/h.h": "",
    "engine.cpp": '#include "engine/i.h"\n',
    "engine/i.h": '#include "train/j.h"\n',
    "train/j.h": "struct C {\n};\nstruct D;\n",
    "main.cpp": '#include "cli/g.h"\n',
    "cli/g.h": "",
}


# Of the small trees.
ORDER = {"base": [], "spec": ["base"], "metrics": ["base"], "data": ["base", "spec"], "model/weights": ["base"],
         "model": ["base", "model/weights"], "train": ["base", "data", "model"], "report": ["base"],
         "engine": ["base", "data", "model", "train", "report"], "cli": ["base", "spec"]}


def problems_of(files):
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files.items():
            path = pathlib.Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return check(pathlib.Path(folder), ORDER)


def self_test():
    failures = [f"not noticed: {what}" for what, files in VIOLATIONS.items() if not problems_of(files)]
    return failures + [f"noticed without reason: {problem}" for problem in problems_of(FINE)]


def print_picture(src, order):
    counts = {room: dict.fromkeys(order, 0) for room in order}
    for path in sources(src):
        own = room_of(order, str(path.relative_to(src)))
        for quoted, name in includes_of(path):
            if quoted and (src / name).is_file():
                counts[own][room_of(order, name)] += 1
    rooms = [room for room in order if room != "cli"]
    width = max(len(room) for room in order)
    print(" " * width, *(room.split("/")[-1].rjust(9) for room in rooms))
    for room in order:
        cells = ("." if known == room else str(counts[room][known] or "") for known in rooms)
        print(room.ljust(width), *(cell.rjust(9) for cell in cells))


def main():
    if sys.argv[1] == "--self-test":
        problems = self_test()
    else:
        src, rooms = sys.argv[-2:]
        src, order = pathlib.Path(src), read_order(rooms)
        if sys.argv[1] == "--picture":
            print_picture(src, order)
        problems = check(src, order) if list(sources(src)) else [f"no sources in {src}"]
    for problem in problems:
        print(problem)
    return 1 if problems else 0


sys.exit(main())
