"""Kills trainings with SIGKILL at random moments and resumes them until they are done: models and history must be those of a
run that was never stopped, byte for byte.

Usage: kill_and_resume.py CVTOOL --base BASE [--data DIR] [--kills 20] [--seed 1] [--case NAME] [--epochs N]

BASE is as in cvtool train --base. Without --data photos are drawn. Each case takes some minutes.
"""
import argparse
import os
import random
import subprocess
import sys
import tempfile
import time

from soak import check_run, results, wait_for_training, writes_in

arguments = argparse.ArgumentParser()
arguments.add_argument("cvtool")
arguments.add_argument("--base", required=True)
arguments.add_argument("--data")
arguments.add_argument("--kills", type=int, default=20)
arguments.add_argument("--seed", type=int, default=1)
arguments.add_argument("--case")
arguments.add_argument("--epochs", type=int, default=12)
options = arguments.parse_args()
cvtool = os.path.abspath(options.cvtool)
base = os.path.abspath(options.base) if os.path.exists(options.base) else options.base
draw = random.Random(options.seed)
scratch = tempfile.TemporaryDirectory(prefix="cvtool-soak-")
environment = dict(os.environ, XDG_CACHE_HOME=scratch.name + "/cache")

COMMON = ["--imgsz", "64", "--batch", "16"]
EPOCHS = {"frozen backbone": 20 * options.epochs}  # from features they are short
CASES = {
    "convnet": ["--recipe", "car-or-truck-convnet"],
    "frozen backbone": ["--base", base, "--head", "global_avg,dropout:0.2,dense:16:relu", "--augment", "flip=horizontal",
                    "--feature-cache", "disk"],
    "fine-tuning": ["--base", base, "--head", "global_avg,dropout:0.2", "--fine-tune", "all", "--freeze-epochs", "3",
                    "--augment", "flip=horizontal,rotation=0.1,zoom=0.1", "--ema", "0.99", "--schedule", "cosine", "--warmup", "1"],
}


def command(words):
    return [cvtool, "train"] + words + ["--project", scratch.name + "/runs"]


def finish(words):
    done = subprocess.run(command(words), capture_output=True, text=True, env=environment)
    if done.returncode != 0 and "the run is finished" not in done.stderr:
        sys.exit(f"cvtool {' '.join(words)} failed:\n{done.stderr}")
    return done


def wait_until_writing(run, process):
    """Until a checkpoint or a model is being written; False where that does not come."""
    end = time.monotonic() + 5
    while time.monotonic() < end and process.poll() is None:
        if writes_in(process.pid, run):
            return True
    return False


def kill_once(words, run, longest):
    """Starts the program and kills it. Returns where, or None when it was done before."""
    log = scratch.name + "/log"
    process = subprocess.Popen(command(words), stdout=subprocess.DEVNULL, stderr=open(log, "w"), env=environment)
    if not wait_for_training(process, log):
        text = open(log).read()
        if process.returncode != 0 and "the run is finished" not in text:
            sys.exit(f"cvtool {' '.join(words)} failed:\n{text}")
        return None
    time.sleep(draw.uniform(0, longest))
    writing = draw.random() < 0.3 and os.path.isdir(run) and wait_until_writing(run, process)
    if process.poll() is not None:
        return None
    process.kill()
    process.wait()
    going_on = [line.split(": ", 1)[1] for line in open(log) if "going on in" in line]
    return (going_on[0].strip() if going_on else "first start") + (", killed while writing" if writing else "")


def check(case, words):
    whole = f"{scratch.name}/runs/{case} whole"
    start = time.monotonic()
    finish(words + ["--name", case + " whole"])
    longest = (time.monotonic() - start) / 4
    wanted = results(whole)
    print(f"{case}: {longest * 4:.0f} s without a stop; best.pt {wanted['best.pt'][:16]}", flush=True)
    kills = writing = runs = 0
    while kills < options.kills:
        runs += 1
        name = f"{case} killed {runs}"
        run = f"{scratch.name}/runs/{name}"
        step = words + ["--name", name]
        while kills < options.kills:
            where = kill_once(step, run, longest)
            if where is None:
                break
            kills += 1
            writing += "while writing" in where
            print(f"  kill {kills}: {where}", flush=True)
            # Now and then a checkpoint after every step, so that kills hit the writing.
            step = ["--resume", run, "--checkpoint-minutes", draw.choice(["0", "0.01", "10"])]
        finish(["--resume", run])
        check_run(run, wanted, f"{case}, {name}")
    print(f"{case}: {kills} kills, {writing} of them while a file was written, {runs} runs: models and history equal", flush=True)


photos = options.data
if not photos:
    photos = scratch.name + "/photos"
    subprocess.run([cvtool, "data", "sample", photos, "--train-per-class", "100", "--valid-per-class", "30", "--size", "80"],
                   check=True, capture_output=True)
for case, words in CASES.items():
    if options.case in (None, case):
        epochs = EPOCHS.get(case, options.epochs)
        check(case, ["--data", photos, "--epochs", str(epochs)] + COMMON + words)
