"""What must be right on a GPU. Each check gives a few words for the table, or raises Failed or Skipped."""
import json
import math
import pathlib
import subprocess
import sys

from program import Failed, Skipped, digest, epochs_of, history

HERE = pathlib.Path(__file__).resolve().parent
LOSS, PROBABILITY = 1e-3, 1e-4
SMALL = ("--base", "none", "--recipe", "small-resnet", "--imgsz", "64")


def recipes():
    return sorted(file.stem for file in (HERE / "share/cvtool/models/recipes").glob("*.json"))


def needs_gpu(program):
    if program.device == "cpu":
        raise Skipped("needs a GPU")


def cuda_suite(program):
    out, _ = program.call("--test-suite=cuda", program="test_cuda")
    if "skipped:" in out:
        needs_gpu(program)
        raise Failed("LibTorch finds no CUDA device")
    return out.strip().splitlines()[-2].split("|")[0].replace("[doctest]", "").strip()


def without_dropout(value):
    """Dropout draws other numbers on every device."""
    if isinstance(value, dict):
        changed = {key: without_dropout(inner) for key, inner in value.items()}
        return {**changed, "rate": 0} if changed.get("kind") == "dropout" else changed
    return [without_dropout(inner) for inner in value] if isinstance(value, list) else value


def probabilities(program, run, device):
    out, _ = program.call("predict", program.root / "few", "--model", run / "last.pt", "--json", "--device", device, "-q")
    rows = [json.loads(line) for line in out.splitlines()]
    return {row["path"]: row["probabilities"] for row in rows}


def flat(value):
    return list(value.values()) if isinstance(value, dict) else list(value)


def parity(program, name):
    """All photos are one batch, so an epoch is a step: the loss of each, and then the probabilities of one and the same model."""
    recipe = without_dropout(json.loads((HERE / f"share/cvtool/models/recipes/{name}.json").read_text()))
    file = program.root / f"{name}.json"
    file.write_text(json.dumps(recipe))
    base, steps = recipe["model"].get("base"), 3 if program.quick else 20
    given = ["--data", program.root / "few", "--recipe", file, "--precision", "fp32", "--epochs", steps, "--batch", 64, "--monitor", "none",
             "--base", program.root / f"bases/{base}.pt" if base else "none"]
    here, there = program.train("parity-cpu", *given, device="cpu"), program.train("parity", *given)
    losses = list(zip(history(here, "loss"), history(there, "loss")))
    if len(losses) != steps or not all(math.isfinite(loss) for pair in losses for loss in pair):
        raise Failed(f"{len(losses)} losses, not all of them numbers")
    worst = max(abs(a - b) / max(1, abs(a)) for a, b in losses)
    mine, theirs = (probabilities(program, here, device) for device in ("cpu", program.device))
    apart = max(abs(a - b) for path in mine for a, b in zip(flat(mine[path]), flat(theirs[path])))
    text = f"losses of {steps} steps {worst:.1e} apart, probabilities {apart:.1e}"
    if worst > LOSS or apart > PROBABILITY:
        raise Failed(text)
    return text


def of_photos(program, *more):
    return ["--data", program.root / "photos", *SMALL, "--augment", "flip,rotation=0.1", "--epochs", 4 if program.quick else 8, *more]


def determinism(program):
    digests = [digest(program.train(f"same-{turn}", *of_photos(program))) for turn in (1, 2)]
    if digests[0] != digests[1]:
        raise Failed(f"last.pt is {digests[0][:12]}, then {digests[1][:12]}")
    return f"last.pt is {digests[0][:12]} both times"


def resume(program):
    whole = program.train("whole", *of_photos(program))
    run = program.interrupt("stopped", *of_photos(program))
    epochs = epochs_of(run)
    program.call("train", "--resume", run, "--device", program.device, "-q")
    if digest(run) != digest(whole):
        raise Failed(f"stopped in epoch {epochs + 1} and resumed, last.pt is {digest(run)[:12]}, not {digest(whole)[:12]}")
    return f"stopped in epoch {epochs + 1} and resumed: last.pt is the same"


def half(program, precision):
    if program.device == "cpu" and precision == "fp16":
        _, errors = program.call(*program.training("half", *of_photos(program, "--precision", "fp16"))[0], expected=2)
        if "fp16 needs a GPU" not in errors:
            raise Failed("refused, but not in so many words")
        raise Skipped("needs a GPU, and says so")
    losses = history(program.train("half", *of_photos(program, "--precision", precision)), "loss")
    if not all(map(math.isfinite, losses)) or losses[-1] >= losses[0]:
        raise Failed(f"the loss went from {losses[0]:.3f} to {losses[-1]:.3f}")
    return f"the loss went from {losses[0]:.3f} to {losses[-1]:.3f}"


# Holds all of the GPU's memory but 3 GiB until its standard input ends.
HOG = """import sys, torch
free, _ = torch.cuda.mem_get_info()
held = torch.empty(max(0, free - (3 << 30)), dtype=torch.uint8, device="cuda")
print("ready", flush=True)
sys.stdin.read()"""


def out_of_memory(program):
    needs_gpu(program)
    hog = subprocess.Popen([sys.executable, "-c", HOG], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        if hog.stdout.readline() != "ready\n":
            raise Failed("the GPU's memory could not be filled")
        given = ["--data", program.root / "photos", "--base", "none", "--recipe", "car-or-truck-convnet", "--imgsz", 1024, "--batch", 128]
        _, errors = program.call(*program.training("memory", *given, "--precision", "fp32")[0], "-q", expected=1)
    finally:
        hog.stdin.close()
        hog.wait()
    if "out of memory on the GPU; use a smaller --batch or --imgsz" not in errors:
        raise Failed("not said in so many words: " + errors.strip()[-160:])
    return "ends with 1 and the next step"
