"""A job of the comparison in PyTorch. Its argument is the job as JSON; the last line printed is RESULT and JSON.

"new": channels_last and torch.compile, which is warmed up with every batch size before the clock starts; "bf16": autocast where the
job is not float32. Otherwise plain eager PyTorch. All cores in any case, a DataLoader with a worker per core.
"""
import contextlib
import json
import os
import sys
import time

import torch
import torchvision
from PIL import Image
from torch import nn
from torchvision import transforms

import nets_torch

job = json.loads(sys.argv[1])
cores = len(os.sched_getaffinity(0))
new, batch, size = job["new"], job["batch"], job["size"]
bf16 = job["bf16"] and not job.get("fp32")
whole_process = job["job"] in ("eval", "predict", "predict_one", "save")
torch.set_num_threads(cores)
torch.manual_seed(1)


def autocast():
    return torch.autocast("cpu", torch.bfloat16) if bf16 else contextlib.nullcontext()


def placed(pixels):
    return pixels.contiguous(memory_format=torch.channels_last) if new else pixels


def ready(net):
    """As a user of the new PyTorch prepares a net; of the old one as it is."""
    if not new:
        return net
    net = net.to(memory_format=torch.channels_last)
    return net if whole_process else torch.compile(net, dynamic=False)


def steps(augment):
    way = transforms.InterpolationMode.NEAREST if job["net"] in ("convnet", "vgg16") else transforms.InterpolationMode.BILINEAR
    more = {"none": [], "flip": [transforms.RandomHorizontalFlip()],
            "rotation": [transforms.RandomRotation(72, transforms.InterpolationMode.BILINEAR)]}[augment]
    scale = [] if job["net"] == "convnet" else [transforms.Normalize([.485, .456, .406], [.229, .224, .225])]
    return transforms.Compose([transforms.Resize((size, size), way), *more, transforms.ToTensor(), *scale])


def loader(split, augment="none", shuffle=False):
    folder = torchvision.datasets.ImageFolder(f"{job['photos']}/{split}", steps(augment))
    return torch.utils.data.DataLoader(folder, batch, shuffle=shuffle, num_workers=cores)


def sizes_of(*loaders):
    """The batch sizes that will come, each once."""
    return sorted({n for each in loaders for n in (min(batch, len(each.dataset)), len(each.dataset) % batch) if n}, reverse=True)


def loss_of(scores, labels):
    if scores.shape[1] == 1:
        return nn.functional.binary_cross_entropy_with_logits(scores.float().squeeze(1), labels.float())
    return nn.functional.cross_entropy(scores.float(), labels)


def step(net, pixels, labels, optimizer):
    optimizer.zero_grad()
    with autocast():
        loss = loss_of(net(pixels), labels)
    loss.backward()
    optimizer.step()
    return loss.item()


def train():
    """Steps over batches that lie ready in memory: {"steady": seconds of an epoch, "images": in it}."""
    pairs = list(loader("train"))
    pixels, labels = (torch.cat(part) for part in zip(*pairs))
    net = ready(nets_torch.NETS[job["net"]]())
    if job["net"] == "convnet":
        optimizer = torch.optim.Adam(net.parameters(), 1e-3, eps=1e-2)
    else:
        optimizer = torch.optim.AdamW(net.parameters(), 1e-3, weight_decay=0.01)

    def epoch(limit):
        for rows in torch.randperm(len(labels)).split(batch)[:limit]:
            step(net, placed(pixels[rows]), labels[rows], optimizer)

    epoch(3)  # warm-up
    start = time.perf_counter()
    epoch(None)
    seconds = time.perf_counter() - start
    return {"first": seconds, "steady": seconds, "images": len(labels)}


def transfer():
    """One epoch of training and validation on a base that runs without gradients up to its trained part."""
    frozen, trained = nets_torch.transfer_parts(job["net"], job["job"] == "finetune", size, job.get("weights"))
    rates = [{"params": [p for name, p in trained.named_parameters() if name.startswith("head")]}]
    if job["job"] == "finetune":
        rates.append({"params": [p for name, p in trained.named_parameters() if not name.startswith("head") and p.requires_grad], "lr": 1e-4})
    optimizer = torch.optim.Adam(rates, 1e-3)
    frozen, trained = ready(frozen), ready(trained)
    loaders = {"train": loader("train", job["augment"], True), "valid": loader("valid")}

    def features(pixels):
        with torch.no_grad(), autocast():
            return frozen(placed(pixels))

    def validate(pixels, labels):
        with torch.no_grad(), autocast():
            return loss_of(trained(features(pixels)), labels).item()

    for count in sizes_of(*loaders.values()) if new else [batch]:  # warm-up
        pixels, labels = torch.rand(count, 3, size, size), torch.zeros(count, dtype=torch.long)
        step(trained, features(pixels), labels, optimizer)
        validate(pixels, labels)
    start = time.perf_counter()
    for pixels, labels in loaders["train"]:
        step(trained, features(pixels), labels, optimizer)
    for pixels, labels in loaders["valid"]:
        validate(pixels, labels)
    seconds = time.perf_counter() - start
    return {"first": seconds, "steady": seconds}


def classifier(trained=True):
    net = nn.Sequential(*nets_torch.transfer_parts(job["net"], False, size, None))
    if trained:
        net.load_state_dict(torch.load(job["model"]))
    return ready(net.eval())


def answers(net, pixels):
    with torch.no_grad():
        return net(placed(pixels)).softmax(1)


def evaluate():
    net, right, seen = classifier(), 0, 0
    for split in ("train", "valid"):
        for pixels, labels in loader(split):
            right += (answers(net, pixels).argmax(1) == labels).sum().item()
            seen += len(labels)
    return {"accuracy": right / seen}


def predict():
    net, rows = classifier(), []
    photos = loader("valid")
    for pixels, _ in photos:
        rows += answers(net, pixels).max(1)[0].tolist()
    for (path, _), probability in zip(photos.dataset.samples, rows):
        print(path, f"{probability:.4f}")
    return {"photos": len(rows)}


def predict_one():
    net = classifier()
    print(job["photo"], answers(net, steps("none")(Image.open(job["photo"]).convert("RGB"))[None]).tolist())
    return {}


def save():
    """Weights for the others: of VGG16 for cvtool's import, else of the classifier that eval and predict load."""
    torch.save(nets_torch.vgg16_weights() if job["net"] == "vgg16" else classifier(False).state_dict(), job["model"])
    return {}


JOBS = {"train": train, "frozen": transfer, "finetune": transfer, "eval": evaluate, "predict": predict, "predict_one": predict_one, "save": save}
print("RESULT " + json.dumps(JOBS[job["job"]]()))
