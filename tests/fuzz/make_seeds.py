"""Lays out first inputs for the fuzz targets: make_seeds.py WEIGHT_FILES SEEDS, after make_weight_files.py WEIGHT_FILES."""
import pathlib
import shutil
import sys
import zipfile

files, seeds = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
kinds = dict(torch_zip="*.zip.pth", torch_legacy="*.old.pth", safetensors="*.safetensors", h5="*.h5")
for kind in [*kinds, "pickle", "tfjs"]:
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
