"""What cvtool exports, used by other programs: TorchScript in Python, ONNX in ONNX Runtime, the header in a C++ program.

    python3 tests/cli/check_export.py build/bin/cvtool [--data DIR] [--model FILE]

--data compares on photos of one's own (50 of them) instead of drawn ones, --model a model of one's own. ONNX Runtime is left out where
node does not find the npm package onnxruntime-node (see tests/bench/onnx_run.js).
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import numpy
import torch
import torchvision
from PIL import Image

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "bench"))
import onnx_networks  # noqa: E402

PHOTOS = 50
LAYERS = [{"kind": "conv2d", "filters": 8, "strides": 2, "padding": "same", "bias": False}, {"kind": "batch_norm", "activation": "relu"},
          {"kind": "max_pool2d"}, {"kind": "flatten"}, {"kind": "dense"}]


def cvtool(*arguments):
    result = subprocess.run([options.program, *map(str, arguments)], capture_output=True, text=True)
    assert result.returncode == 0, (arguments, result.returncode, result.stderr)
    return result.stdout


def pixels_of(path):
    with Image.open(path) as image:
        return torch.from_numpy(numpy.asarray(image.convert("RGB")).transpose(2, 0, 1).copy())[None]


def predicted(paths, model):
    lines = cvtool("predict", *paths, "--model", model, "--json").splitlines()
    return numpy.array([list(json.loads(line)["probabilities"].values()) for line in lines])


def check_torchscript(work, model, photos):
    """From the file on the disk to the probabilities, in Python alone."""
    cvtool("export", "--model", model, "--with-resize", "-o", work / "resizing.pt")
    module = torch.jit.load(str(work / "resizing.pt")).eval()
    told = predicted(photos, model)
    with torch.no_grad():
        found = numpy.concatenate([module(pixels_of(path)).numpy() for path in photos])
        golden = (module(module.golden_picture) - module.golden_probabilities).abs().max().item()
    assert module.classes == json.loads(cvtool("verify", work / "resizing.pt", "--json"))["claims"]["classes"]
    assert told.std() > 1e-4, "the photos all look the same to the model"
    difference = abs(found - told).max()
    assert difference <= 1e-5 and golden <= 1e-5, (difference, golden)
    print(f"TorchScript in Python: {len(photos)} photos, probabilities differ by at most {difference:.1e}")


def check_header(work, model, photos):
    """classify() of the C++ source that was written, in a program of its own."""
    cvtool("export", "--model", model, "--format", "header", "--with-resize", "-o", work / "ready.h")
    (work / "main.cpp").write_text("""#include "ready.h"
#include <cstdio>
#include <fstream>
#include <iterator>
#include <vector>
int main(int argc, char** argv) {
  const ready::Classifier classifier("ready.pt");
  for (int i = 1; i + 2 < argc; i += 3) {
    std::ifstream in(argv[i], std::ios::binary);
    const std::vector<char> rgb{std::istreambuf_iterator<char>(in), {}};
    const auto result = classifier.classify(reinterpret_cast<const uint8_t*>(rgb.data()), std::atoi(argv[i + 1]), std::atoi(argv[i + 2]));
    std::printf("%s %.9g\\n", ready::kLabels[result.label], result.probabilities[result.label]);
  }
}
""")
    build = [options.compiler, "-std=c++17", "-O0", *("-I" + folder for folder in options.include), "main.cpp", "ready.cpp",
             "-o", "ready", *("-L" + folder for folder in options.link_folder), "-Wl,--no-as-needed", "-ltorch", "-ltorch_cpu", "-lc10"]
    environment = {**os.environ, "LD_LIBRARY_PATH": ":".join(options.link_folder)}
    subprocess.run(build, cwd=work, check=True)
    arguments = []
    for i, path in enumerate(photos[:5]):
        pixels = pixels_of(path)[0].permute(1, 2, 0).contiguous().numpy()
        (work / f"{i}.rgb").write_bytes(pixels.tobytes())
        arguments += [f"{i}.rgb", str(pixels.shape[0]), str(pixels.shape[1])]
    found = subprocess.run(["./ready", *arguments], cwd=work, env=environment, check=True, capture_output=True, text=True).stdout.split("\n")
    for line, told in zip(found, cvtool("predict", *photos[:5], "--model", model, "--json").splitlines()):
        label, probability = line.rsplit(" ", 1)
        told = json.loads(told)
        assert label == told["class"] and abs(float(probability) - told["probability"]) < 1e-5, (line, told)
    print("C++ header: 5 photos, the same classes and probabilities")


def check_archive(work, model, photos):
    cvtool("export", "--model", model, "--format", "safetensors", "-o", work / "kept.safetensors")
    cvtool("import", work / "kept.safetensors")
    assert (predicted(photos, work / "kept.pt") == predicted(photos, model)).all()
    print("safetensors: imported again, the same probabilities")


def check_onnx(work, model, runtime):
    """In ONNX Runtime, on the inputs of the model itself."""
    size = json.loads(cvtool("verify", model, "--json"))["claims"]["imgsz"]
    assert onnx_networks.check(options.program, "the model", str(model), size, runtime)


def check_base(work, runtime):
    """A backbone as import writes it."""
    net = torchvision.models.mobilenet_v2(weights=None)
    onnx_networks.random_statistics(net, torch.Generator().manual_seed(3))
    torch.save(net.state_dict(), work / "base.pth")
    cvtool("import", "mobilenet_v2", "--weights", work / "base.pth", "-o", work / "base.pt")
    assert onnx_networks.check(options.program, "an imported backbone", str(work / "base.pt"), 96, runtime)


def trained_model(work):
    cvtool("data", "sample", work / "photos", "--train-per-class", 24, "--valid-per-class", 25, "--test-per-class", 0, "--size", "40x56")
    (work / "recipe.json").write_text(json.dumps({"data": {"imgsz": 32}, "model": {"layers": LAYERS}, "train": {"epochs": 2, "batch": 16}}))
    cvtool("train", "--data", work / "photos", "--recipe", work / "recipe.json", "--project", work / "runs", "--name", "small")
    return work / "runs" / "small" / "best.pt"


def main():
    torch.set_num_threads(1)
    runtime = onnx_networks.has_onnx_runtime()
    if not runtime:
        print("ONNX Runtime is left out: node does not find onnxruntime-node")
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        model = pathlib.Path(options.model) if options.model else trained_model(work)
        files = sorted(path for path in pathlib.Path(options.data or work / "photos" / "valid").rglob("*.jpg"))
        photos = files[::max(1, len(files) // PHOTOS)][:PHOTOS]
        check_torchscript(work, model, photos)
        check_archive(work, model, photos)
        check_onnx(work, model, runtime)
        check_header(work, model, photos)
        check_base(work, runtime)
        for name in ("squeezenet1_0", "shufflenet_v2_x1_0"):
            path = work / (name + ".pt")
            onnx_networks.traced(name, 64).save(str(path))
            assert onnx_networks.check(options.program, name, str(path), 64, runtime), name
    print("Other programs and cvtool agree")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--data")
    parser.add_argument("--model")
    parser.add_argument("--compiler", default="c++")
    parser.add_argument("--include", action="append", default=[])
    parser.add_argument("--link-folder", action="append", default=[])
    options = parser.parse_args()
    main()
