"""How well photos of something else are told from those that a model has learned, by several methods: AUROC / FPR at 95 % TPR.

    python3 tests/bench/unknown.py build/bin/cvtool --model runs/NAME/best.pt --data DIR --ood DIR [DIR ...]

DIR of --data is a folder with train/CLASS and valid/CLASS, on which the model was trained; its last layer is dense. `features`, `softmax` and `energy` are what
cvtool eval --ood says, the rest is computed here of what the last dense layer reads, which PyTorch gives, of at most 1,000 training photos:
Mahalanobis distance as it is (Lee et al. 2018) and of features at length 1, with scikit-learn's LedoitWolf; cosine distance to the nearest
neighbour, and to the nearest of 100 of them.
"""
import argparse
import json
import pathlib
import random
import subprocess
import tempfile

import numpy as np
import torch
from PIL import Image
from sklearn.covariance import LedoitWolf
from sklearn.metrics import roc_auc_score, roc_curve

KINDS = (".jpg", ".jpeg", ".png")


def photos_in(folder, most):
    found = sorted(path for path in pathlib.Path(folder).rglob("*") if path.suffix.lower() in KINDS)
    random.Random(0).shuffle(found)
    return sorted(found[:most])


def features_of(model, photos, size):
    layers = list(model.head.children())[:-1]
    found = []
    with torch.no_grad():
        for path in photos:
            pixels = np.asarray(Image.open(path).convert("RGB").resize(size[::-1], Image.BILINEAR))
            x = model.preprocess(torch.from_numpy(pixels.copy()).permute(2, 0, 1)[None].float())
            if hasattr(model, "base"):
                x = model.base(x)
            for layer in layers:
                x = layer(x)
            found.append(x.flatten().numpy())
    return np.array(found, dtype=np.float64)


def scores(known, other):
    truth, values = np.r_[np.ones(len(known)), np.zeros(len(other))], -np.r_[known, other]
    far, near, _ = roc_curve(truth, values)
    return f"{roc_auc_score(truth, values):.4f} / {far[np.argmax(near >= 0.95)]:.3f}"


def mahalanobis(train, labels):
    """Of rows, the squared distance from the nearest class."""
    means = {k: train[labels == k].mean(0) for k in sorted(set(labels))}
    inverse = np.linalg.inv(LedoitWolf(assume_centered=True).fit(np.array([x - means[k] for x, k in zip(train, labels)])).covariance_)
    return lambda rows: np.min([((rows - mean) @ inverse * (rows - mean)).sum(1) for mean in means.values()], 0)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("cvtool", type=pathlib.Path)
    parser.add_argument("--model", type=pathlib.Path, required=True)
    parser.add_argument("--data", type=pathlib.Path, required=True)
    parser.add_argument("--ood", type=pathlib.Path, nargs="+", required=True)
    parser.add_argument("--train", type=int, default=1000, help="training photos, at most")
    parser.add_argument("--photos", type=int, default=300, help="photos of each other set, at most")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    extra = {"cvtool.json": ""}
    model = torch.jit.load(str(arguments.model), _extra_files=extra).eval()
    size = json.loads(extra["cvtool.json"])["imgsz"]
    size = size if isinstance(size, list) else [size] * 2
    unit = lambda rows: rows / np.linalg.norm(rows, axis=1, keepdims=True)
    photos = photos_in(arguments.data / "train", arguments.train)
    labels = np.array([path.parent.name for path in photos])
    train, valid = features_of(model, photos, size), features_of(model, photos_in(arguments.data / "valid", arguments.photos), size)
    methods = {
        "mahalanobis, as they are": mahalanobis(train, labels),
        "mahalanobis, length 1": lambda x, far=mahalanobis(unit(train), labels): far(unit(x)),
        "nearest of all": lambda x: 1 - (unit(x) @ unit(train).T).max(1),
        "nearest of 100": lambda x: 1 - (unit(x) @ unit(train)[::max(1, len(train) // 100)].T).max(1)}
    for folder in arguments.ood:
        with tempfile.TemporaryDirectory() as out:
            said = subprocess.run([arguments.cvtool, "eval", "-q", "--data", arguments.data, "--split", "valid", "--model", arguments.model, "--ood", folder,
                                   "-o", out, "--json"], stdout=subprocess.PIPE, check=True).stdout
        print(f"{folder}:")
        for name, found in json.loads(said)["ood"]["methods"].items():
            print(f"  {name:26} {found['auroc']:.4f} / {found['fpr95']:.3f}")
        other = features_of(model, photos_in(folder, arguments.photos), size)
        for name, distance in methods.items():
            print(f"  {name:26} {scores(distance(valid), distance(other))}", flush=True)


if __name__ == "__main__":
    main()
