"""Two epochs of cats-dogs-basic under a memory budget: the same weights as without one, in bounded memory.

    python3 tests/bench/memory_budget.py build/bin/cvtool DATA [SIZE [BUDGET_MB]]

DATA holds train/ and valid/ with class folders. Trains three times, cache in an empty folder of its own: without a budget, with
BUDGET_MB (200), and with it over one batch's worth of photos (links to the first 64 of DATA); prints the peak of anonymous memory
(RssAnon of /proc/PID/status, read every 20 ms) of each, and whether the weights of the first two are equal byte for byte.
"""
import hashlib
import os
import pathlib
import subprocess
import sys
import tempfile
import time

program, data = os.path.abspath(sys.argv[1]), pathlib.Path(sys.argv[2]).resolve()
size = sys.argv[3] if len(sys.argv) > 3 else "160"
budget_mb = sys.argv[4] if len(sys.argv) > 4 else "200"
scratch = pathlib.Path(tempfile.mkdtemp(prefix="cvtool-memory-"))


def anonymous_mb(pid):
    try:
        for line in open(f"/proc/{pid}/status"):
            if line.startswith("RssAnon:"):
                return int(line.split()[1]) / 1000
    except (FileNotFoundError, ProcessLookupError):
        pass
    return 0


def train(name, folder, *flags):
    command = [program, "train", "--data", str(folder), "--recipe", "cats-dogs-basic", "--imgsz", size, "--epochs", "2",
               "--project", str(scratch / "runs"), "--name", name, "-q", *flags]
    environment = dict(os.environ, XDG_CACHE_HOME=str(scratch / ("cache-" + name)))
    process, peak = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL), 0
    while process.poll() is None:
        peak = max(peak, anonymous_mb(process.pid))
        time.sleep(0.02)
    if process.returncode != 0:
        sys.exit(f"{name}: exit code {process.returncode}")
    digest = hashlib.sha256((scratch / "runs" / name / "last.pt").read_bytes()).hexdigest()
    print(f"{name:12} peak of anonymous memory {peak:6.0f} MB, last.pt {digest[:16]}", flush=True)
    return peak, digest


def one_batch():
    folder = scratch / "small"
    for split in ("train", "valid"):
        for klass in sorted(p for p in (data / split).iterdir() if p.is_dir()):
            (folder / split / klass.name).mkdir(parents=True)
            for photo in sorted(klass.iterdir())[:32]:
                (folder / split / klass.name / photo.name).symlink_to(photo)
    return folder


print("data in", data, "at", size, "px; scratch in", scratch)
small, _ = train("one-batch", one_batch(), "--cache-budget", budget_mb)
bounded, bounded_digest = train("budget", data, "--cache-budget", budget_mb)
_, free_digest = train("no-budget", data)
print(f"budget - one batch: {bounded - small:.0f} MB (at most 250)")
print("weights with and without a budget:", "equal" if bounded_digest == free_digest else "DIFFERENT")
sys.exit(0 if bounded_digest == free_digest and bounded - small <= 250 else 1)
