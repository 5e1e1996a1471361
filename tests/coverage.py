"""Which lines of src the tests run, as a table by folder: cmake --preset coverage && cmake --build --preset coverage

    python3 tests/coverage.py SOURCE_FOLDER BUILD_FOLDER [--missing] [--keep] [--tests REGEX]

--missing lists the lines that no test runs, --keep looks at the last run's counts again, --tests runs only some of ctest's entries. The
build is clang's with CVTOOL_COVERAGE=ON. Counted are the test programs, the program that they start and its engine library; a
process that is killed has no say. Lines that only a GPU reaches stand in coverage_gpu.txt and are not counted.
"""
import argparse
import collections
import os
import pathlib
import shutil
import subprocess
import sys


def tool(name):
    """The tool that belongs to the compiler: its files have another format in every version."""
    for line in (options.build / "CMakeCache.txt").read_text().splitlines():
        if line.startswith("CMAKE_CXX_COMPILER:"):
            found = subprocess.run([line.split("=")[1], "--print-prog-name=" + name], capture_output=True, text=True, check=True).stdout.strip()
            if shutil.which(found):
                return found
    sys.exit(f"there is no {name}: install llvm (cmake/packages.txt, group coverage)")


def run_tests(profiles):
    shutil.rmtree(profiles, ignore_errors=True)
    # Four files a program, in which its processes add up their counts.
    environment = {**os.environ, "LLVM_PROFILE_FILE": str(profiles / "%4m.profraw")}
    some = ["-R", options.tests] if options.tests else []
    return subprocess.run(["ctest", "--test-dir", str(options.build), "-j", "2", "--output-on-failure", *some], env=environment).returncode


def counted_lines(profiles):
    """{path below src: {line: how often it ran}} of all sources, those of every room as a whole."""
    merged = profiles / "all.profdata"
    subprocess.run([tool("llvm-profdata"), "merge", "-sparse", *map(str, sorted(profiles.glob("*.profraw"))), "-o", str(merged)], check=True)
    programs = sorted((options.build / "bin").glob("links_*")) + [options.build / "bin/cvtool", options.build / "lib/libcvtool_engine.so"]
    command = [tool("llvm-cov"), "export", "-format=lcov", "-instr-profile=" + str(merged), str(programs[0])]
    for program in programs[1:]:
        command += ["-object", str(program)]
    text = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    files, lines = collections.defaultdict(dict), None
    for entry in text.splitlines():
        kind, _, value = entry.partition(":")
        if kind == "SF":
            path = pathlib.Path(value)
            inside = path.is_relative_to(options.source / "src")
            lines = files[str(path.relative_to(options.source / "src"))] if inside else {}
        elif kind == "DA":
            line, count = map(int, value.split(",")[:2])
            lines[line] = max(lines.get(line, 0), count)
    return files


def leave_out(files):
    """Takes the lines of coverage_gpu.txt out of `files`; returns what to say of them."""
    said = []
    for rule in pathlib.Path(__file__).with_name("coverage_gpu.txt").read_text().splitlines():
        if not rule or rule.startswith("#"):
            continue
        name, first, last, reason = (part.strip() for part in rule.split("|"))
        text = (options.source / "src" / name).read_text().splitlines()
        begin = next((i for i, line in enumerate(text) if first in line), None)
        end = None if begin is None else next((i for i in range(begin, len(text)) if last in text[i]), None)
        if end is None:
            sys.exit(f"coverage_gpu.txt: {name} has no lines from '{first}' to '{last}'; mend or remove the rule")
        for line in range(begin + 1, end + 2):
            files[name].pop(line, None)
        said.append(f"{name}:{begin + 1}-{end + 1}: {reason}")
    return said


def ranges(numbers):
    out = []
    for number in numbers:
        if out and number == out[-1][1] + 1:
            out[-1][1] = number
        else:
            out.append([number, number])
    return ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in out)


def print_table(files):
    rooms = collections.defaultdict(lambda: [0, 0])
    for name, lines in files.items():
        parts = pathlib.PurePath(name).parent.parts
        room = "model/weights" if parts[:2] == ("model", "weights") else parts[0] if parts else "src"
        for key in (room, "all"):
            rooms[key][0] += len(lines)
            rooms[key][1] += sum(count > 0 for count in lines.values())
    print(f"\n{'folder':15}{'lines':>8}{'covered':>9}{'per cent':>10}")
    for room, (lines, covered) in sorted(rooms.items(), key=lambda row: (row[0] == "all", row[0])):
        print(f"{room:15}{lines:8}{covered:9}{100 * covered / max(lines, 1):10.1f}")


def main():
    profiles = options.build / "profiles"
    status = 0 if options.keep else run_tests(profiles)
    files = counted_lines(profiles)
    said = leave_out(files)
    if options.missing:
        for name, lines in sorted(files.items()):
            missing = sorted(line for line, count in lines.items() if count == 0)
            if missing:
                print(f"{name}: {ranges(missing)}")
    print_table(files)
    print("\nnot counted, since only a GPU reaches them:", *said, sep="\n  ")
    return status


parser = argparse.ArgumentParser()
parser.add_argument("source", type=pathlib.Path)
parser.add_argument("build", type=pathlib.Path)
parser.add_argument("--missing", action="store_true")
parser.add_argument("--keep", action="store_true")
parser.add_argument("--tests")
options = parser.parse_args()
sys.exit(main())
