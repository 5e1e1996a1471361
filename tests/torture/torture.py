"""Lets each call that cvtool makes of the system fail once, and looks at what it says, leaves behind and can go on from. See README.md.

    sh tests/torture/run.sh build/bin/cvtool [--points N | --all] [--command NAME]... [--kind KIND]... [--bytes N] [--keep FOLDER]
"""
import argparse
import collections
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile

import results
import scenarios
from disturbed import KINDS, ORDER, Place, Program

WORDS = {"mmap": ["out of memory", "memory"], "alloc": ["out of memory", "memory"], "thread": ["thread", "temporarily unavailable"],
         "recv": ["reset by peer", "Failure when receiving", "Recv failure", "another process", "silent", "lost", "cut off from the network"],
         "send": ["Broken pipe", "Send failure", "Failed sending", "another process", "silent", "lost", "cut off from the network"]}
FILE_KINDS = ("write", "rename", "fsync", "folder")

parser = argparse.ArgumentParser()
parser.add_argument("cvtool")
parser.add_argument("--preload", required=True)
parser.add_argument("--points", type=int, default=8, help="calls of each kind that fail, evenly chosen")
parser.add_argument("--all", action="store_true", help="every call")
parser.add_argument("--command", action="append", help="a scenario, or the beginning of its name")
parser.add_argument("--kind", action="append", choices=ORDER)
parser.add_argument("--bytes", type=int, default=1 << 20, help="the smallest allocation that fails")
parser.add_argument("--limit", type=float, default=30, help="seconds after which a command hangs")
parser.add_argument("--keep", help="folder for what was said and left behind where there was a fault")
parser.add_argument("--libraries", action="store_true", help="the calls of libraries that end the process themselves, instead of all others")
parser.add_argument("--messages", action="store_true", help="print each message once")
options = parser.parse_args()
cvtool = os.path.abspath(options.cvtool)
run = Program(cvtool, options.preload, options).run
scratch = tempfile.mkdtemp(prefix="cvtool-torture-")
whole = results.Wholeness(cvtool)


class Reference:
    """What the undisturbed command gives."""

    def __init__(self, scenario, place):
        self.scenario = scenario
        place.fresh()
        self.before = results.tree(place.work)
        self.all_before = results.everything(place.work)
        self.files, outs = None, []
        self.steady = set()
        for _ in range(2):
            place.fresh()
            said, _ = run(place.work, scenario, scenario.words, scenario.ranks)
            if any(one.code != 0 for one in said):
                sys.exit(f"{scenario.name} fails undisturbed:\n{said}")
            files = results.tree(place.work)
            outs.append(results.without_times(said[0].out))
            if self.files is not None:
                self.steady = {name for name in files if self.files.get(name) == files[name]}
            self.files = files
        self.out = outs[0] if outs[0] == outs[1] else None


def message_fault(kind, code, err):
    if "internal error" in err or "terminate called" in err:
        return "internal error"
    lines = [line for line in err.splitlines() if line.startswith("cvtool: ") or line.startswith("libgomp: ")]
    if not lines:
        return "no message"
    text = "\n".join(lines)
    words = WORDS.get(kind, [os.strerror(KINDS[kind])])
    if not any(word in text for word in words):
        return "the message does not say why"
    if kind in FILE_KINDS and not re.search(r"[\w-]+[./]+[\w-]", text):
        return "the message names no file"
    return "" if code in (1, 4) else f"exit code {code}"


def left_fault(reference, place, code, told):
    """What is wrong with the files that are there now. `told`: the program has said that something failed."""
    half = results.half_written(place.work)
    if half:
        return "half-written: " + os.path.basename(half[0])
    files, scenario = results.tree(place.work), reference.scenario
    for name, content in files.items():
        wanted = reference.files.get(name), reference.before.get(name)
        if any(old is not None and results.timeless(name, old) == results.timeless(name, content) for old in wanted):
            continue
        if scenario.moves and content in reference.before.values():
            continue
        if not whole(os.path.join(place.work, name), content):
            return "damaged: " + name
        if code == 0 and name in reference.steady and not name.endswith("log.txt") and not told:
            return "another result, and nothing was said: " + name
    missing = [name for name in reference.before if name not in files and name not in scenario.goes]
    if scenario.moves:
        if sorted(reference.before.values()) != sorted(content for name, content in files.items() if ".cvtool-move" not in name):
            return "a photo is lost or doubled"
    elif missing and any(name in reference.files for name in missing):
        return "lost: " + missing[0]
    if code == 0:
        absent = [name for name in reference.files if name not in files and ".tfevents." not in name]
        if absent and not told:
            return "exit code 0 without " + absent[0]
    return ""


def again_fault(reference, place):
    """What is wrong with what can be done after the failure."""
    scenario, work = reference.scenario, place.work
    words = scenario.again or scenario.words
    if words == "resume":
        folder = work + "/runs/first"
        begun = os.path.exists(folder + "/config.json")
        words = ["train", "--resume", "runs/first"] + (["--epochs", "3"] if scenario.name == "resume" else [])
        if not begun:
            shutil.rmtree(folder, ignore_errors=True)
            words = scenario.words
    said, _ = run(work, scenario, words)
    done = said[0].code == 0 or (words[0] == "train" and "the run is finished" in said[0].err)
    if not done:
        return "afterwards: " + (said[0].err.strip() or f"exit code {said[0].code}")
    files = results.tree(work)
    for name in scenario.same:
        if results.timeless(name, files.get(name, b"")) != results.timeless(name, reference.files[name]):
            return "afterwards another " + name
    if not scenario.same and not scenario.moves:
        for name in reference.steady:
            if files.get(name) != reference.files[name] and not name.endswith(("summary.md", "log.txt")):
                return "afterwards another " + name
    half = results.half_written(work)
    return "afterwards half-written: " + half[0] if half else ""


def fault_of(reference, place, kind, said, rank):
    for number, one in enumerate(said):
        if one.code is None:
            return "hangs"
        if one.code < 0:
            return f"signal {-one.code} ({signal.Signals(-one.code).name})"
        if "internal error" in one.err or "terminate called" in one.err:
            return "internal error"
    own = said[rank]
    told = os.strerror(KINDS[kind]) in own.err or "cannot" in own.err
    if own.code != 0:
        fault = message_fault(kind, own.code, own.err)
        if fault:
            return fault
    elif reference.out is not None and results.without_times(own.out) != reference.out and not told:
        given, wanted = (set(out.splitlines()) for out in (results.without_times(own.out), reference.out))
        return f"another answer, and nothing was said: {sorted(given - wanted)} for {sorted(wanted - given)}"
    fault = left_fault(reference, place, own.code, told)
    # Where all is as before, or as after an undisturbed command, there is nothing to go on from.
    untouched = results.everything(place.work) == reference.all_before
    return fault or ("" if untouched or own.code == 0 else again_fault(reference, place))


def chosen(count):
    if options.all or count <= options.points:
        return list(range(1, count + 1))
    return sorted({1 + round(i * (count - 1) / (options.points - 1)) for i in range(options.points)})


def torture(scenario, place, messages):
    """Rows of the table: command, kind, calls, points, told, unharmed, faults."""
    reference = Reference(scenario, place)
    rows = []
    for rank in range(scenario.ranks):
        place.fresh()
        _, counts = run(place.work, scenario, scenario.words, scenario.ranks, {}, rank)
        for kind in ORDER:
            if options.kind and kind not in options.kind or counts[kind] == 0:
                continue
            name = scenario.name + (f", rank {rank}" if scenario.ranks > 1 else "")
            row = {"command": name, "kind": kind, "calls": counts[kind], "points": 0, "refused": 0, "unharmed": 0, "faults": []}
            for point in chosen(counts[kind]):
                place.fresh()
                disturbed = {"TORTURE_KIND": kind, "TORTURE_AT": str(point), "TORTURE_ERRNO": str(KINDS[kind])}
                if options.keep:
                    disturbed["TORTURE_TRACE"] = place.work + ".trace"
                said, _ = run(place.work, scenario, scenario.words, scenario.ranks, disturbed, rank)
                if not said[rank].failed:
                    continue  # there are not always as many
                row["points"] += 1
                row["refused" if said[rank].code else "unharmed"] += 1
                for line in said[rank].err.splitlines():
                    if line.startswith("cvtool: ") and said[rank].code != 0 or os.strerror(KINDS[kind]) in line:
                        messages[kind, re.sub(r"[0-9a-f]{16,}", "HASH", line)] += 1
                fault = fault_of(reference, place, kind, said, rank)
                if fault:
                    row["faults"].append((point, fault))
                    keep(place.work, f"{name}-{kind}-{point}".replace(" ", "_"), fault, said)
                if os.path.exists(place.work + ".trace"):
                    os.remove(place.work + ".trace")
            rows.append(row)
            print_row(row)
    return rows


def keep(work, name, fault, said):
    if not options.keep:
        return
    os.makedirs(options.keep, exist_ok=True)
    with open(f"{options.keep}/{name}", "w") as file:
        trace = open(work + ".trace").read() if os.path.exists(work + ".trace") else ""
        file.write(f"{fault}\n" + "\n".join(f"exit code {one.code}\n{one.err}" for one in said) + trace)


def print_row(row):
    print(f"{row['command']:34} {row['kind']:7} {row['calls']:6} {row['points']:6} {row['refused']:8} {row['unharmed']:9} {len(row['faults']):6}", flush=True)
    for point, fault in row["faults"]:
        print(f"    call {point}: {fault}", flush=True)


def prepare(scenario, number, bases, server):
    """The place of a scenario, with what lies there before it."""
    template, work = f"{scratch}/before", f"{scratch}/{number:03}"
    shutil.rmtree(template, ignore_errors=True)
    shutil.copytree(scratch + "/common", template, symlinks=True)
    if scenario.needs_torch:
        shutil.copytree(bases, template + "/bases", ignore=None if scenario.network else shutil.ignore_patterns("official*"))
    place = Place(work, template)
    place.fresh()
    for words in scenario.before:
        said, _ = run(work, scenario, words)
        if said[0].code != 0:
            sys.exit(f"cvtool {' '.join(words)} fails:\n{said[0].err}")
    shutil.rmtree(template)
    shutil.copytree(work, f"{work}.before", symlinks=True)
    place.template = f"{work}.before"
    if scenario.network:
        scenario.environment = {"CVTOOL_SHARE": server}
    return place


def main():
    wanted = [one for one in scenarios.SCENARIOS if not options.command or any(one.name.startswith(name) for name in options.command)]
    if not wanted:
        sys.exit("no such command; they are: " + "; ".join(one.name for one in scenarios.SCENARIOS))
    common, bases = scratch + "/common", scratch + "/bases"
    os.makedirs(common)
    subprocess.run([cvtool, "data", "sample", "photos", "--train-per-class", "12", "--valid-per-class", "6", "--test-per-class", "3", "--size", "96"],
                   cwd=common, check=True, capture_output=True)
    with open(common + "/net.json", "w") as file:
        scenarios.json.dump(scenarios.NET, file)
    have_torch = scenarios.make_bases(bases) if any(one.needs_torch for one in wanted) else False
    share = scenarios.share_of(scenarios.serve(bases), bases, scratch + "/share") if have_torch else ""
    print(f"{'command':34} {'kind':7} {'calls':>6} {'points':>6} {'refused':>8} {'unharmed':>9} {'faults':>6}")
    messages, rows = collections.Counter(), []
    for number, scenario in enumerate(wanted):
        if scenario.needs_torch and not have_torch:
            print(f"{scenario.name}: left out, there is no python3-torch")
            continue
        rows += torture(scenario, prepare(scenario, number, bases, share), messages)
    points, faults = sum(row["points"] for row in rows), sum(len(row["faults"]) for row in rows)
    print(f"{points} calls failed, {faults} faults")
    if options.messages:
        for (kind, line), count in sorted(messages.items()):
            print(f"{count:5} {kind:7} {line}")
    return 1 if faults else 0


try:
    code = main()
finally:
    shutil.rmtree(scratch, ignore_errors=True)
sys.exit(code)
