"""Lays out first inputs for the fuzz targets: make_seeds.py WEIGHT_FILES PICTURES SEEDS, after make_weight_files.py
WEIGHT_FILES and make_pictures.py PICTURES."""
import pathlib
import shutil
import struct
import sys
import zipfile

files, pictures, seeds = map(pathlib.Path, sys.argv[1:])
kinds = dict(torch_zip="*.zip.pth", torch_legacy="*.old.pth", safetensors="*.safetensors", h5="*.h5")
for kind in [*kinds, "pickle", "tfjs", "image"]:
    (seeds / kind).mkdir(parents=True, exist_ok=True)
for kind, pattern in kinds.items():
    for file in files.glob(pattern):
        shutil.copy(file, seeds / kind / file.name)
for file in files.glob("*.zip.pth"):
    with zipfile.ZipFile(file) as source:
        name = next(n for n in source.namelist() if n.endswith("data.pkl"))
        (seeds / "pickle" / (file.name + ".pkl")).write_bytes(source.read(name))
shards = b"".join((files / "tfjs" / f"group1-shard{i}of2.bin").read_bytes() for i in (1, 2))
for file in (files / "tfjs").glob("*.json"):
    if not file.name.endswith("expected.json"):
        (seeds / "tfjs" / file.name).write_bytes(file.read_bytes() + b"\0" + shards)

# What the script does not write: runs in a BMP, and pictures as text.
run_lengths = bytes.fromhex("0402 00022101 0003000102ff 0301 0001".replace(" ", ""))
for bits, compression in [(8, 1), (4, 2)]:
    palette = bytes.fromhex("0000ff00 00ff0000 ff000000 ffffff00".replace(" ", ""))
    head = struct.pack("<IIIIiiHHIIIIII", 0, 0, 70, 40, 9, 5, 1, bits, compression, 0, 0, 0, 4, 0)
    (seeds / "image" / f"runs{bits}.bmp").write_bytes(b"BM" + head + palette + run_lengths)
for name, text in [("bit.pbm", "P1 3 2 010 110"), ("grey.pgm", "P2 3 1 99 1 # x\n50 99"), ("rgb.ppm", "P3 1 1 255 1 2 3")]:
    (seeds / "image" / f"text_{name}").write_text(text)
for file in pictures.iterdir():
    if file.suffix not in (".raw", ".tsv", ".f32") and not file.name.startswith("size"):
        shutil.copy(file, seeds / "image" / file.name)
for file in (pathlib.Path(__file__).parent.parent / "data/heif").iterdir():
    if file.suffix in (".heic", ".avif"):
        shutil.copy(file, seeds / "image" / file.name)
