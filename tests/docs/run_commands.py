"""Runs every command of README.md and docs/ in a folder with drawn photos, offline, and compares the shape of what it prints with what
the page shows.

    python3 tests/docs/run_commands.py build/bin/cvtool [PAGE...]

A block ```sh holds commands; where a block ```text follows it at once, that is their output. A block ```console holds commands behind
"$ " and below each its output, or nothing. Before a block that cannot be run stands <!-- not run: REASON -->: the flags in it are still
looked up; before one whose output cannot be foreseen <!-- not compared: REASON -->. Each page has a folder of its own, in which its blocks run one after the other.
"""
import concurrent.futures
import os
import pathlib
import re
import sys
import tempfile
import time

import scratch
from flags import Flags
from pages import Page, documents
from shape import difference

# What makes a command small; nothing else of it is changed.
SMALLER = [
    (r"(cvtool data sample \S+)(?! --train-per-class \d+ --valid)", r"\1 " + scratch.SAMPLE),
    (r"--epochs \d+", "--epochs 2"),
    (r"--freeze-epochs \d+", "--freeze-epochs 1"),
    (r"^(cvtool train (?=.*(--recipe c|--base \w+_))(?!.*--imgsz).*)$", r"\1 --imgsz 64"),
    (r"^(cvtool train (?!.*(--epochs|--recipe|--resume|--find-lr|--probe|--augment)).*)$", r"\1 --budget 0.02"),
    (r"^(cvtool train (?!.*(--epochs|--budget|--resume|--find-lr|--probe)).*)$", r"\1 --epochs 1"),
]


def smaller(line):
    for pattern, by in SMALLER:
        line = re.sub(pattern, by, line)
    return line


def steps_of(block):
    """(commands, output that the page shows or None) one after the other."""
    if block.language == "sh":
        shown = block.next.lines if block.next and block.next.language == "text" else None
        return [("set -e\n" + "\n".join(smaller(line) for line in block.lines), shown)]
    steps = []
    for line in block.lines:
        if line.startswith("$ "):
            steps.append((smaller(line[2:]), []))
        else:
            steps[-1][1].append(line)
    return [(command, shown or None) for command, shown in steps]


def expects_failure(command, shown):
    return "|| " not in command and shown is not None and any(line.startswith("cvtool: ") for line in shown)


def check_page(page, folder, program):
    """Prints what is wrong; returns how many commands were, and how many ran."""
    wrong, ran = 0, 0
    for block in page.blocks:
        if block.language not in ("sh", "console") or block.reason_not_run():
            continue
        for command, shown in steps_of(block):
            begun = time.monotonic()
            code, lines = scratch.call(folder, program, command)
            if os.environ.get("DOCS_TIMES"):
                print(f"{time.monotonic() - begun:6.2f} s  {block.place()}  {command[:100]!r}", flush=True)
            ran += 1
            compared = shown and not block.mark.startswith("not compared: ")
            problem = difference(shown, lines) if compared else ""
            if (code != 0) != expects_failure(command, shown):
                problem = f"it ended with exit code {code}" + (f"; {problem}" if problem else "")
            if problem:
                wrong += 1
                print(f"{block.place()}: {command}\n    {problem}\n" + "\n".join("    > " + line for line in lines if line), flush=True)
    return wrong, ran


def not_run(pages, flags):
    """Prints the marks, and flags that are wrong in what is not run; returns how many are."""
    wrong, marks = 0, {}
    for page in pages:
        for block in page.blocks:
            if block.language not in ("sh", "console"):
                continue
            if block.mark:
                marks[block.mark] = marks.get(block.mark, 0) + 1
            if block.reason_not_run():
                problems = [f"{block.place()}: {problem}" for line in block.lines for problem in flags.wrong_in(line)]
                wrong += len(problems)
                print(*problems, sep="\n", end="\n" if problems else "")
    for mark, count in sorted(marks.items()):
        print(f"{count} block{'s' if count > 1 else ''} {mark}")
    return wrong


def main():
    program = pathlib.Path(sys.argv[1]).resolve()
    pages = [page for page in map(Page, documents()) if len(sys.argv) == 2 or page.name() in sys.argv[2:]]
    wrong = not_run(pages, Flags(program))
    ran = 0
    with tempfile.TemporaryDirectory() as temporary:
        root = pathlib.Path(temporary).resolve()
        scratch.make(root / "first", program)

        def checked(page):
            folder = root / page.path.stem / str(page.path.parent.name)
            scratch.copy(root / "first", folder)
            if page.name() == "README.md":
                scratch.leave_nothing_but_the_program(folder)
            return check_page(page, folder, program)

        # The pages with most commands first, so that the two workers end together.
        by_length = sorted(pages, key=lambda page: -sum(len(block.lines) for block in page.blocks if block.language in ("sh", "console")))
        with concurrent.futures.ThreadPoolExecutor(2) as workers:
            for problems, count in workers.map(checked, by_length):
                wrong += problems
                ran += count
    print(f"{wrong} of {ran} commands differ from the pages" if wrong else f"{ran} commands of {len(pages)} pages print what the pages show")
    sys.exit(1 if wrong else 0)


main()
