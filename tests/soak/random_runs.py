"""Trains with settings drawn at random, kills and resumes, evaluates, predicts, exports and verifies, again and again: the run that was
killed must have the models and the history of one that was not, and all that is made of the two must be the same bytes; no command
may fail but with a reason that the settings give, and none leaves a file behind. Two processes that live long are looked at
meanwhile: a `predict --watch` through all of it, and now and then a training of many epochs; their memory and descriptors must not grow.

Usage: random_runs.py CVTOOL [--hours 2] [--base BASE] [--seed 1] [--keep FOLDER]

Prints a line a round, `-` for what was refused; exit code 1 where something was wrong, which is told and kept in FOLDER.
"""
import argparse
import collections
import json
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from settings import Settings
from soak import memory_and_files, results, wait_for_training

arguments = argparse.ArgumentParser()
arguments.add_argument("cvtool")
arguments.add_argument("--hours", type=float, default=2)
arguments.add_argument("--base")
arguments.add_argument("--seed", type=int, default=1)
arguments.add_argument("--keep")
options = arguments.parse_args()
cvtool = os.path.abspath(options.cvtool)
draw = random.Random(options.seed)
scratch = tempfile.mkdtemp(prefix="cvtool-soak-")
folders = {name: f"{scratch}/{name}" for name in ("cache", "data", "tmp", "work", "inbox")}
environment = dict(os.environ, XDG_CACHE_HOME=folders["cache"], XDG_DATA_HOME=folders["data"], TMPDIR=folders["tmp"], CVTOOL_OFFLINE="1",
                   CVTOOL_CACHE_LIMIT="300")
settings = Settings(cvtool, draw)
PHOTOS = scratch + "/photos"
# Why settings that are allowed may fail all the same.
REASONS = ("became NaN", "became infinite", "has learned nothing")
LIMIT_S = 600  # after which a command hangs, on a busy machine
faults, refusals, counts = [], collections.Counter(), collections.Counter()


class Refused(Exception):
    pass


def fault(title, said=""):
    faults.append(title)
    print(f"FAULT: {title}\n{said}", flush=True)
    if options.keep:
        shutil.copytree(folders["work"], f"{options.keep}/{len(faults)}", dirs_exist_ok=True, symlinks=True)


def judged(words, code, err):
    """Throws Refused for a reason that the settings give; anything else that is not success is a fault."""
    if code == 0:
        return
    told = err.strip().splitlines()[-1] if err.strip() else ""
    refused = code == 2 and told.startswith("cvtool: ") or code == 1 and any(reason in err for reason in REASONS)
    if not refused or "internal error" in err:
        fault(f"exit code {code}: cvtool {' '.join(words)}", err)
        told = "a fault"
    refusals[re.sub(r"[\d.]+|--[\w-]+ \S+", "N", told)[:100]] += 1
    raise Refused(told)


def cvtool_does(words):
    """What it prints on stdout."""
    counts[words[0]] += 1
    try:
        done = subprocess.run([cvtool] + words, cwd=folders["work"], env=environment, capture_output=True, timeout=LIMIT_S)
    except subprocess.TimeoutExpired:
        fault(f"hangs: cvtool {' '.join(words)}")
        raise Refused("hangs")
    judged(words, done.returncode, done.stderr.decode(errors="replace"))
    return done.stdout


def done_by_itself(step, process, log, kills):
    counts["train"] += kills + 1
    said = open(log, errors="replace").read()
    if "the run is finished" not in said:
        judged(step, process.wait(), said)
    return kills


def train_with_kills(words, name, longest):
    """Starts the training and kills it up to three times. Returns how often."""
    run, log, kills = f"{folders['work']}/runs/{name}", scratch + "/log", 0
    step = words + ["--name", name]
    for _ in range(draw.randint(1, 3)):
        process = subprocess.Popen([cvtool] + step, cwd=folders["work"], env=environment, stdout=subprocess.DEVNULL, stderr=open(log, "w"))
        if not wait_for_training(process, log):
            return done_by_itself(step, process, log, kills)
        time.sleep(draw.uniform(0, longest))
        how = draw.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
        gone = process.poll() is not None
        process.send_signal(how)
        code = process.wait()
        if gone:
            return done_by_itself(step, process, log, kills)
        kills += 1
        if how != signal.SIGKILL and code not in (0, 130, 143):
            fault(f"exit code {code} after {how.name}: cvtool {' '.join(step)}", open(log).read())
        step = ["train", "--resume", "runs/" + name, "--checkpoint-minutes", draw.choice(["0", "0.01", "10"])]
    done = subprocess.run([cvtool] + step, cwd=folders["work"], env=environment, capture_output=True, text=True, timeout=LIMIT_S)
    counts["train"] += kills + 1
    if "the run is finished" not in done.stderr:
        judged(step, done.returncode, done.stderr)
    if not os.path.exists(run + "/best.pt"):
        fault(f"{run} has no model", done.stderr)
    return kills


def left_behind():
    """Files that nobody has finished, and what lies where nothing stays."""
    found = [os.path.join(place, name) for place, _, names in os.walk(scratch) for name in names if re.search(r"\.part[0-9a-f]{8}$", name)]
    return found + [folders["tmp"] + "/" + name for name in os.listdir(folders["tmp"])]


def same(title, make):
    """What `make` makes of the run that was killed is what it makes of the other."""
    one, other = make("whole"), make("killed")
    if one != other:
        fault(f"{title}: of the killed run another answer", f"{one[:2000]!r}\n{other[:2000]!r}")


def evaluated(name, words):
    cvtool_does(["eval", "--data", PHOTOS, "--model", "runs/" + name, "-o", "eval-" + name] + words)
    return open(f"{folders['work']}/eval-{name}/predictions.csv", "rb").read()


def exported(name, words):
    file = f"{name}.out"
    cvtool_does(["export", "--model", "runs/" + name, "-o", file] + words)
    if "header" not in words:
        cvtool_does(["verify", file])
    return open(f"{folders['work']}/{file}", "rb").read()


def export_words():
    words = ["--format", draw.choice(settings.of_flag("export", "--format")), "--precision", draw.choice(settings.of_flag("export", "--precision"))]
    return words + (["--with-resize"] if draw.random() < 0.3 else []) + (["--calibrate", PHOTOS + "/train"] if "int8" in words else [])


def attempt(work, *what):
    try:
        return work(*what)
    except Refused:
        return None


def one_round(number):
    shutil.rmtree(folders["work"], ignore_errors=True)
    os.makedirs(folders["work"])
    on_a_base = bool(options.base) and draw.random() < 0.4
    words = ["train", "--data", PHOTOS, "--epochs", str(draw.randint(1, 5))] + settings.training(on_a_base)
    words += ["--base", options.base if on_a_base else "none"] + (["--imgsz", "32"] if "--imgsz" not in words else [])
    start = time.monotonic()
    told = " ".join(words[4:])
    try:
        cvtool_does(words + ["--name", "whole"])
        longest = (time.monotonic() - start) / 2
        kills = train_with_kills(words, "killed", longest)
    except Refused as reason:
        print(f"{number:4} - {told}: {reason}", flush=True)
        return
    counts["kills"] += kills
    whole, killed = (results(f"{folders['work']}/runs/{name}") for name in ("whole", "killed"))
    for file, digest in whole.items():
        if killed[file] != digest:
            fault(f"{file} of the run that was killed differs: cvtool {' '.join(words)}")
    for title, make, more in (("eval", evaluated, ["--tta", draw.choice(["none", "flip", "2"])]), ("export", exported, export_words())):
        attempt(same, title, lambda name: make(name, more))
    attempt(same, "predict", lambda name: cvtool_does(["predict", PHOTOS + "/valid", "--json", "--model", "runs/" + name]))
    for file in left_behind():
        fault(f"left behind: {file}")
    print(f"{number:4}   {told}: {kills} kills, {time.monotonic() - start:.0f} s", flush=True)


class Watch:
    """A `predict --watch` that lives as long as the soak."""

    def __init__(self):
        os.makedirs(folders["inbox"])
        self.answers = open(scratch + "/answers", "w+")
        self.process = subprocess.Popen([cvtool, "predict", "--watch", folders["inbox"], "--json", "--model", scratch + "/first/runs/first"], env=environment,
                                        stdout=self.answers, stderr=open(scratch + "/watch.err", "w"))
        self.sent, self.uses = 0, []

    def feed(self):
        photos = [os.path.join(place, name) for place, _, names in os.walk(PHOTOS) for name in names]
        for photo in draw.sample(photos, 20):
            self.sent += 1
            shutil.copy(photo, f"{folders['inbox']}/{self.sent}.jpg")
        self.wait()
        for name in os.listdir(folders["inbox"]):
            os.remove(f"{folders['inbox']}/{name}")
        if self.process.poll() is None:
            self.uses.append(memory_and_files(self.process.pid))

    def wait(self):
        for _ in range(1200):
            self.answers.seek(0)
            if sum(1 for _ in self.answers) >= self.sent or self.process.poll() is not None:
                break
            time.sleep(0.05)
        else:
            fault(f"predict --watch has not answered for all of {self.sent} photos")

    def end(self):
        self.process.send_signal(signal.SIGINT)
        if self.process.wait() not in (0, 130):
            fault(f"predict --watch ended with {self.process.returncode}", open(scratch + "/watch.err").read())
        judge_growth("predict --watch", self.uses)


def judge_growth(title, uses):
    """Of (KiB, descriptors) in the order of time: the last quarter against the second one."""
    if len(uses) < 8:
        return
    quarter = len(uses) // 4
    before, after = (max(part) for part in (uses[quarter:2 * quarter], uses[-quarter:]))
    files = [max(count for _, count in part) for part in (uses[quarter:2 * quarter], uses[-quarter:])]
    print(f"{title}: {before[0] / 1024:.1f} MiB and {files[0]} descriptors in the second quarter, {after[0] / 1024:.1f} MiB and {files[1]} in the last, "
          f"{len(uses)} looks", flush=True)
    if after[0] > before[0] * 1.05 + 4096 or files[1] > files[0]:
        fault(f"{title} grows: {uses[::max(1, len(uses) // 20)]}")


def long_training(number):
    """Many short epochs in one process."""
    words = ["train", "--data", PHOTOS, "--base", options.base or "none", "--imgsz", "32", "--epochs", "1000000", "--time-limit", "1.5", "--name", f"long{number}",
             "--checkpoint-minutes", "0.02", "--augment", draw.choice(["none", "flip"])]
    process = subprocess.Popen([cvtool] + words, cwd=folders["work"], env=environment, stdout=subprocess.DEVNULL, stderr=open(scratch + "/log", "w"))
    uses = []
    if wait_for_training(process, scratch + "/log"):
        while process.poll() is None:
            uses.append(memory_and_files(process.pid))
            time.sleep(1)
    if process.wait() != 0:
        fault(f"exit code {process.returncode}: cvtool {' '.join(words)}", open(scratch + "/log").read())
    # The last looks meet the evaluation at the end.
    judge_growth("training of many epochs", [use for use in uses if use][:-8])


def main():
    for name in ("data", "tmp"):
        os.makedirs(folders[name])
    os.makedirs(scratch + "/first")
    os.makedirs(folders["work"])
    cvtool_does(["data", "sample", PHOTOS, "--train-per-class", "40", "--valid-per-class", "12", "--test-per-class", "6", "--size", "48"])
    subprocess.run([cvtool, "train", "--data", PHOTOS, "--base", "none", "--imgsz", "32", "--epochs", "2", "--name", "first"], cwd=scratch + "/first",
                   env=environment, check=True, capture_output=True)
    watch, end, number = Watch(), time.monotonic() + options.hours * 3600, 0
    while time.monotonic() < end:
        number += 1
        one_round(number)
        watch.feed()
        if number % 20 == 10:
            long_training(number)
    watch.end()
    print(f"{number} rounds, {counts['kills']} kills; commands: {dict(counts)}; largest process "
          f"{resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024:.0f} MiB; refused for:")
    for reason, times in refusals.most_common(30):
        print(f"{times:5} {reason}")
    print(f"{len(faults)} faults")
    return 1 if faults else 0


try:
    code = main()
finally:
    shutil.rmtree(scratch, ignore_errors=True)
sys.exit(code)
