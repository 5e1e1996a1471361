"""Decode + bilinear resize: cvtool's loader beside torchvision's ImageFolder + DataLoader, and beside a bare loop.

    python3 tests/bench/data_throughput.py build/bin/bench_data DATA/train [SIZE [WORKERS]]

Needs python3-torch and python3-torchvision. Each is run three times in turn; the best of each counts.
"""
import subprocess
import sys
import time

import torch
from torchvision import datasets, transforms

program, folder = sys.argv[1:3]
size = int(sys.argv[3]) if len(sys.argv) > 3 else 160
workers = int(sys.argv[4]) if len(sys.argv) > 4 else 2


def torchvision_rate():
    transform = transforms.Compose([transforms.Resize((size, size)), transforms.PILToTensor()])
    loader = torch.utils.data.DataLoader(datasets.ImageFolder(folder, transform), batch_size=32, num_workers=workers)
    start, rows = time.time(), 0
    for pixels, _ in loader:
        rows += len(pixels)
    return rows / (time.time() - start)


best = {}
torchvision_rate()  # the files are in the page cache from here on
for _ in range(2):
    best["torchvision"] = max(best.get("torchvision", 0), torchvision_rate())
    lines = subprocess.run([program, folder, str(size), str(workers)], check=True, capture_output=True, text=True).stdout
    for name, rate in (line.split() for line in lines.splitlines()):
        best[name] = max(best.get(name, 0), float(rate))
for name, rate in best.items():
    print(f"{name:12} {rate:8.0f} images/s")
print(f"loader / torchvision {best['loader'] / best['torchvision']:.2f}   (1.8 or more)")
print(f"loader / bare loop   {best['loader'] / best['bare_loop']:.2f}   (0.85 or more)")
