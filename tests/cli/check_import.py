"""`cvtool import` from outside: what it refuses and says, and what it fetches from a server.

    python3 tests/cli/check_import.py build/bin/cvtool
"""
import hashlib
import http.server
import json
import os
import pathlib
import pickle
import shutil
import subprocess
import sys
import tempfile
import threading
import zipfile

import torch
import torchvision
from torch import nn

program = pathlib.Path(sys.argv[1]).resolve()
models = pathlib.Path(__file__).resolve().parents[2] / "models"


class Bomb:
    """A pickle that runs a command when Python loads it."""
    def __reduce__(self):
        return os.system, (f"touch {work}/exploded",)


def cvtool(*arguments, **environment):
    result = subprocess.run([program, *map(str, arguments)], capture_output=True, text=True, env={**os.environ, **surroundings, **environment})
    assert "internal error" not in result.stderr, result.stderr
    return result


def refused(code, parts, *arguments, **environment):
    result = cvtool(*arguments, **environment)
    assert result.returncode == code and not result.stdout, (arguments, result)
    for part in parts:
        assert part in result.stderr, (arguments, part, result.stderr)
    assert not list(bases.glob("*")), "a refused import leaves nothing behind"


def random_mobilenet():
    torch.manual_seed(3)
    return torchvision.models.mobilenet_v2(width_mult=0.35).state_dict()


def check_wrong_usage():
    refused(2, ["unknown base 'vgg61'; did you mean 'vgg16'?"], "import", "vgg61")
    refused(2, ["unknown variant 'torchvison'; did you mean 'torchvision'?"], "import", "vgg16", "--variant", "torchvison")
    refused(2, ["--alpha", "comes in one width only"], "import", "vgg16", "--alpha", 0.5)
    refused(2, ["there is no such file"], "import", "vgg16", "--weights", work / "none.pth")
    refused(2, ["unknown recipe or base 'vgg61'; did you mean 'vgg16'?"], "summary", "vgg61")
    refused(2, ["unknown recipe or base 'smal-resnet'; did you mean 'small-resnet'?"], "summary", "smal-resnet")
    # Keras's own files have no published SHA-256: they are not fetched.
    refused(2, ["keras-applications", "--variant keras --alpha 0.5 --weights mobilenet_v2_weights_tf_dim_ordering_tf_kernels_0.5_224_no_top.h5"],
            "import", "mobilenet_v2", "--variant", "keras", "--alpha", 0.5)


def check_bad_files():
    good = work / "good.pth"
    torch.save(random_mobilenet(), good)
    old = work / "old.pth"
    torch.save(random_mobilenet(), old, _use_new_zipfile_serialization=False)
    for source in (good, old):
        whole = source.read_bytes()
        for size in (0, 10, len(whole) // 2, len(whole) - 1):
            (work / "cut.pth").write_bytes(whole[:size])
            refused(1, ["cut.pth"], "import", "mobilenet_v2", "--weights", work / "cut.pth")
    torch.save({"features.0.0.weight": Bomb()}, work / "bomb.pth")
    torch.save({"features.0.0.weight": Bomb()}, work / "old_bomb.pth", _use_new_zipfile_serialization=False)
    (work / "bare_bomb.pth").write_bytes(pickle.dumps(Bomb()))
    for name in ("bomb.pth", "old_bomb.pth", "bare_bomb.pth"):
        refused(1, [name], "import", "mobilenet_v2", "--weights", work / name)
    assert not (work / "exploded").exists(), "the pickle ran a command"
    torch.jit.script(nn.Conv2d(3, 3, 1)).save(str(work / "script.pt"))
    refused(1, ["script.pt", "TorchScript", "--base"], "import", "mobilenet_v2", "--weights", work / "script.pt")
    with zipfile.ZipFile(work / "program.pt2", "w") as file:
        file.writestr("program/archive_format", "pt2")
        file.writestr("program/models/model.json", "{}")
    refused(1, ["is a program of torch.export (.pt2)", "torch.save(model.state_dict(), FILE)"], "import", "mobilenet_v2", "--weights", work / "program.pt2")
    (work / "page.pth").write_text("<!doctype html><title>404</title>")
    refused(1, ["is a web page"], "import", "mobilenet_v2", "--weights", work / "page.pth")


def check_other_nets():
    resnet = work / "resnet.pth"
    torch.save(torchvision.models.resnet18().state_dict(), resnet)
    refused(1, ["not the weights of vgg16", "missing (26): features.0.weight", "unexpected (102): conv1.weight", "they are those of resnet18 (torchvision)"], "import", "vgg16", "--weights", resnet)
    whole = work / "mobilenet.pth"
    state = torchvision.models.mobilenet_v2().state_dict()
    torch.save(state, whole)
    refused(1, ["not the weights of vgg16", "they are those of mobilenet_v2 (torchvision)"], "import", "vgg16", "--weights", whole)
    state.pop("features.3.conv.1.1.bias")
    state["features.4.conv.2.weight"] = torch.zeros(7, 144, 1, 1)
    state["features.99.weight"] = torch.zeros(1)
    torch.save(state, whole)
    refused(1, ["missing (1): features.3.conv.1.1.bias", "unexpected (1): features.99.weight",
                "features.4.conv.2.weight: [7, 144, 1, 1] in the file, [32, 144, 1, 1] expected"], "import", "mobilenet_v2", "--weights", whole)
    state = random_mobilenet()
    state["features.0.0.weight"][0, 0, 0, 0] = float("nan")
    torch.save(state, whole)
    refused(1, ["features.0.0.weight", "not finite"], "import", "mobilenet_v2", "--alpha", 0.35, "--weights", whole)


def check_default_place():
    torch.save(random_mobilenet(), work / "good.pth")
    result = cvtool("import", "mobilenet_v2", "--alpha", 0.35, "--weights", work / "good.pth")
    assert result.returncode == 0, result
    place = bases / "mobilenet_v2-0.35.pt"
    assert str(place) in result.stdout and "--base mobilenet_v2-0.35" in result.stdout and "410,208" in result.stdout, result.stdout
    assert list(bases.iterdir()) == [place]
    for subject in (place, "mobilenet_v2-0.35"):
        assert "Total params: 410,208" in cvtool("summary", subject).stdout, subject
    again = place.read_bytes()
    cvtool("import", "mobilenet_v2", "--alpha", 0.35, "--weights", work / "good.pth")
    assert place.read_bytes() == again, "the same weights give the same bytes"
    place.unlink()


def check_odd_names():
    """File names need not be UTF-8; JSON has to be."""
    odd, made = work / os.fsdecode(b"odd-\xe9.pth"), work / os.fsdecode(b"base-\xe9.pt")
    torch.save(random_mobilenet(), work / "good.pth")
    (work / "good.pth").rename(odd)
    result = cvtool("import", "mobilenet_v2", "--alpha", 0.35, "--weights", odd, "-o", made, "--json")
    assert result.returncode == 0 and json.loads(result.stdout)["file"].endswith("base-\ufffd.pt"), result
    result = cvtool("summary", made, "--json")
    assert result.returncode == 0 and json.loads(result.stdout)["total"] == 410208, result
    made.unlink()


def check_list():
    result = cvtool("import", "--list")
    assert result.returncode == 0 and "resnet50-v2" in result.stdout and "by hand" in result.stdout, result
    table = json.loads(cvtool("import", "--list", "--json").stdout)
    assert table["weights"][0]["name"] == "mobilenet_v2" and "torchvision" in table["sources"], table["sources"]
    refused(2, ["BACKBONE or FILE is missing"], "import")
    refused(2, ["--variant: the name 'resnet50-v2' says it already"], "import", "resnet50-v2", "--variant", "timm")
    # No checksum of it is published.
    refused(2, ["are not fetched by cvtool", "--weights model.safetensors"], "import", "mobilenet_v4_conv_small")


def check_config():
    """A folder as a model hub lays it out."""
    hub = work / "hub"
    hub.mkdir()
    refused(2, ["holds no file of weights"], "import", hub)
    torch.manual_seed(3)
    torch.save({"model_ema": {"_orig_mod." + name: value for name, value in torchvision.models.resnet18().state_dict().items()}}, hub / "pytorch_model.bin")
    refused(2, ["no config.json beside it says", "cvtool import BACKBONE --weights"], "import", hub)
    config = hub / "config.json"
    config.write_text(json.dumps({"architecture": "vit_tiny_unknown"}))
    refused(2, ["no backbone of cvtool is", "vit_tiny_unknown"], "import", hub)
    config.write_text(json.dumps({"architecture": "resnet18", "pretrained_cfg": {"input_size": [3, 288, 288], "crop_pct": 0.95,
                                  "interpolation": "bicubic", "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]}}))
    result = cvtool("import", hub)
    place = bases / "resnet18-timm.pt"
    assert result.returncode == 0 and "made for pictures of 288 px, the middle 95 % of the shorter side, bicubic (config.json)" in result.stdout, result
    assert place.exists() and cvtool("import", hub / "pytorch_model.bin", "--json").returncode == 0
    said = json.loads(cvtool("import", "resnet18", "--weights", hub / "pytorch_model.bin", "--json").stdout)
    assert (said["variant"], said["preprocess"]) == ("timm", "symmetric"), said
    place.unlink()


class Server(http.server.SimpleHTTPRequestHandler):
    def __init__(self, *arguments):
        super().__init__(*arguments, directory=str(work / "served"))

    def log_message(self, *arguments):
        pass


def check_fetching():
    (work / "served").mkdir()
    official = work / "served" / "mobilenet_v2-test.pth"
    torch.save(torchvision.models.mobilenet_v2().state_dict(), official)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    share = work / "share"
    shutil.copytree(models, share / "models")
    table_file = share / "models/weights.json"
    table = json.loads(table_file.read_text())
    weights = next(row for row in table["weights"] if row["name"] == "mobilenet_v2")
    weights["url"] = f"http://127.0.0.1:{server.server_address[1]}/{official.name}"
    weights["sha256"] = hashlib.sha256(official.read_bytes()).hexdigest()[:8]
    table_file.write_text(json.dumps(table))
    result = cvtool("import", "mobilenet_v2", CVTOOL_SHARE=str(share))
    assert result.returncode == 0 and (bases / "mobilenet_v2.pt").exists(), result
    assert "2,257,984" in result.stdout and "fetching" in result.stderr, result
    assert not [path for path in (work / "cache").rglob("*") if path.is_file()], "what was fetched is not kept twice"
    (bases / "mobilenet_v2.pt").unlink()

    weights["sha256"] = "0" * 8
    table_file.write_text(json.dumps(table))
    refused(1, ["is not the one expected", "SHA-256"], "import", "mobilenet_v2", CVTOOL_SHARE=str(share))
    assert not [path for path in (work / "cache").rglob("*") if path.is_file()], "nothing is kept of a wrong file"
    server.shutdown()
    server.server_close()
    refused(1, ["cannot fetch", "\n  cvtool import mobilenet_v2 --weights mobilenet_v2-test.pth"], "import", "mobilenet_v2", CVTOOL_SHARE=str(share))


with tempfile.TemporaryDirectory() as folder:
    work = pathlib.Path(folder)
    bases = work / "data/cvtool/bases"
    surroundings = {"XDG_DATA_HOME": str(work / "data"), "XDG_CACHE_HOME": str(work / "cache"), "no_proxy": "127.0.0.1", "CVTOOL_BASES": ""}
    check_wrong_usage()
    check_bad_files()
    check_other_nets()
    check_default_place()
    check_odd_names()
    check_list()
    check_config()
    check_fetching()
print("import refuses, fetches and says as it should")
