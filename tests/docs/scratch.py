"""The folder of somebody who follows the pages: drawn photos in place of photos, and weights with random numbers."""
import json
import os
import random
import shutil
import struct
import subprocess
import zlib
from array import array

SAMPLE = "--train-per-class 12 --valid-per-class 6 --test-per-class 6 --size 64"


def environment(folder, program):
    """Of every command: a home of its own, the program on the PATH, no network, two threads at most that do not spin."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("CVTOOL_")}
    return {**kept, "HOME": str(folder / "home"), "XDG_DATA_HOME": str(folder / "home/.local/share"), "XDG_CACHE_HOME": str(folder / "home/.cache"),
            "PATH": f"{program.parent}:{os.environ['PATH']}", "CVTOOL_OFFLINE": "1", "OMP_WAIT_POLICY": "passive", "TERM": "dumb", "LC_ALL": "C.UTF-8"}


def call(folder, program, command):
    """Runs a line of bash in the folder's `work`; returns the exit code and the lines of both outputs."""
    ended = subprocess.run(["bash", "-c", command], cwd=folder / "work", env=environment(folder, program), stdin=subprocess.DEVNULL,
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
    return ended.returncode, ended.stdout.replace(str(folder / "home"), "/home/me").split("\n")


def _mobilenet_v2():
    """Names and shapes of torchvision's mobilenet_v2."""
    def normed(name, norm, filters, inputs, kernel):
        yield f"{name}.weight", (filters, inputs, kernel, kernel)
        for part in ("weight", "bias", "running_mean", "running_var"):
            yield f"{norm}.{part}", (filters,)

    yield from normed("features.0.0", "features.0.1", 32, 3, 3)
    channels, index = 32, 1
    for expand, filters, repeat in ((1, 16, 1), (6, 24, 2), (6, 32, 3), (6, 64, 4), (6, 96, 3), (6, 160, 3), (6, 320, 1)):
        for _ in range(repeat):
            inner, part, block = channels * expand, 0, f"features.{index}.conv"
            if expand != 1:
                yield from normed(f"{block}.0.0", f"{block}.0.1", inner, channels, 1)
                part = 1
            yield from normed(f"{block}.{part}.0", f"{block}.{part}.1", inner, 1, 3)
            yield from normed(f"{block}.{part + 1}", f"{block}.{part + 2}", filters, inner, 1)
            channels, index = filters, index + 1
    yield from normed("features.18.0", "features.18.1", 1280, channels, 1)
    yield "classifier.1.weight", (1000, 1280)
    yield "classifier.1.bias", (1000,)


def write_weights(path):
    """A safetensors file of that net, with numbers that let values through."""
    draw, header, pieces, offset = random.Random(1), {}, [], 0
    noise = [draw.gauss(0, 1) for _ in range(4093)]
    for name, shape in _mobilenet_v2():
        count = 1
        for size in shape:
            count *= size
        if len(shape) == 4:
            scale = (2 / (count / shape[0])) ** 0.5
            values = array("f", [value * scale for value in noise] * (count // len(noise) + 1))[:count]
        else:
            values = array("f", [1.0 if name.endswith(("running_var", "weight")) and len(shape) == 1 else 0.0]) * count
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [offset, offset + 4 * count]}
        pieces.append(values.tobytes())
        offset += 4 * count
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(pieces))


def write_sheet(folder):
    """20 pictures of 32x32 as the rows of one PNG, and their labels."""
    draw = random.Random(2)
    rows = b"".join(b"\0" + bytes(draw.randrange(256) for _ in range(3 * 1024)) for _ in range(20))

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    (folder / "test_batch.png").write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 1024, 20, 8, 2, 0, 0, 0)) +
                                            chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))
    (folder / "test_lables.json").write_text(json.dumps([1, 9] * 10))


def make(folder, program):
    """folder/work with photos of several forms, a finished run and a backbone in folder/home."""
    work = folder / "work"
    (folder / "home").mkdir(parents=True)
    work.mkdir()

    def cvtool(arguments):
        code, lines = call(folder, program, f"cvtool {arguments}")
        if code != 0:
            raise RuntimeError(f"cvtool {arguments} ended with {code}:\n" + "\n".join(lines))

    cvtool(f"data sample photos {SAMPLE}")
    for split in ("train", "valid"):
        for drawn, name in (("Car", "cats"), ("Truck", "dogs")):
            shutil.copytree(work / "photos" / split / drawn, work / "cats_dogs" / split / name)
    shutil.copytree(work / "photos/train", work / "flat")
    for link in ("car_truck", "DIR"):
        (work / link).symlink_to("photos")
    write_weights(work / "mobilenet_v2-b0353104.pth")
    write_sheet(work)
    cvtool("import mobilenet_v2 --weights mobilenet_v2-b0353104.pth")
    cvtool("data sample ../many --train-per-class 150 --valid-per-class 30 --test-per-class 1 --size 64")
    cvtool("train --data ../many --base none --imgsz 64 --epochs 10 --name train")  # knows more than chance
    cvtool("predict photos/test --csv >/dev/null")  # the file has then been checked


def copy(source, folder):
    shutil.copytree(source, folder, symlinks=True)


def leave_nothing_but_the_program(folder):
    """For the page whose reader begins: it draws its photos itself, and trains the first run."""
    for name in ("photos", "runs"):
        shutil.rmtree(folder / "work" / name)
