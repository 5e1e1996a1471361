"""Trains with several processes, kills one of them with SIGKILL at a random moment and goes on with another number of processes,
until the training is done: models and history must be those of one process that was never stopped, byte for byte, and each time the
others must end by themselves, naming who has gone.

Usage: kill_a_rank.py CVTOOL [--kills 20] [--seed 1] [--epochs 12] [--most 4] [--dist-timeout 20]

Prints a line a kill; exit code 1 at the first difference. Takes some minutes.
"""
import argparse
import os
import random
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from free_port import free_port  # noqa: E402
from soak import check_run, rank_environment, results, wait_for_training  # noqa: E402

arguments = argparse.ArgumentParser()
arguments.add_argument("cvtool")
arguments.add_argument("--kills", type=int, default=20)
arguments.add_argument("--seed", type=int, default=1)
arguments.add_argument("--epochs", type=int, default=12)
arguments.add_argument("--most", type=int, default=4, help="processes")
arguments.add_argument("--dist-timeout", type=float, default=20)
options = arguments.parse_args()
cvtool = os.path.abspath(options.cvtool)
draw = random.Random(options.seed)
scratch = tempfile.TemporaryDirectory(prefix="cvtool-soak-")
environment = dict(os.environ, XDG_CACHE_HOME=scratch.name + "/cache")
photos = scratch.name + "/photos"
TRAINING = ["--data", photos, "--recipe", "car-or-truck-convnet", "--imgsz", "64", "--batch", "64", "--epochs", str(options.epochs),
            "--ema", "0.9", "--augment", "flip=horizontal"]


def start(words, ranks):
    """Of each rank its process and the file that holds what it says."""
    port, out = free_port(), []
    for rank in range(ranks):
        log = f"{scratch.name}/log{rank}"
        command = [cvtool, "train"] + words + ["--project", scratch.name + "/runs", "--threads", "1",
                                               "--dist-timeout", str(options.dist_timeout)]
        out.append((subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=open(log, "w"),
                                     env=rank_environment(environment, rank, ranks, port)), log))
    return out


def said(log):
    return open(log, errors="replace").read()


def fail(text, started):
    for process, log in started:
        if process.poll() is None:
            process.kill()
        print(f"--- {log}:\n{said(log)}")
    sys.exit(text)


def finished(started):
    """Waits for all; True when each has done its work, or had nothing left to do."""
    for process, _ in started:
        process.wait()
    first = said(started[0][1])
    if "the run is finished" in first:
        return True
    if any(process.returncode != 0 for process, _ in started):
        fail("a process has failed by itself", started)
    return True


def kill_one(started, longest, number):
    """Kills a process after a while. True when one was killed."""
    if not wait_for_training(*started[0]):
        finished(started)
        return False
    wait = draw.uniform(0, longest)
    rank = draw.randrange(len(started))
    time.sleep(wait)
    if any(process.poll() is not None for process, _ in started):
        finished(started)
        return False
    started[rank][0].kill()
    killed_at = time.monotonic()
    for process, _ in started:
        try:
            process.wait(options.dist_timeout + 10)
        except subprocess.TimeoutExpired:
            fail(f"kill {number}: a process does not end", started)
    ended_s = time.monotonic() - killed_at
    for other, (process, log) in enumerate(started):
        # Whoever has finished in that moment has nothing to tell.
        if other != rank and process.returncode != 0 and f"rank {rank} on " not in said(log):
            fail(f"kill {number}: rank {other} does not name rank {rank}", started)
    going_on = [line.split(": ", 1)[1].strip() for line in said(started[0][1]).splitlines() if "going on in" in line]
    print(f"{number:4d}  {len(started):5d}  {rank:6d}  {wait:7.2f}  {ended_s:7.2f}  {going_on[0] if going_on else 'first start'}", flush=True)
    return True


subprocess.run([cvtool, "data", "sample", photos, "--train-per-class", "100", "--valid-per-class", "30", "--size", "80"], check=True,
               capture_output=True)
begin = time.monotonic()
finished(start(TRAINING + ["--name", "whole"], 1))
longest = (time.monotonic() - begin) / 3
wanted = results(scratch.name + "/runs/whole")
print(f"without a stop, one process: {longest * 3:.0f} s; best.pt {wanted['best.pt'][:16]}\n"
      f"kill  ranks  killed  after/s  ended/s  where it had started", flush=True)
kills = runs = 0
while kills < options.kills:
    runs += 1
    run, ranks = f"{scratch.name}/runs/killed{runs}", 0
    step = TRAINING + ["--name", f"killed{runs}"]
    while True:
        ranks = draw.choice([n for n in range(1, options.most + 1) if n != ranks])
        started = start(step, ranks)
        if kills == options.kills:
            finished(started)
            break
        if not kill_one(started, longest, kills + 1):
            break
        kills += 1
        if os.path.exists(run + "/checkpoint.pt") or os.path.exists(run + "/config.json"):
            step = ["--resume", run, "--checkpoint-minutes", draw.choice(["0", "0.01", "10"])]
    check_run(run, wanted, run)
print(f"{kills} kills, {runs} runs: models and history equal")
