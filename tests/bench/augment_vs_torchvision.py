#!/usr/bin/env python3
"""Flip + rotation + zoom + contrast at 160x160, batch 64: bench_augment with 2 threads beside torchvision's
transforms in a DataLoader with 2 workers. Both start from decoded pictures in memory and end with batches.

usage: augment_vs_torchvision.py path/to/bench_augment
"""
import subprocess
import sys
import time

import numpy
import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

SIDE, BATCH, ROUNDS = 160, 64, 3
BILINEAR = transforms.InterpolationMode.BILINEAR
STEPS = [
    transforms.RandomHorizontalFlip(),
    transforms.RandomRotation(72, BILINEAR),
    transforms.RandomAffine(0, scale=(0.8, 1.2), interpolation=BILINEAR),
    transforms.ColorJitter(contrast=0.5),
]


class Pictures(Dataset):
    def __init__(self, pictures, steps):
        self.pictures, self.steps = pictures, transforms.Compose(steps)

    def __len__(self):
        return 2048

    def __getitem__(self, index):
        return self.steps(self.pictures[index % len(self.pictures)])


def rate(dataset):
    batches = iter(DataLoader(dataset, batch_size=BATCH, num_workers=2))
    next(batches)  # the workers have started
    start, count = time.time(), 0
    for batch in batches:
        count += len(batch)
    return count / (time.time() - start)


def main():
    arrays = [numpy.random.randint(0, 256, (SIDE, SIDE, 3), dtype=numpy.uint8) for _ in range(256)]
    pil = Pictures([Image.fromarray(a) for a in arrays], STEPS + [transforms.PILToTensor()])
    tensors = Pictures([torch.from_numpy(a.transpose(2, 0, 1).copy()) for a in arrays], STEPS)
    print("pictures/s    cvtool  torchvision (PIL)  torchvision (tensors)")
    for turn in range(ROUNDS):  # turn about, so that a busy moment hits all alike
        ours = float(subprocess.check_output([sys.argv[1]]))
        print(f"round {turn + 1}    {ours:8.0f}  {rate(pil):17.0f}  {rate(tensors):21.0f}", flush=True)


if __name__ == "__main__":
    main()
