"""images/s of trainings, and how busy the GPU was meanwhile."""
import json
import statistics
import subprocess
import sys
import threading

from program import Failed, Skipped, history, last_words

CASES = {
    "convnet": ["--base", "none", "--recipe", "car-or-truck-convnet"],
    "vgg16": ["--recipe", "car-or-truck-vgg16-augmented"],
    "mobilenet": ["--recipe", "cats-dogs-mobilenet-v2"],
    "default": ["--base", "none", "--recipe", "small-resnet", "--imgsz", "128"],
}
BASES = {"vgg16": "vgg16", "mobilenet": "mobilenet_v2"}


class Utilisation:
    """Of the GPU, in per cent, by nvidia-smi, which comes with the driver; while in its block."""

    def __enter__(self):
        self.samples, self.ended = [], threading.Event()
        self.thread = threading.Thread(target=self.watch)
        self.thread.start()
        return self

    def watch(self):
        command = ["nvidia-smi", "--query-gpu=utilization.gpu", "--format=csv,noheader,nounits", "--id=0"]
        while not self.ended.wait(0.3):
            try:
                answer = subprocess.run(command, capture_output=True, text=True, timeout=5)
                self.samples.append(float(answer.stdout.strip()))
            except (OSError, ValueError, subprocess.TimeoutExpired):
                return

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()

    def text(self):
        """Of the second half: a program loads LibTorch and reads photos first."""
        busy = self.samples[len(self.samples) // 2:]
        return f"GPU {statistics.median(busy):.0f} % busy" if busy else "no nvidia-smi tells how busy the GPU is"


def cvtool(program, case):
    dry = program.device == "cpu"
    given = [*CASES[case], "--data", program.root / ("few" if dry else "photos"), "--epochs", 2 if dry else 25]
    if case in BASES:
        given += ["--base", program.root / f"bases/{BASES[case]}.pt"]
    if dry:
        program.train("speed", *given)
        raise Skipped("runs; what a dry run's speed is says nothing")
    with Utilisation() as busy:
        run = program.train("speed", *given)
    return f"{statistics.median(history(run, 'images_per_second')[5:]):,.0f} images/s, {busy.text()}"


def peer(program, net, compiled):
    job = {"net": net, "size": 128, "batch": 32, "compiled": compiled, "device": program.device, "seconds": 0.5 if program.device == "cpu" else 8}
    try:
        ended = subprocess.run([sys.executable, "-W", "ignore", str(program.root / "peer_gpu.py"), json.dumps(job)], capture_output=True, text=True,
                               timeout=180)
    except subprocess.TimeoutExpired:
        raise Failed("not done within 180 s") from None
    if ended.returncode != 0:
        raise Skipped("PyTorch: " + last_words(ended.stderr))
    if program.device == "cpu":
        raise Skipped("runs; what a dry run's speed is says nothing")
    return f"{json.loads(ended.stdout.splitlines()[-1])['images_per_second']:,.0f} images/s, batches ready on the GPU"
