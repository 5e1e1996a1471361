"""Lays out first inputs and dictionaries for the fuzz targets: make_seeds.py WEIGHT_FILES PICTURES SEEDS, after make_weight_files.py
WEIGHT_FILES and make_pictures.py PICTURES. The dictionaries go into the folder `dictionaries` beside SEEDS."""
import json
import pathlib
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import zipfile

files, pictures, seeds = map(pathlib.Path, sys.argv[1:])
tests = pathlib.Path(__file__).resolve().parent.parent
models, old = tests.parent / "models", tests / "compat/0.1.0"
dictionaries = seeds.parent / "dictionaries"
dictionaries.mkdir(parents=True, exist_ok=True)
kinds = dict(torch_zip="*.zip.pth", torch_legacy="*.old.pth", safetensors="*.safetensors", h5="*.h5")
# Of a picture's file name the target that reads it.
formats = {".jpg": "jpeg", ".png": "png", ".gif": "gif", ".bmp": "bmp", ".webp": "webp", ".tif": "tiff", ".pbm": "pnm", ".pgm": "pnm", ".ppm": "pnm",
           ".heic": "heif", ".avif": "heif"}
pictures_of = {suffix: "image_" + name for suffix, name in formats.items()}
for kind in [*kinds, *pictures_of.values(), "pickle", "tfjs", "archive", "csv", "recipe", "net", "model", "onnx", "checkpoint", "run"]:
    (seeds / kind).mkdir(parents=True, exist_ok=True)


def keep(kind, name, content):
    (seeds / kind / name).write_bytes(content if isinstance(content, bytes) else content.encode())


def make_weights():
    for kind, pattern in kinds.items():
        for file in files.glob(pattern):
            shutil.copy(file, seeds / kind / file.name)
    for file in files.glob("*.zip.pth"):
        with zipfile.ZipFile(file) as source:
            name = next(n for n in source.namelist() if n.endswith("data.pkl"))
            keep("pickle", file.name + ".pkl", source.read(name))
    shards = b"".join((files / "tfjs" / f"group1-shard{i}of2.bin").read_bytes() for i in (1, 2))
    for file in (files / "tfjs").glob("*.json"):
        if not file.name.endswith("expected.json"):
            keep("tfjs", file.name, file.read_bytes() + b"\0" + shards)


def make_pictures():
    # What the script does not write: runs in a BMP, and pictures as text.
    run_lengths = bytes.fromhex("0402 00022101 0003000102ff 0301 0001".replace(" ", ""))
    for bits, compression in [(8, 1), (4, 2)]:
        palette = bytes.fromhex("0000ff00 00ff0000 ff000000 ffffff00".replace(" ", ""))
        head = struct.pack("<IIIIiiHHIIIIII", 0, 0, 70, 40, 9, 5, 1, bits, compression, 0, 0, 0, 4, 0)
        keep("image_bmp", f"runs{bits}.bmp", b"BM" + head + palette + run_lengths)
    for name, text in [("bit.pbm", "P1 3 2 010 110"), ("grey.pgm", "P2 3 1 99 1 # x\n50 99"), ("rgb.ppm", "P3 1 1 255 1 2 3")]:
        keep("image_pnm", f"text_{name}", text)
    for file in [*pictures.iterdir(), *(tests / "data/heif").iterdir()]:
        if file.suffix in pictures_of and not file.name.startswith("size"):
            shutil.copy(file, seeds / pictures_of[file.suffix] / file.name)


def make_archives():
    """Those of the tests, of two small photos."""
    with tempfile.TemporaryDirectory() as folder:
        photos, made = pathlib.Path(folder, "photos"), pathlib.Path(folder, "made")
        for name in ("a/1.jpg", "b/2.jpg"):
            (photos / name).parent.mkdir(parents=True)
            (photos / name).write_bytes(b"\xff\xd8\xff" + name.encode() * 20)
        subprocess.run([sys.executable, tests / "data/make_archives.py", photos, made], check=True)
        for file in made.glob("*/*"):
            keep("archive", f"{file.parent.name}-{file.name}", file.read_bytes())


def make_lists():
    tables = ["path,label,split\na.jpg,Car,train\nb.png,Truck,valid\n", "a.jpg\tCar\nb.png\tTruck\n", "image;class\n\"Car/c.jpg\";\"C\"\"ar\"\nTruck/d e.jpeg;x\n",
              "id,label\na,0\nb,1\n\n", "\ufefffile , y , set\r\n Car/c.jpg , 1 , test\r\n../x.jpg , 2 ,\r\n", "label,path\nCar,missing.jpg\nCar,a.jpg\n"]
    for number, table in enumerate(tables):
        for flags in (0, 7):
            keep("csv", f"{number}-{flags}.csv", bytes([flags]) + table.encode())


def make_documents():
    for file in [*(models / "recipes").glob("*.json"), old / "recipe.json", old / "sigmoids.json"]:
        keep("recipe", file.name, file.read_bytes())
        keep("net", file.name, json.dumps(json.loads(file.read_text())["model"]))
    for file in (models / "bases").glob("*.json"):
        keep("net", "base-" + file.name, json.dumps(json.loads(file.read_text())["model"]))
    for file in old.glob("runs/*/config.json"):
        keep("recipe", file.parent.name + ".json", file.read_bytes())
        names = ["config.json", "data.json", "history.csv", "metrics.json", "predictions.csv"]
        keep("run", file.parent.name, "\n====\n".join((file.parent / name).read_text() if (file.parent / name).exists() else "" for name in names))
    for file in old.glob("runs/*/checkpoint.pt"):
        content = file.read_bytes()
        facts = re.search(rb'\{"epoch".*\}', content)
        if facts:
            keep("checkpoint", file.parent.name + ".json", facts[0])
    for file in old.glob("runs/*/best.pt"):
        keep("model", file.parent.name + ".pt", file.read_bytes())
        with zipfile.ZipFile(file) as source:
            keep("model", file.parent.name + ".json", source.read(next(n for n in source.namelist() if n.endswith("/cvtool.json"))))
    keep("model", "model.safetensors", (old / "exports/model.safetensors").read_bytes())
    keep("onnx", "model.onnx", (old / "exports/model.onnx").read_bytes())


def keep_dictionary(kind, words):
    """libFuzzer's form: in quotation marks, what is not plain in hexadecimal."""
    plain = set(range(32, 127)) - set(b'"\\')
    entries = {"".join(chr(byte) if byte in plain else f"\\x{byte:02x}" for byte in word.encode()) for word in words if 1 <= len(word) < 32}
    (dictionaries / kind).write_text("".join(f'"{entry}"\n' for entry in sorted(entries)))


def make_dictionaries():
    json_words = ["null", "true", "false", "1e308", "-1", "9223372036854775808", "[]", "{}", "\":", "\\u0000"]
    for kind in ("recipe", "net", "checkpoint", "run", "model", "tfjs", "safetensors"):
        content = b"".join(file.read_bytes() for file in (seeds / kind).iterdir())
        keep_dictionary(kind, json_words + [word.decode() for word in set(re.findall(rb'"[A-Za-z_0-9./ -]{1,28}"', content))])
    keep_dictionary("csv", ["path", "label", "split", "file", "image", "class", "train", "valid", "test", "a.jpg", "Car/c.jpg", '""', "\r\n", "\ufeff", "\t", ";"])
    rules = "".join(file.read_text() for file in (tests.parent / "src/onnx").glob("*.cpp"))
    keep_dictionary("onnx", set(re.findall(r'"([A-Za-z_]{2,24})"', rules)))


make_weights()
make_pictures()
make_archives()
make_lists()
make_documents()
make_dictionaries()
