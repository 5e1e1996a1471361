"""The commands that are tortured: what lies there before each, and what must work after it has failed."""
import dataclasses
import http.server
import json
import hashlib
import os
import shutil
import subprocess
import threading

NET = {
    "name": "small", "data": {"imgsz": 96},
    "model": {"layers": [
        {"kind": "conv2d", "filters": 4, "strides": 4, "padding": "same", "activation": "relu"}, {"kind": "batch_norm"},
        {"kind": "max_pool2d", "kernel": 4}, {"kind": "flatten"}, {"kind": "dense"}]},
    "train": {"epochs": 2, "batch": 16, "lr": 0.002}}
MODELS = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", "models"))
MAKE_BASES = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "cli", "make_bases.py"))


@dataclasses.dataclass
class Scenario:
    name: str
    words: list
    before: list = dataclasses.field(default_factory=list)  # words of commands that prepare the folder
    again: list = None      # words of what must work afterwards, in the same folder; None: the command itself
    same: tuple = ()        # files that must then be those of an undisturbed command
    goes: tuple = ()        # files that the command removes before its work
    moves: bool = False     # photos may be at another place, but none may be lost
    ranks: int = 1          # processes; each of them is disturbed in turn
    network: bool = False   # a server has the weights
    needs_torch: bool = False
    environment: dict = dataclasses.field(default_factory=dict)


FIRST = ["train", "--data", "photos", "--recipe", "net.json", "--name", "first"]
RUN = ["--model", "runs/first"]
OFTEN = ["--checkpoint-minutes", "0"]
TRAINED = ("runs/first/best.pt", "runs/first/last.pt", "runs/first/history.csv")
ON_BASE = ["train", "--data", "photos", "--base", "bases/scripted.pt", "--head", "global_avg,dense", "--epochs", "2", "--imgsz", "96",
           "--batch", "16", "--name", "first", "--feature-cache", "disk"]
SPLIT = ["data", "split", "photos/train", "sets"]

SCENARIOS = [
    Scenario("train", FIRST + OFTEN + ["--tensorboard"], again="resume", same=TRAINED),
    Scenario("train, pixels on disk", FIRST + ["--cache", "disk"], again="resume", same=TRAINED),
    Scenario("train on a base", ON_BASE, again="resume", same=TRAINED, needs_torch=True),
    Scenario("train in two processes", FIRST + ["--dist-timeout", "5"], again="resume", same=TRAINED, ranks=2),
    Scenario("resume", ["train", "--resume", "runs/first", "--epochs", "3"] + OFTEN, [FIRST], again="resume", same=TRAINED,
             goes=("runs/first/metrics.json",)),  # it says that a run is finished
    Scenario("eval", ["eval", "--data", "photos", "--junit", "junit.xml", "--summary", "summary.md"] + RUN, [FIRST]),
    Scenario("predict", ["predict", "photos/test", "--json"] + RUN, [FIRST]),
    Scenario("predict --draw --sort-into", ["predict", "photos/test", "--draw", "drawn", "--sort-into", "sorted"] + RUN, [FIRST]),
    Scenario("export, TorchScript", ["export", "-o", "model.pt", "--with-resize"] + RUN, [FIRST], same=("model.pt",)),
    Scenario("export, ONNX", ["export", "--format", "onnx", "-o", "model.onnx"] + RUN, [FIRST], same=("model.onnx",)),
    Scenario("export, int8", ["export", "--format", "onnx", "--precision", "int8", "--calibrate", "photos/valid", "-o", "model.onnx"] + RUN, [FIRST],
             same=("model.onnx",)),
    Scenario("export, safetensors", ["export", "--format", "safetensors", "-o", "model.safetensors"] + RUN, [FIRST], same=("model.safetensors",)),
    Scenario("export, header", ["export", "--format", "header", "-o", "model.h"] + RUN, [FIRST], same=("model.h",)),
    Scenario("import a model", ["import", "model.safetensors", "-o", "back.pt"],
             [FIRST, ["export", "--format", "safetensors", "-o", "model.safetensors"] + RUN], same=("back.pt",)),
    Scenario("import a backbone", ["import", "mobilenet_v2", "--weights", "bases/mobilenet.pth", "-o", "base.pt"], same=("base.pt",), needs_torch=True),
    Scenario("import from a server", ["import", "mobilenet_v2", "-o", "base.pt"], same=("base.pt",), needs_torch=True, network=True),
    Scenario("explain --grad-cam", ["explain", "photos/test", "--grad-cam", "-o", "heat.png"] + RUN, [FIRST]),
    Scenario("explain --layer", ["explain", "photos/test/Car/car_00001.jpg", "--layer", "all", "-o", "maps.png"] + RUN, [FIRST]),
    Scenario("explain --embed", ["explain", "--embed", "photos", "-o", "map.png"] + RUN, [FIRST]),
    Scenario("data split", SPLIT),
    Scenario("data split --link", SPLIT + ["--link"]),
    Scenario("data split --move", SPLIT + ["--move"], moves=True),
    Scenario("data check", ["data", "check", "photos", "--json"]),
    Scenario("data preview", ["data", "preview", "photos", "-o", "sheet.jpg"]),
]

WEIGHTS = """import sys, torch, torchvision
torch.manual_seed(3)
torch.save(torchvision.models.mobilenet_v2(width_mult=0.35).state_dict(), sys.argv[1] + '/mobilenet.pth')
torch.save(torchvision.models.mobilenet_v2().state_dict(), sys.argv[1] + '/official.pth')
"""


class Server(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass

    def handle(self):
        try:
            super().handle()
        except OSError:
            pass  # a client that has failed is gone


def serve(folder):
    """The address of a server of the folder's files."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), lambda *arguments: Server(*arguments, directory=folder))
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_address[1]}"


def make_bases(folder):
    """Small backbones and weights by the distribution's PyTorch; False where it has none."""
    os.makedirs(folder)
    made = subprocess.run(["/usr/bin/python3", "-W", "ignore", MAKE_BASES, folder], capture_output=True).returncode == 0
    return made and subprocess.run(["/usr/bin/python3", "-W", "ignore", "-c", WEIGHTS, folder], capture_output=True).returncode == 0


def share_of(server, bases, folder):
    """A share folder in which mobilenet_v2 comes from the server."""
    shutil.copytree(MODELS, folder + "/models")
    place = folder + "/models/weights.json"
    table = json.load(open(place))
    weights = next(row for row in table["weights"] if row["name"] == "mobilenet_v2")
    weights["url"] = server + "/official.pth"
    weights["sha256"] = hashlib.sha256(open(bases + "/official.pth", "rb").read()).hexdigest()[:8]
    json.dump(table, open(place, "w"))
    return folder
