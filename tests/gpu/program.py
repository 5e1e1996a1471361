"""cvtool out of a bundle, beside the libraries of the wheel that this Python has."""
import contextlib
import csv
import hashlib
import os
import pathlib
import shutil
import signal
import subprocess
import time

import torch


class Failed(Exception):
    """Something was not as it should be."""


class Skipped(Exception):
    """It cannot be shown here."""


def last_words(text):
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:160] if lines else "no message"


class Program:
    def __init__(self, scratch, device, quick):
        self.root, self.device, self.quick = scratch / "cvtool-gpu", device, quick
        self.runs = scratch / "runs"
        wheel = pathlib.Path(torch.__file__).parent
        libraries = [self.root / "lib", wheel / "lib", *sorted(wheel.parent.glob("nvidia/*/lib"))]
        kept = {key: value for key, value in os.environ.items() if not key.startswith("CVTOOL_")}
        self.environment = {**kept, "LD_LIBRARY_PATH": ":".join(map(str, libraries)), "CVTOOL_OFFLINE": "1",
                            "XDG_CACHE_HOME": str(scratch / "cache"), "XDG_DATA_HOME": str(scratch / "data")}

    def start(self, *arguments, program="cvtool"):
        command = [str(self.root / "bin" / program), *map(str, arguments)]
        return subprocess.Popen(command, env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def call(self, *arguments, program="cvtool", expected=0, limit_s=240):
        """(stdout, stderr). Raises Failed where it ends with another exit code, or not in time."""
        process = self.start(*arguments, program=program)
        try:
            out, errors = process.communicate(timeout=limit_s)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            raise Failed(f"not done within {limit_s} s") from None
        if process.returncode != expected:
            raise Failed(f"exit {process.returncode} instead of {expected}: {last_words(errors or out)}")
        return out, errors

    def version(self):
        return self.call("--version")[0].strip()

    def training(self, name, *arguments, device=None):
        """(arguments of a training, the folder of its run), which is not there yet."""
        run = self.runs / name
        shutil.rmtree(run, ignore_errors=True)
        return ["train", *arguments, "--device", device or self.device, "--project", self.runs, "--name", name], run

    def train(self, name, *arguments, device=None, **more):
        given, run = self.training(name, *arguments, device=device)
        self.call(*given, "-q", **more)
        return run

    def interrupt(self, name, *arguments):
        """A training that Ctrl-C ends after its second epoch."""
        given, run = self.training(name, *arguments)
        process = self.start(*given, "-q")
        end = time.monotonic() + 120
        while process.poll() is None and time.monotonic() < end and epochs_of(run) < 2:
            time.sleep(0.002)
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGINT)
        try:
            _, errors = process.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            process.kill()
            raise Failed("Ctrl-C did not end the training within a minute") from None
        if process.returncode != 130:
            raise Failed(f"exit {process.returncode} instead of 130 after Ctrl-C: {last_words(errors)}")
        return run


def epochs_of(run):
    try:
        return len((run / "history.csv").read_text().splitlines()) - 1
    except OSError:
        return 0


def history(run, column):
    with open(run / "history.csv") as file:
        return [float(row[column]) for row in csv.DictReader(file)]


def digest(run):
    return hashlib.sha256((run / "last.pt").read_bytes()).hexdigest()
