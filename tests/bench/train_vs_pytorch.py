#!/usr/bin/env python3
"""Training throughput of car-or-truck-convnet, 128x128, batch 64: cvtool against the same net in eager PyTorch.

Usage: train_vs_pytorch.py CVTOOL [ROUNDS]. The two run in turns; the medians of the pairwise ratios are what counts.
PyTorch gets all cores and batches that lie ready in memory; cvtool's figure includes its own loading of photos
(decoded once and cached).
"""
import csv
import os
import statistics
import subprocess
import sys
import tempfile
import time

import torch
from torch import nn

BATCH, STEPS = 64, 10


def eager_images_per_second():
    torch.set_num_threads(os.cpu_count())
    torch.manual_seed(0)
    net = nn.Sequential(
        nn.Conv2d(3, 32, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(64, 128, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(32768, 6), nn.ReLU(), nn.Linear(6, 1))
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3, eps=1e-2)
    loss_of = nn.BCEWithLogitsLoss()
    x = torch.rand(BATCH, 3, 128, 128)
    y = torch.randint(0, 2, (BATCH, 1)).float()
    for step in range(STEPS + 2):
        if step == 2:  # two steps of warm-up
            start = time.perf_counter()
        optimizer.zero_grad()
        loss = loss_of(net(x), y)
        loss.backward()
        optimizer.step()
        loss.item()
    return BATCH * STEPS / (time.perf_counter() - start)


def cvtool_images_per_second(cvtool, folder, precision, number):
    name = f"{precision}-{number}"
    subprocess.run([cvtool, "train", "-q", "--data", folder + "/photos", "--recipe", "car-or-truck-convnet", "--epochs", "2",
                    "--precision", precision, "--project", folder + "/runs", "--name", name], check=True, stdout=subprocess.DEVNULL)
    with open(f"{folder}/runs/{name}/history.csv") as file:
        return float(list(csv.DictReader(file))[-1]["images_per_second"])


def main():
    cvtool, rounds = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 3
    flags = open("/proc/cpuinfo").read() if os.path.exists("/proc/cpuinfo") else ""
    precisions = ["fp32"] + (["bf16"] if "avx512_bf16" in flags or "amx_bf16" in flags else [])
    ratios = {p: [] for p in precisions}
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([cvtool, "data", "sample", folder + "/photos", "-q", "--train-per-class", "320", "--valid-per-class", "32",
                        "--test-per-class", "0"], check=True, stdout=subprocess.DEVNULL)
        for number in range(rounds):
            eager = eager_images_per_second()
            line = f"round {number + 1}: eager PyTorch {eager:.1f} images/s"
            for precision in precisions:
                ours = cvtool_images_per_second(cvtool, folder, precision, number)
                ratios[precision].append(ours / eager)
                line += f", cvtool {precision} {ours:.1f} ({ours / eager:.2f} times)"
            print(line, flush=True)
    for precision in precisions:
        print(f"median ratio {precision}: {statistics.median(ratios[precision]):.2f}")


main()
