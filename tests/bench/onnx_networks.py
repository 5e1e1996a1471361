#!/usr/bin/env python3
"""Exports many networks to ONNX and compares them, batch 1 and 7, with TorchScript: in OpenCV dnn (cvtool itself does
that before it keeps a file) and, where node finds onnxruntime-node, in ONNX Runtime.

Usage: onnx_networks.py CVTOOL [--only NAME,...] [--models FILE.pt,...] [--size N]
"""
import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import numpy
import torch
import torchvision

NAMES = ["resnet18", "densenet121", "squeezenet1_0", "shufflenet_v2_x1_0", "mnasnet1_0", "efficientnet_b0", "regnet_y_400mf",
         "vgg16", "googlenet", "mobilenet_v2"]
HERE = pathlib.Path(__file__).parent
TOLERANCE = 1e-4  # of the largest value


def random_statistics(module, generator):
    """Batch norm as after training: not the identity."""
    for child in module.modules():
        if isinstance(child, torch.nn.BatchNorm2d):
            child.running_mean.copy_(torch.randn(child.num_features, generator=generator) * 0.1)
            child.running_var.copy_(torch.rand(child.num_features, generator=generator) + 0.5)
            child.weight.data.copy_(torch.rand(child.num_features, generator=generator) + 0.5)
            child.bias.data.copy_(torch.randn(child.num_features, generator=generator) * 0.1)


def traced(name, size):
    torch.manual_seed(1)
    options = {"init_weights": False, "transform_input": True} if name == "googlenet" else {}
    net = getattr(torchvision.models, name)(weights=None, **options).eval()
    random_statistics(net, torch.Generator().manual_seed(2))
    if name == "googlenet":
        net.aux_logits, net.aux1, net.aux2 = False, None, None
    return torch.jit.trace(net, torch.rand(2, 3, size, size))


def relative(a, b):
    return float(numpy.abs(a - b).max() / max(numpy.abs(b).max(), 1e-30))


def with_onnx_runtime(path, module, size, folder, scale=1):
    """Largest relative difference at batch 1 and 7 for noise in [0, scale], or why it did not run."""
    jobs, expected = [], []
    for batch in (1, 7):
        x = torch.rand(batch, 3, *size, generator=torch.Generator().manual_seed(batch)) * scale
        with torch.no_grad():
            expected.append(module(x).numpy())
        source = folder / f"input{batch}"
        source.write_bytes(x.numpy().tobytes())
        jobs.append({"model": str(path), "input": str(source), "shape": list(x.shape), "output": str(folder / f"output{batch}")})
    (folder / "jobs.json").write_text(json.dumps(jobs))
    subprocess.run(["node", str(HERE / "onnx_run.js"), str(folder / "jobs.json")], check=True)
    worst = 0.0
    for job, wanted in zip(jobs, expected):
        error = pathlib.Path(job["output"] + ".error")
        if error.exists():
            return error.read_text()
        got = numpy.frombuffer(pathlib.Path(job["output"]).read_bytes(), numpy.float32).reshape(wanted.shape)
        worst = max(worst, relative(got, wanted))
    return worst


def has_onnx_runtime():
    return shutil.which("node") and subprocess.run(["node", "-e", "require('onnxruntime-node')"], capture_output=True).returncode == 0


def is_classifier(source):
    extra = {"cvtool.json": ""}
    try:
        torch.jit.load(source, _extra_files=extra)
    except RuntimeError:
        return False
    return bool(extra["cvtool.json"]) and "classes" in json.loads(extra["cvtool.json"])


def check(cvtool, name, source, size, runtime):
    with tempfile.TemporaryDirectory() as text:
        folder = pathlib.Path(text)
        target = folder / "net.onnx"
        outcome = subprocess.run([cvtool, "export", "--model", source, "--format", "onnx", "--imgsz", str(size), "-o", str(target), "--json", "--threads", "1"],
                                 capture_output=True, text=True)
        if outcome.returncode != 0:
            print(f"{name}: FAILED: {outcome.stderr.strip()}")
            return False
        checks = json.loads(outcome.stdout)["checks"]
        line, good = name + ":", True
        for item in checks:
            line += f" {item['reader']} " + (f"refused ({item['refused'][:80]})" if item["refused"] else f"{item['difference']:.1e}") + ","
            good = good and (item["refused"] or item["difference"] < TOLERANCE)
        if runtime:
            module = torch.jit.load(source).eval()
            result = with_onnx_runtime(target, module, (size, size), folder, 255 if is_classifier(source) else 1)
            line += " ONNX Runtime " + (f"{result:.1e}" if isinstance(result, float) else f"refused ({result[:200]})")
            good = good and isinstance(result, float) and result < TOLERANCE
        print(line, "" if good else "  <-- BAD", flush=True)
        return good


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("cvtool")
    parser.add_argument("--only", default=",".join(NAMES))
    parser.add_argument("--models", default="", help="TorchScript files; cvtool's own models at their own size")
    parser.add_argument("--size", type=int, default=96)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    runtime = has_onnx_runtime()
    if not runtime:
        print("ONNX Runtime is left out: node does not find onnxruntime-node")
    good = True
    with tempfile.TemporaryDirectory() as folder:
        for name in filter(None, arguments.only.split(",")):
            path = os.path.join(folder, name + ".pt")
            traced(name, arguments.size).save(path)
            good = check(arguments.cvtool, name, path, arguments.size, runtime) and good
        for path in filter(None, arguments.models.split(",")):
            good = check(arguments.cvtool, os.path.basename(path), path, arguments.size, runtime) and good
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
