"""Photos in archives beside the same photos in folders.

    python3 tests/bench/archives.py speed build/bin/cvtool DATA [ROUNDS]
    python3 tests/bench/archives.py memory build/bin/cvtool [PHOTOS]

speed: DATA holds train/ and valid/ with class folders. Trains on the folder and on a ZIP of it (deflated) in turn, ROUNDS (5) times, as people do
(photos are read once and kept) and with every photo read in each epoch (--cache none); prints the best wall time and processor time of each, their
ratio, and whether both give the same best.pt byte for byte.

memory: makes a tenth of PHOTOS (100,000) and all of them as 10 shards of small pictures with their classes beside them (key.ppm, key.cls), trains one
epoch on each without a cache, and prints the most memory that was resident.
"""
import hashlib
import io
import json
import os
import pathlib
import random
import subprocess
import sys
import tarfile
import tempfile
import time
import zipfile

RECIPE = {"name": "small", "data": {"imgsz": 64},
          "model": {"layers": [{"kind": "conv2d", "filters": 8, "strides": 2, "padding": "same", "activation": "relu"}, {"kind": "global_avg_pool2d"},
                               {"kind": "dense"}]},
          "train": {"epochs": 3, "batch": 32}}


class Trainings:
    def __init__(self, program):
        self.program = os.path.abspath(program)
        self.scratch = pathlib.Path(tempfile.mkdtemp(prefix="cvtool-archives-"))
        (self.scratch / "small.json").write_text(json.dumps(RECIPE))
        self.count = 0

    # Seconds by the clock and of the processor, the most resident memory in MB, and the run's folder.
    def run(self, data, *flags):
        self.count += 1
        command = [self.program, "train", "--data", str(data), "--recipe", "small.json", "--name", str(self.count), "-q", *flags]
        begin = time.time()
        process = subprocess.Popen(command, cwd=self.scratch, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        if status != 0:
            sys.exit(f"{' '.join(command)} failed")
        return time.time() - begin, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1000, self.scratch / "runs" / str(self.count)


def digest(run):
    return hashlib.sha256((run / "best.pt").read_bytes()).hexdigest()


def measure_speed(program, data, rounds):
    trainings, data = Trainings(program), pathlib.Path(data).resolve()
    archive = trainings.scratch / "photos.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as target:
        for file in sorted(data.rglob("*")):
            if file.is_file():
                target.write(file, file.relative_to(data))
    for cache in ("ram", "none"):
        compare(trainings, {"folder": data, "archive": archive}, cache, rounds)


def compare(trainings, places, cache, rounds):
    wall, cpu, digests = {}, {}, set()
    for _ in range(rounds):
        for name, place in places.items():
            seconds, of_processor, _, run = trainings.run(place, "--cache", cache)
            wall[name], cpu[name] = min(wall.get(name, seconds), seconds), min(cpu.get(name, of_processor), of_processor)
            digests.add(digest(run))
    for name in places:
        print(f"--cache {cache:4}  {name:8} {wall[name]:.2f} s, {cpu[name]:.2f} s of the processor")
    print(f"--cache {cache:4}  folder / archive {wall['folder'] / wall['archive']:.3f}, of the processor {cpu['folder'] / cpu['archive']:.3f}; "
          f"{'the same best.pt' if len(digests) == 1 else 'DIFFERENT models'}")


def make_shards(folder, photos):
    folder.mkdir()
    draw = random.Random(1)
    for shard in range(10):
        with tarfile.open(folder / f"shard-{shard:06}.tar", "w", format=tarfile.USTAR_FORMAT) as target:
            for number in range(shard, photos, 10):
                for ending, content in ((".ppm", b"P6 16 16 255\n" + draw.randbytes(768)), (".cls", str(number // 10 % 2).encode())):
                    entry = tarfile.TarInfo(f"{number:08}{ending}")
                    entry.size = len(content)
                    target.addfile(entry, io.BytesIO(content))


def measure_memory(program, photos):
    trainings = Trainings(program)
    for count in (photos // 10, photos):
        folder = trainings.scratch / f"shards-{count}"
        make_shards(folder, count)
        seconds, _, peak_mb, _ = trainings.run(folder, "--imgsz", "16", "--epochs", "1", "--cache", "none")
        print(f"{count:9,} photos  {peak_mb:7.0f} MB resident at most, {seconds:.0f} s")


kind, program, *rest = sys.argv[1:]
if kind == "speed":
    measure_speed(program, rest[0], int(rest[1]) if len(rest) > 1 else 5)
else:
    measure_memory(program, int(rest[0]) if rest else 100_000)
