"""Damages an exported ONNX file and a model file in every way that a disk or a copy does, and shows them to the program.

flip_bits.py CVTOOL [FLIPS] [FOLDER]: trains a small model in FOLDER (a temporary one), exports it, and runs `verify` on FLIPS
(2,000) files each with one flipped bit, then on cut ones and ones with bytes too many or too few; the other commands that
read a model get every 20th. The right answer is always exit code 1 and a message; a crash, an "internal error", a run of
more than 20 seconds, or code 0 ends in exit code 1 here. Prints how often each code came."""
import collections
import os
import random
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor

cvtool = os.path.abspath(sys.argv[1])
flips = int(sys.argv[2]) if len(sys.argv) > 2 else 2000
work = sys.argv[3] if len(sys.argv) > 3 else tempfile.mkdtemp()
os.makedirs(work, exist_ok=True)
os.chdir(work)
os.environ.update(OMP_NUM_THREADS="1", XDG_CACHE_HOME=os.path.join(work, "cache"))

RECIPE = """{"name": "small", "data": {"imgsz": 32}, "model": {"layers": [
  {"kind": "conv2d", "filters": 8, "strides": 2, "padding": "same"}, {"kind": "batch_norm", "activation": "relu"},
  {"kind": "max_pool2d"}, {"kind": "flatten"}, {"kind": "dense"}]}, "train": {"epochs": 1, "batch": 16}}"""


def run(*arguments):
    begin = time.time()
    try:
        done = subprocess.run([cvtool, *arguments], capture_output=True, timeout=20)
        code, err = done.returncode, done.stderr.decode(errors="replace")
    except subprocess.TimeoutExpired:
        code, err = "timeout", ""
    if "internal error" in err or (code not in (0, "timeout") and "cvtool: " not in err):
        code = f"{code}, no words"
    return code, err, time.time() - begin


def prepare():
    with open("small.json", "w") as out:
        out.write(RECIPE)
    for arguments in (["data", "sample", "photos", "--train-per-class", "12", "--valid-per-class", "6",
                       "--test-per-class", "3", "--size", "32x32"],
                      ["train", "--data", "photos", "--recipe", "small.json", "--name", "first"],
                      ["export", "--model", "runs/first", "--format", "onnx", "-o", "m.onnx"]):
        code, err, _ = run(*arguments, "-q")
        assert code == 0, err


def damaged(data, kind, random):
    at = random.randrange(len(data))
    if kind == "flipped":
        return data[:at] + bytes([data[at] ^ 1 << random.randrange(8)]) + data[at + 1:]
    if kind == "cut":
        return data[:at]
    if kind == "inserted":
        return data[:at] + bytes(random.randrange(256) for _ in range(random.randint(1, 9))) + data[at:]
    return data[:at] + data[at + random.randint(1, 9):]


def commands(path, number):
    yield ["verify", path]
    if number % 20 == 0 and path.endswith(".pt"):
        yield ["predict", "photos/test/Car", "--model", path]
        yield ["eval", "--data", "photos", "--model", path, "-o", path + ".eval"]
        yield ["explain", "photos/test/Car/car_00001.jpg", "--grad-cam", "--model", path, "-o", path + ".explained"]
        yield ["export", "--format", "onnx", "--model", path, "-o", path + ".onnx"]
        yield ["summary", path]
        yield ["train", "--data", "photos", "--from", path, "--epochs", "1", "--name", f"from{number}"]


def one(task):
    name, kind, number = task
    with open(name, "rb") as whole:
        data = damaged(whole.read(), kind, random.Random(f"{name} {kind} {number}"))
    path = f"{kind}{number}{os.path.splitext(name)[1]}"
    with open(path, "wb") as out:
        out.write(data)
    answers = [(arguments[0], *run(*arguments)) for arguments in commands(path, number)]
    bad = [answer for answer in answers if answer[1] != 1]
    if not bad:
        os.remove(path)
    return name, kind, path, answers, bad


prepare()
tasks = [(name, kind, number) for name in ("m.onnx", "runs/first/best.pt")
         for kind, count in (("flipped", flips), ("cut", flips // 10), ("inserted", flips // 10), ("deleted", flips // 10))
         for number in range(count)]
random.Random(1).shuffle(tasks)  # whoever stops it early has seen some of everything
codes, slowest, failed = collections.Counter(), 0, 0
pool = ThreadPoolExecutor(os.cpu_count())
try:
    for done, (name, kind, path, answers, bad) in enumerate(pool.map(one, tasks), 1):
        if done % 200 == 0:
            print(f"{done} of {len(tasks)} files", file=sys.stderr, flush=True)
        for command, code, _, seconds in answers:
            codes[os.path.basename(name), kind, command, code] += 1
            slowest = max(slowest, seconds)
        for command, code, err, _ in bad:
            failed += 1
            print(f"{command} {os.path.join(work, path)}: {code} {err[-300:]}", flush=True)
except KeyboardInterrupt:
    print("stopped")
    pool.shutdown(cancel_futures=True)
for (name, kind, command, code), count in sorted(codes.items(), key=str):
    print(f"{name:8} {kind:9} {command:8} exit {code}: {count}")
print(f"the slowest took {slowest:.1f} s; {failed} wrong answers")
sys.exit(failed > 0)
