#!/usr/bin/env python3
"""Exports a model to ONNX in every opset and precision, also with the resizing inside, and lays what ONNX Runtime and OpenVINO give for photos
beside what `cvtool predict` says of them; each file goes through onnx.checker. With --time, how long a photo takes: the median over the first eight photos,
one at a time, on all cores or on --threads of them; beside it what `cvtool export` measures of the model in LibTorch and of the file in OpenCV. On a quiet machine.

    python3 tests/bench/onnx_runtimes.py build/bin/cvtool --model runs/latest --photos DIR [--time [--threads N]]

Needs the Python packages onnx, onnxruntime, openvino, numpy and pillow; one that is not there is left out. DIR holds photos of any sizes (PNG or
JPEG); of a JPEG that is large `predict` may take a reduced one, see docs/deployment.md.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import tempfile
import time

import numpy
from PIL import Image

OPSETS = (13, 17, 18, 20)
PRECISIONS = ("fp32", "fp16", "int8")
PHOTOS = 64
TIMED = 8


def cvtool(*arguments):
    result = subprocess.run([options.program, *map(str, arguments)], capture_output=True, text=True)
    assert result.returncode == 0, (arguments, result.returncode, result.stderr)
    return result.stdout


class NotKept(Exception):
    """Int8 of which too many photos change their class: `export` refuses to keep it."""


def predicted(model, photos):
    lines = cvtool("predict", *photos, "--model", model, "--json").splitlines()
    return numpy.array([list(json.loads(line)["probabilities"].values()) for line in lines], numpy.float32)


def pixels_of(path):
    with Image.open(path) as image:
        return numpy.asarray(image.convert("RGB"), numpy.float32).transpose(2, 0, 1)[None].copy()


class OnnxRuntime:
    name = "ONNX Runtime"

    def __init__(self, path):
        import onnxruntime
        how = onnxruntime.SessionOptions()
        how.intra_op_num_threads = options.threads
        self.session = onnxruntime.InferenceSession(str(path), how, providers=["CPUExecutionProvider"])

    def run(self, pixels):
        return self.session.run(None, {"images": pixels})[0]


class OpenVino:
    name = "OpenVINO"

    def __init__(self, path):
        import openvino
        # What OpenVINO would round by itself is not the file's doing.
        how = {"INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": options.threads}
        self.model = openvino.Core().compile_model(str(path), "CPU", how)

    def run(self, pixels):
        return self.model({"images": pixels})[self.model.output(0)]


def checked(path):
    try:
        import onnx
    except ImportError:
        return "not there"
    onnx.checker.check_model(str(path), full_check=True)
    return "good"


def milliseconds(runtime, inputs):
    """Of a photo, warm."""
    times = []
    for turn in range(15):
        for pixels in inputs[:TIMED]:
            begin = time.perf_counter()
            runtime.run(pixels)
            if turn >= 3:
                times.append(1000 * (time.perf_counter() - begin))
    return statistics.median(times)


def row(runtime_class, path, inputs, told):
    """Difference, photos that keep their class, milliseconds; or why there is none."""
    try:
        runtime = runtime_class(path)
    except ImportError:
        return "not there"
    except Exception as error:  # noqa: BLE001: a runtime's refusal is a row of the table
        return f"refuses it: {str(error).splitlines()[0][:90]}"
    found = numpy.concatenate([runtime.run(pixels) for pixels in inputs])
    kept = (found.argmax(1) == told.argmax(1)).mean()
    line = f"{numpy.abs(found - told).max():.2e}  {100 * kept:5.1f} % keep their class"
    return line + (f"  {milliseconds(runtime, inputs):7.2f} ms" if options.time else "")


def export(folder, opset, precision, resize):
    path = folder / f"{opset}-{precision}{'-resize' if resize else ''}.onnx"
    more = ["--calibrate", options.calibrate or options.photos] if precision == "int8" else []
    command = [options.program, "export", "--model", options.model, "--format", "onnx", "--opset", opset, "--precision", precision, *more, "-o", path,
               "--json", "--threads", options.threads, *(["--with-resize"] if resize else [])]
    result = subprocess.run([*map(str, command)], capture_output=True, text=True)
    if precision == "int8" and "not kept" in result.stderr:
        raise NotKept(result.stderr.strip().splitlines()[-1])
    assert result.returncode == 0, (command, result.returncode, result.stderr)
    return path, {line["what"]: line["milliseconds"] for line in json.loads(result.stdout)["table"]}


def versions():
    names = []
    for module in ("onnx", "onnxruntime", "openvino"):
        try:
            names.append(f"{module} {__import__(module).__version__.split('-')[0]}")
        except ImportError:
            names.append(f"{module} not there")
    return ", ".join([cvtool("--version").splitlines()[0], *names, f"{options.threads} threads"])


def main():
    photos = sorted(path for path in pathlib.Path(options.photos).rglob("*") if path.suffix.lower() in (".png", ".jpg", ".jpeg"))[:PHOTOS]
    assert photos, f"{options.photos}: no photos"
    raw = [pixels_of(path) for path in photos]
    told = predicted(options.model, photos)
    sizes = sorted({pixels.shape[2:] for pixels in raw})
    print(versions())
    print(f"{len(photos)} photos of {len(sizes)} sizes, {sizes[0]} to {sizes[-1]}; difference of probabilities from cvtool predict, at most")
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for opset in OPSETS:
            for precision in PRECISIONS:
                for resize in (False, True):
                    what = f"opset {opset} {precision} {'any size' if resize else 'one size'}"
                    try:
                        path, exported = export(folder, opset, precision, resize)
                    except NotKept as refusal:
                        print(f"{what}: {refusal}")
                        continue
                    inputs = raw
                    # Without the resizing, photos come in the model's size: those of the file with it, of a graph that is good.
                    if not resize:
                        inputs = [resized(pixels, path) for pixels in raw]
                    print(f"{what}: onnx.checker {checked(path)}")
                    print(f"  cvtool's interpreter  {numpy.abs(predicted(path, photos) - told).max():.2e}")
                    if options.time:
                        opencv = "cannot read it" if exported["exported"] is None else f"{exported['exported']:.2f} ms"
                        print(f"  cvtool export         model in LibTorch {exported['model']:.2f} ms, file in OpenCV {opencv}")
                    for runtime in (OnnxRuntime, OpenVino):
                        print(f"  {runtime.name:20}  {row(runtime, path, inputs, told)}")


def resized(pixels, path):
    """Bilinear without antialias, half-pixel centres, rounded to bytes: what cvtool's `bilinear` does, in numpy."""
    import onnx
    about = {entry.key: entry.value for entry in onnx.load(str(path)).metadata_props}
    assert (about["resize"], about["interpolation"]) == ("stretch", "bilinear"), "photos are compared for stretch and bilinear"
    size = json.loads(about["imgsz"])
    for axis, target in ((3, size if isinstance(size, int) else size[1]), (2, size if isinstance(size, int) else size[0])):
        length = pixels.shape[axis]
        at = (numpy.arange(target, dtype=numpy.float32) + numpy.float32(0.5)) * (numpy.float32(length) / numpy.float32(target)) - numpy.float32(0.5)
        low = numpy.floor(at)
        share = (at - low).reshape([-1 if d == axis else 1 for d in range(4)])
        a, b = (numpy.take(pixels, numpy.clip(index, 0, length - 1).astype(int), axis) for index in (low, numpy.ceil(at)))
        pixels = a + (b - a) * share
    return numpy.floor(pixels + 0.5).astype(numpy.float32)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--model", required=True)
    parser.add_argument("--photos", required=True)
    parser.add_argument("--calibrate", help="folder of photos for int8 (default: those of --photos)")
    parser.add_argument("--time", action="store_true")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    options = parser.parse_args()
    main()
