"""What cvtool exports, used by other programs: TorchScript in Python, ONNX in ONNX Runtime, the header and ONNX in the C++ programs of examples/.

    python3 tests/cli/check_export.py build/bin/cvtool [--data DIR] [--model FILE]

--data compares on photos of one's own (50 of them) instead of drawn ones, --model a model of one's own. ONNX Runtime is left out where
node does not find the npm package onnxruntime-node (see tests/bench/onnx_run.js), its C++ program where the compiler does not find its header.
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
EXAMPLES = HERE.parent.parent / "examples"
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


def built(work, source, *more):
    """A program of examples/, compiled in `work`."""
    folders = [*("-I" + folder for folder in options.include), *("-L" + folder for folder in options.link_folder)]
    build = [options.compiler, "-std=c++17", "-O0", "-Wall", "-I.", str(EXAMPLES / source), "-o", "classify", *folders, *more,
             "-lopencv_core", "-lopencv_imgproc", "-lopencv_imgcodecs"]
    subprocess.run(build, cwd=work, check=True)
    environment = {**os.environ, "LD_LIBRARY_PATH": ":".join(options.link_folder)}
    return lambda *arguments: subprocess.run(["./classify", *map(str, arguments)], cwd=work, env=environment, capture_output=True, text=True)


def check_header(work, model, photos):
    """examples/cpp with the C++ source that was written."""
    cvtool("export", "--model", model, "--format", "header", "--with-resize", "-o", work / "classifier.h")
    classify = built(work, "cpp/classify.cpp", "classifier.cpp", "-Wl,--no-as-needed", "-ltorch", "-ltorch_cpu", "-lc10")
    found = classify(*photos[:5])
    lines = found.stdout.splitlines()
    assert found.returncode == 0 and len(lines) == 5, found
    for line, told in zip(lines, cvtool("predict", *photos[:5], "--model", model, "--json").splitlines()):
        path, label, probability = line.replace(":", "").rsplit(" ", 2)
        told = json.loads(told)
        assert label == told["class"] and abs(float(probability) - told["probability"]) < 1e-4, (line, told)
    found = classify(work / "recipe.json", photos[0])
    assert found.returncode == 4 and "cannot be read as a photo" in found.stderr and len(found.stdout.splitlines()) == 1, found
    print("C++ header: 5 photos, the same classes and probabilities")


def check_onnx_example(work, model, photos):
    """examples/onnxruntime, where that is installed. OpenCV resizes a little unlike cvtool."""
    if not options.onnxruntime:
        print("examples/onnxruntime is left out: there is no onnxruntime_cxx_api.h (libonnxruntime-dev)")
        return
    cvtool("export", "--model", model, "--format", "onnx", "-o", work / "classifier.onnx")
    classify = built(work, "onnxruntime/classify.cpp", "-I" + options.onnxruntime, "-lonnxruntime")
    found = classify("classifier.onnx", *photos[:5])
    lines = found.stdout.splitlines()
    assert found.returncode == 0 and len(lines) == 6, found
    classes = json.loads(lines[0])
    for line, told in zip(lines[1:], predicted(photos[:5], model)):
        label, probability = line.rsplit(" class ", 1)[1].split(", ")
        assert abs(told[int(label)] - float(probability)) < 0.02 and len(told) == len(classes), (line, told)
    assert classify("classifier.onnx", work / "recipe.json").returncode == 1
    print("ONNX Runtime in C++: 5 photos, the same probabilities but for resizing")


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
        check_onnx_example(work, model, photos)
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
    parser.add_argument("--onnxruntime", help="folder of onnxruntime_cxx_api.h")
    options = parser.parse_args()
    main()
