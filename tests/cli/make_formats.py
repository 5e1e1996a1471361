"""make_formats.py PHOTOS OUT: the photos of PHOTOS as grey PNG files (OUT/grey), and pictures of 16 bits (OUT/deep) whose two
classes differ in the low eight bits alone, so that no net can tell them apart by bytes."""
import os
import sys

import numpy as np
from PIL import Image

photos, out = sys.argv[1:3]
for folder, _, files in os.walk(photos):
    target = os.path.join(out, "grey", os.path.relpath(folder, photos))
    os.makedirs(target, exist_ok=True)
    for name in files:
        if name.endswith(".json"):
            continue
        grey = Image.open(os.path.join(folder, name)).convert("L")
        grey.save(os.path.join(target, os.path.splitext(name)[0] + ".png"))

rng = np.random.default_rng(4)
for split, count in [("train", 24), ("valid", 12), ("test", 6)]:
    for name, low in [("Dim", -90), ("Bright", 90)]:
        folder = os.path.join(out, "deep", split, name)
        os.makedirs(folder)
        for i in range(count):
            # 257 * 120 is what eight bits make of all of them.
            values = 257 * 120 + low + rng.integers(-30, 31, (32, 32))
            Image.fromarray(values.astype(np.uint16)).save(f"{folder}/{i}.png")
