"""The programs beside cvtool: which there are, how their virtual environments are made, and what is missing."""
import json
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
NATIVE_BF16 = ("avx512_bf16", "amx_bf16")


class Peer:
    """flags: what the worker is told beside the job."""

    def __init__(self, key, name, worker, packages, check, **flags):
        self.key, self.name, self.worker, self.packages, self.check, self.flags = key, name, worker, packages, check, flags
        self.python, self.version = None, ""

    def command(self, job):
        return [str(self.python), "-W", "ignore", str(HERE / self.worker), json.dumps({**job, **self.flags})]


def all_peers(bf16):
    torch = "import torch, torchvision; print(torch.__version__, 'torchvision', torchvision.__version__)"
    return [
        Peer("eager", "PyTorch, eager", "peer_torch.py", [], torch, new=False, bf16=False),
        Peer("new", "PyTorch, new", "peer_torch.py", ["torch", "torchvision", "numpy"], torch, new=True, bf16=bf16),
        Peer("keras", "Keras on TensorFlow", "peer_keras.py", ["tensorflow-cpu", "pillow"],
             "import tensorflow, keras, PIL; print(keras.__version__, 'on TensorFlow', tensorflow.__version__)"),
    ]


def environment():
    """Of every program: nobody's settings of cvtool, and TensorFlow without its chatter."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("CVTOOL_")}
    return {**kept, "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONNOUSERSITE": "1", "CUDA_VISIBLE_DEVICES": ""}


def version_of(python, check):
    """What the check prints, or None where it fails."""
    try:
        ended = subprocess.run([str(python), "-W", "ignore", "-c", check], env=environment(), capture_output=True, text=True)
    except OSError:
        return None
    return ended.stdout.split("\n")[-2] if ended.returncode == 0 and ended.stdout else None


def install(peer, folder):
    """Makes the virtual environment. Returns what went wrong, or nothing."""
    log = folder / f"{peer.key}.log"
    print(f"installing {', '.join(peer.packages)} in {folder / peer.key} (once; several GB and minutes; log in {log})", file=sys.stderr, flush=True)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with open(log, "w") as out:
            for command in ([sys.executable, "-m", "venv", folder / peer.key],
                            [folder / peer.key / "bin/python", "-m", "pip", "install", "--no-cache-dir", *peer.packages]):
                if subprocess.run(command, stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL).returncode != 0:
                    return f"not installed, see {log}"
    except OSError as error:
        return f"not installed: {error}"
    return ""


def find(peer, folder, may_install, eager_python):
    """Sets the peer's python and version. Returns why it is skipped, or nothing."""
    peer.python = folder / peer.key / "bin/python" if peer.packages else eager_python
    peer.version = version_of(peer.python, peer.check)
    if peer.version or not peer.packages:
        return "" if peer.version else f"{eager_python} has no torch and torchvision (Debian: python3-torch, python3-torchvision)"
    if not may_install:
        return f"not in {folder / peer.key} (left out: --no-install)"
    problem = install(peer, folder)
    peer.version = version_of(peer.python, peer.check) if not problem else None
    return problem or ("" if peer.version else f"installed in {folder / peer.key}, but cannot be imported")


def machine(cvtool_version):
    """Lines about the machine, and whether its processor has bfloat16."""
    processor, flags, memory = "unknown processor", "", 0
    try:
        for text in open("/proc/cpuinfo"):
            key, _, value = text.partition(":")
            processor = value.strip() if key.strip() == "model name" else processor
            flags = flags or (value if key.strip() in ("flags", "Features") else "")
        memory = int(open("/proc/meminfo").readline().split()[1]) / 2**20
    except OSError:
        pass
    native = [flag for flag in NATIVE_BF16 if flag in flags.split()]
    load = os.getloadavg()[0]
    lines = [f"machine: {processor}, {len(os.sched_getaffinity(0))} cores, {memory:.0f} GiB, bfloat16: {', '.join(native) or 'no'}",
             f"system:  {os.uname().sysname} {os.uname().release}; load {load:.2f} at the start"
             + (" - NOT QUIET, the figures mean little" if load > 0.5 else ""),
             f"cvtool:  {cvtool_version}"]
    return lines, bool(native)
