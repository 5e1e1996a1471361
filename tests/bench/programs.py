"""The programs of a comparison: each runs a case once and says how long that took."""
import csv
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

from measure import Missing, run

LOAD = "import ctypes, sys\nctypes.CDLL(sys.argv[1], ctypes.RTLD_GLOBAL) if len(sys.argv) > 1 else None\n"


class Folders:
    """What is made for the comparison, below one scratch folder."""

    def __init__(self, scratch, data, limit_s):
        self.scratch, self.data, self.limit_s = pathlib.Path(scratch), data, limit_s

    def photos(self, name, train, valid):
        """A folder of links to the first photos of each class; 0: all of them."""
        target = self.scratch / f"{name}-{train}-{valid}"
        if target.exists():
            return target
        for split, count in (("train", train), ("valid", valid)):
            for folder in sorted(p for p in (self.data / "datasets" / name / split).iterdir() if p.is_dir()):
                (target / split / folder.name).mkdir(parents=True)
                for photo in sorted(folder.iterdir())[:count or None]:
                    (target / split / folder.name / photo.name).symlink_to(photo)
        return target

    def photos_of(self, case):
        return self.photos(*case.photos)

    def one_photo(self, case):
        return next((self.photos_of(case) / "valid").glob("*/*"))


class Cvtool:
    """One build of cvtool, with folders of its own for caches, backbones and runs."""

    def __init__(self, name, program, folders, environment):
        self.name, self.program, self.folders = name, str(program), folders
        self.home = folders.scratch / name.replace(" ", "-")
        self.cache, self.runs = self.home / "cache", self.home / "runs"
        self.environment = {**environment, "XDG_CACHE_HOME": str(self.cache), "XDG_DATA_HOME": str(self.home / "data")}
        self.home.mkdir()

    def call(self, *arguments, empty_caches=True):
        if empty_caches:
            shutil.rmtree(self.cache, ignore_errors=True)
            self.cache.mkdir()
        shutil.rmtree(self.runs, ignore_errors=True)
        return run([self.program, *map(str, arguments)], self.environment, self.folders.limit_s)

    def version(self):
        return run([self.program, "--version"], self.environment, 60).output.strip()

    def prepare(self, case, vgg16_weights):
        """The backbone and the model of a case. Raises Failed or Missing."""
        net = case.job["net"]
        if net in ("mobilenet_v2", "vgg16") and not (self.home / f"data/cvtool/bases/{net}.pt").exists():
            if net == "vgg16" and not vgg16_weights:
                raise Missing("weights of VGG16 are made with PyTorch, and no Python with it was found")
            weights = vgg16_weights if net == "vgg16" else self.folders.data / "weights/mobilenet_v2/mobilenet_v2_state_dict.pth"
            if not weights.exists():
                raise Missing(f"there is no {weights}")
            self.call("import", net, "--weights", weights, "-q")
        model = self.home / "model"
        if case.measure == "process" and not model.exists():
            few = self.folders.photos("cats_dogs", 64, 16)
            self.call("train", "-q", "--data", few, "--recipe", "transfer", "--base", "mobilenet_v2", "--augment", "none", "--imgsz", "160",
                      "--epochs", "1", "--project", self.home, "--name", "model")

    def measured(self, case):
        """(seconds of the case's work, peak in MB)."""
        photos = self.folders.photos_of(case)
        arguments = [a.replace("{photos}", str(photos)).replace("{photo}", str(self.folders.one_photo(case))) for a in case.arguments]
        if case.measure == "process":
            model = ["--model", self.home / "model"] + (["-o", self.runs] if arguments[0] == "eval" else [])
            outcome = self.call(*arguments, *model)
            if case.again:
                outcome = self.call(*arguments, *model, empty_caches=False)
            return outcome.seconds, outcome.peak_mb
        outcome = self.call(*arguments, "-q", "--data", photos, "--epochs", case.epochs, "--project", self.runs, "--name", "run")
        if case.measure == "job":
            return outcome.seconds, outcome.peak_mb
        with open(self.runs / "run/history.csv") as file:
            return images_in(photos) / float(list(csv.DictReader(file))[-1]["images_per_second"]), outcome.peak_mb


class Worker:
    """PyTorch or Keras."""

    def __init__(self, peer, folders, environment):
        self.name, self.peer, self.folders, self.environment = peer.name, peer, folders, environment
        self.model = folders.scratch / (peer.key + (".keras" if peer.key == "keras" else ".pth"))

    def call(self, job):
        outcome = run(self.peer.command(job), self.environment, self.folders.limit_s)
        results = [text for text in outcome.output.splitlines() if text.startswith("RESULT ")]
        return outcome, json.loads(results[-1][len("RESULT "):])

    def job(self, case):
        photos = str(self.folders.photos_of(case))
        return {**case.job, "photos": photos, "photo": str(self.folders.one_photo(case)), "model": str(self.model)}

    def prepare(self, case, _):
        if case.measure == "process" and not self.model.exists():
            self.call({**self.job(case), "job": "save"})

    def vgg16_weights(self):
        """A file of random weights for cvtool's import."""
        file = self.folders.scratch / "vgg16.pth"
        self.call({"job": "save", "net": "vgg16", "size": 128, "batch": 1, "model": str(file)})
        return file

    def measured(self, case):
        outcome, result = self.call(self.job(case))
        if case.measure == "process":
            return outcome.seconds, outcome.peak_mb
        if case.measure == "rate":
            return result["steady"] * images_in(self.folders.photos_of(case)) / result["images"], outcome.peak_mb
        return result["first"] + result["steady"] * (case.epochs - 1), outcome.peak_mb


class BareLoad:
    """Only the loading of the LibTorch that cvtool uses, without the start of the Python that does it."""

    name = "(LibTorch loaded, no work)"

    def __init__(self, program, folders, environment):
        self.folders, self.environment, self.torch_file = folders, environment, None
        for engine in sorted(pathlib.Path(program).resolve().parent.parent.glob("lib*/**/libcvtool_engine.so*")):
            linked = subprocess.run(["ldd", str(engine)], capture_output=True, text=True).stdout
            found = re.search(r"libtorch_cpu\.so\S* => (\S+)", linked)
            self.torch_file = found.group(1) if found else self.torch_file

    def prepare(self, *_):
        if not self.torch_file:
            raise Missing("libtorch_cpu.so was not found through the engine's library")

    def measured(self, _):
        bare = [sys.executable, "-S", "-E", "-c", LOAD]
        start = run(bare, self.environment, self.folders.limit_s)
        loaded = run(bare + [self.torch_file], self.environment, self.folders.limit_s)
        return max(loaded.seconds - start.seconds, 1e-3), loaded.peak_mb


def images_in(photos):
    return sum(len(names) for _, _, names in os.walk(photos / "train"))
