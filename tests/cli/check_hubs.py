"""`cvtool import` gives the backbones of timm and transformers number for number, and their classifiers as ONNX.

    ENVIRONMENT/bin/python3 tests/cli/check_hubs.py build/bin/cvtool [--only NAMES] [--onnx]

A command of its own: it wants timm, transformers and safetensors, with --onnx onnxruntime and OpenCV too, and some minutes. Weights and
batch-norm statistics are random; no weights are fetched. Each net is saved as a hub lays it out, a folder with
config.json beside the weights, and imported by that folder alone.
"""
import argparse
import json
import pathlib
import subprocess
import tempfile

import numpy
import torch

from base_parity import compare, load_base, randomise, save_safetensors

# Base: timm's net, its weights' tag, and a net of transformers (class, config) where it has one.
NETS = {
    "resnet18": ("resnet18.a1_in1k", ("ResNet", dict(depths=[2, 2, 2, 2], hidden_sizes=[64, 128, 256, 512], layer_type="basic"))),
    "resnet34": ("resnet34.a1_in1k", ("ResNet", dict(depths=[3, 4, 6, 3], hidden_sizes=[64, 128, 256, 512], layer_type="basic"))),
    "resnet50": ("resnet50.a1_in1k", ("ResNet", dict(depths=[3, 4, 6, 3], hidden_sizes=[256, 512, 1024, 2048], layer_type="bottleneck"))),
    "mobilenet_v3_small": ("mobilenetv3_small_100.lamb_in1k", None),
    "mobilenet_v3_large": ("mobilenetv3_large_100.ra_in1k", None),
    "mobilenet_v4_conv_small": ("mobilenetv4_conv_small.e2400_r224_in1k", None),
    "efficientnet_b0": ("efficientnet_b0.ra_in1k", None),
    "efficientnet_b1": ("efficientnet_b1.ft_in1k", None),
    "regnet_y_400mf": ("regnety_004.tv2_in1k", ("RegNet", dict(depths=[1, 3, 6, 6], hidden_sizes=[48, 104, 208, 440], groups_width=8, layer_type="y"))),
}
SIZES = (96, 160)


def cvtool(*arguments, folder=None):
    result = subprocess.run([options.program, *map(str, arguments)], capture_output=True, text=True, cwd=folder)
    assert result.returncode == 0, (arguments, result.returncode, result.stderr)
    return result.stdout


def new_folder(name):
    folder = work / name
    folder.mkdir()
    return folder


def imported(folder, base, variant):
    result = json.loads(cvtool("import", folder, "-o", work / f"{base}-{variant}.pt", "--json"))
    assert (result["base"], result["variant"]) == (base, variant), result
    return result, load_base(work / f"{base}-{variant}.pt")[0]


def check_timm(base, name):
    import timm
    net = randomise(timm.create_model(name.split(".")[0]))
    folder = new_folder(f"timm-{base}")
    save_safetensors(net.state_dict(), folder / "model.safetensors")
    cfg = timm.models.get_pretrained_cfg(name).to_dict()
    config = {"architecture": cfg.pop("architecture"), "num_classes": 1000, "pretrained_cfg": {key: value for key, value in cfg.items() if value is not None}}
    (folder / "config.json").write_text(json.dumps(config))
    result, ours = imported(folder, base, "timm")
    said = result["weights"]["input"]
    assert (said["crop"], said["interpolation"], said["imgsz"], result["preprocess"]) == (cfg["crop_pct"], cfg["interpolation"], cfg["input_size"][1], "imagenet"), result
    for size in SIZES:
        compare(f"{base}, timm {timm.__version__}, {size} px", ours, net.forward_features, torch.randn(2, 3, size, size))


def check_transformers(base, kind, settings):
    import transformers
    config = getattr(transformers, kind + "Config")(**settings)
    net = randomise(getattr(transformers, kind + "ForImageClassification")(config))
    folder = new_folder(f"transformers-{base}")
    net.save_pretrained(folder, state_dict={key: value.contiguous() for key, value in net.state_dict().items()})
    (folder / "preprocessor_config.json").write_text(json.dumps(
        {"image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5], "size": {"shortest_edge": 256}, "crop_size": 224, "resample": 2}))
    result, ours = imported(folder, base, "transformers")
    assert result["preprocess"] == "symmetric" and result["weights"]["input"] == {
        "imgsz": 224, "crop": 0.875, "interpolation": "bilinear", "said_by": "config.json"}, result
    body = getattr(net, kind.lower())
    for size in SIZES:
        compare(f"{base}, transformers {transformers.__version__}, {size} px", ours, lambda x: body(x).last_hidden_state, torch.randn(2, 3, size, size))


def check_onnx(base):
    """The classifier on the base: TorchScript, cvtool's ONNX in ONNX Runtime, and in OpenCV."""
    import cv2
    import onnxruntime
    if not (work / "photos").exists():
        cvtool("data", "sample", work / "photos", "--train-per-class", 12, "--valid-per-class", 4, "--test-per-class", 4)
    run = work / f"run-{base}"
    cvtool("train", "--data", work / "photos", "--base", work / f"{base}-timm.pt", "--imgsz", 96, "--epochs", 1, "--augment", "none",
           "--project", work, "--name", run.name, folder=work)
    cvtool("export", "--model", run, "--format", "onnx", "-o", work / f"{base}.onnx", folder=work)
    pixels = torch.randint(256, (2, 3, 96, 96)).float()
    theirs = torch.jit.load(str(run / "best.pt")).eval()(pixels).detach().numpy()
    session = onnxruntime.InferenceSession(str(work / f"{base}.onnx"), providers=["CPUExecutionProvider"])
    ours = session.run(None, {session.get_inputs()[0].name: pixels.numpy()})[0]
    line = f"{base}: ONNX Runtime {onnxruntime.__version__} differs by {numpy.abs(ours - theirs).max():.1e}"
    try:
        net = cv2.dnn.readNetFromONNX(str(work / f"{base}.onnx"))
        net.setInput(pixels[:1].numpy())
        line += f", OpenCV {cv2.__version__} by {numpy.abs(net.forward() - theirs[:1]).max():.1e}"
    except cv2.error as error:
        line += f", OpenCV {cv2.__version__} does not read it ({str(error).splitlines()[0][-80:]})"
    print(line, flush=True)
    assert numpy.abs(ours - theirs).max() < 1e-4, line


parser = argparse.ArgumentParser()
parser.add_argument("program", type=lambda path: pathlib.Path(path).resolve())
parser.add_argument("--only", default="", help="bases, separated by commas")
parser.add_argument("--onnx", action="store_true", help="also the classifiers on them, as ONNX")
options = parser.parse_args()
torch.manual_seed(7)
with tempfile.TemporaryDirectory() as path:
    work = pathlib.Path(path)
    for base, (name, transformed) in NETS.items():
        if options.only and base not in options.only.split(","):
            continue
        check_timm(base, name)
        if transformed:
            check_transformers(base, *transformed)
        if options.onnx:
            check_onnx(base)
print("the backbones are those of timm and transformers")
