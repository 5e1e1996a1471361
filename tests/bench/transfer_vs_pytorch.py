"""A frozen VGG16 with a dense head, 30 epochs at 128x128: cvtool with its feature cache, cvtool without, and a plain
PyTorch script of the same job (frozen backbone under no_grad, DataLoader with 2 workers, every core).

    transfer_vs_pytorch.py build/bin/cvtool PHOTOS [ROUNDS]

PHOTOS is a folder with train/ and valid/. The weights are random: the time is the same. One epoch of the uncached ones
is timed and scaled, the cached 30 epochs run whole. Prints a line a round and the medians."""
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

import torch
import torchvision
from torch import nn

program, photos = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 3
epochs = 30
folder = tempfile.mkdtemp()


def base():
    torch.manual_seed(1)
    return torchvision.models.vgg16(weights=None).features.eval()


def cvtool(name, *more):
    start = time.time()
    subprocess.run([program, "train", "-q", "--data", photos, "--recipe", "car-or-truck-vgg16", "--base", folder + "/vgg16.pt",
                    "--preprocess", "imagenet", "--project", folder, "--name", name, *more], check=True, stdout=subprocess.DEVNULL)
    return time.time() - start


def pytorch_epoch():
    """Seconds for one epoch of training and validation."""
    torch.set_num_threads(os.cpu_count())
    net, head = base(), nn.Sequential(nn.Flatten(), nn.Linear(8192, 6), nn.ReLU(), nn.Linear(6, 1))
    optimizer, loss_of = torch.optim.Adam(head.parameters(), 1e-3), nn.BCEWithLogitsLoss()
    transforms = torchvision.transforms.Compose([
        torchvision.transforms.Resize((128, 128), torchvision.transforms.InterpolationMode.NEAREST), torchvision.transforms.ToTensor(),
        torchvision.transforms.Normalize([.485, .456, .406], [.229, .224, .225])])
    loaders = {split: torch.utils.data.DataLoader(torchvision.datasets.ImageFolder(f"{photos}/{split}", transforms), 64,
                                                  shuffle=split == "train", num_workers=2) for split in ("train", "valid")}
    start = time.time()
    for x, y in loaders["train"]:
        with torch.no_grad():
            features = net(x)
        loss = loss_of(head(features).squeeze(1), y.float())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        for x, y in loaders["valid"]:
            loss_of(head(net(x)).squeeze(1), y.float()).item()
    return time.time() - start


torch.jit.trace(base(), torch.rand(1, 3, 128, 128)).save(folder + "/vgg16.pt")
ratios = {"cached 30 / uncached 1": [], "PyTorch 30 / cached 30": []}
for turn in range(rounds):
    cached = cvtool(f"cached{turn}", "--epochs", str(epochs))
    uncached = cvtool(f"uncached{turn}", "--epochs", "1", "--feature-cache", "none")
    pytorch = pytorch_epoch()
    ratios["cached 30 / uncached 1"].append(cached / uncached)
    ratios["PyTorch 30 / cached 30"].append(pytorch * epochs / cached)
    print(json.dumps({"cvtool, 30 epochs, cached": round(cached, 1), "cvtool, 1 epoch, no cache": round(uncached, 1),
                      "PyTorch, 1 epoch": round(pytorch, 1)}), flush=True)
for name, values in ratios.items():
    print(f"{name}: {statistics.median(values):.2f} (median of {rounds})")
