"""What cvtool does on a GPU, as a table. Called by run.sh, in the folder that it has unpacked."""
import argparse
import os
import pathlib
import platform
import sys
import time

import torch

import checks
import speed
from program import Failed, Program, Skipped

ROWS = [
    ("the CUDA suite", checks.cuda_suite),
    ("the same twice", checks.determinism),
    ("resumed", checks.resume),
    ("fp16", lambda program: checks.half(program, "fp16")),
    ("bf16", lambda program: checks.half(program, "bf16")),
    ("out of memory", checks.out_of_memory),
    *((f"parity: {name}", lambda program, name=name: checks.parity(program, name)) for name in checks.recipes()),
    ("convnet, 128 px", lambda program: speed.cvtool(program, "convnet")),
    ("frozen VGG16, 128 px, augmented", lambda program: speed.cvtool(program, "vgg16")),
    ("frozen MobileNetV2, 160 px, augmented", lambda program: speed.cvtool(program, "mobilenet")),
    ("default net, 128 px", lambda program: speed.cvtool(program, "default")),
    ("default net: PyTorch, eager", lambda program: speed.peer(program, "small_resnet", False)),
    ("default net: PyTorch, torch.compile", lambda program: speed.peer(program, "small_resnet", True)),
]


def options():
    parser = argparse.ArgumentParser(prog="run.sh BUNDLE")
    parser.add_argument("scratch", type=pathlib.Path, help=argparse.SUPPRESS)
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda", help="cpu: a dry run (default: cuda)")
    parser.add_argument("--quick", action="store_true", help="fewer steps and epochs: shows that everything runs")
    parser.add_argument("--seconds", type=float, default=570, help="checks that would begin later are passed over (default: 570)")
    parser.add_argument("--only", default="", metavar="WORD", help="the rows that hold this word")
    return parser.parse_args()


def cannot_run(program, device):
    """Why, or nothing."""
    wanted = (program.root / "torch").read_text().strip()
    if torch.__version__ != wanted:
        return f"the bundle is for PyTorch {wanted}, and this is {torch.__version__}; make one against it (tests/gpu/bundle.sh)"
    glibc = (program.root / "glibc").read_text().strip()
    numbers = [[int(part) for part in text.split(".")] for text in (platform.libc_ver()[1] or "0", glibc)]
    if numbers[0] < numbers[1]:
        return f"the bundle needs glibc {glibc} or newer, and this system has {platform.libc_ver()[1] or 'another C library'}"
    if device == "cuda" and not torch.cuda.is_available():
        return "PyTorch finds no GPU (torch.cuda.is_available()); --device cpu is a dry run without one"
    return ""


def row(program, name, check):
    try:
        return name, "ok", check(program)
    except Skipped as reason:
        return name, "-", str(reason)
    except Failed as reason:
        return name, "FAILED", str(reason)


def main():
    given = options()
    program = Program(given.scratch, given.device, given.quick)
    problem = cannot_run(program, given.device)
    if problem:
        print("run.sh: " + problem, file=sys.stderr)
        return 2
    end, rows = time.monotonic() + given.seconds, []
    for name, check in ROWS:
        if given.only not in name:
            continue
        if time.monotonic() > end:
            rows.append((name, "-", "no time was left for it"))
            continue
        began = time.monotonic()
        rows.append(row(program, name, check))
        print(f"{rows[-1][0]}: {rows[-1][1]}, {rows[-1][2]} ({time.monotonic() - began:.0f} s)", file=sys.stderr, flush=True)
    where = torch.cuda.get_device_name() if given.device == "cuda" else f"{os.cpu_count()} cores, a DRY RUN without a GPU"
    print(f"\n{program.version()} with PyTorch {torch.__version__} (CUDA {torch.version.cuda}) on {where}{', QUICK' if given.quick else ''}; "
          f"{given.seconds - (end - time.monotonic()):.0f} s")
    width = max(len(name) for name, _, _ in rows)
    for name, state, text in rows:
        print(f"{name:{width}}  {state:6}  {text}")
    failed = sum(state == "FAILED" for _, state, _ in rows)
    print(f"{len(rows)} rows, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
