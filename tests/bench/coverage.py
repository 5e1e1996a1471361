"""How often the sets of predict --coverage hold the right class, over random calibrations.

    python3 tests/bench/coverage.py build/bin/cvtool --model RUN --data DIR [--photos 200] [--draws 20] [--coverage 0.9]

DIR holds a folder of photos for each class, which the model has not been trained on. Each draw calibrates a copy of the model with so many of them and
measures it on the others. What is reached varies by two chances: which photos calibrated, and which are measured. Together they are beta-binomial
(Vovk 2012; Angelopoulos and Bates 2021, section 3.2), of which the line shows the middle 95 %. A set always holds the most probable class, so that a
model that is right more often than is asked reaches more.
"""
import argparse
import json
import pathlib
import random
import shutil
import subprocess
import tempfile

from scipy.stats import betabinom


def linked(photos, folder):
    for photo in photos:
        target = folder / photo.parent.name / photo.name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.symlink_to(photo)
    return folder


def evaluated(arguments, folder, data, *more):
    command = [arguments.cvtool, "eval", "-q", "--data", data, "--split", "all", "--model", folder / "model.pt", "-o", folder / "out", "--json", *more]
    return json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("cvtool", type=pathlib.Path)
    parser.add_argument("--model", type=pathlib.Path, required=True)
    parser.add_argument("--data", type=pathlib.Path, required=True)
    parser.add_argument("--photos", type=int, default=200)
    parser.add_argument("--measured", type=int, default=500)
    parser.add_argument("--draws", type=int, default=20)
    parser.add_argument("--coverage", type=float, default=0.9)
    arguments = parser.parse_args()
    arguments.cvtool = arguments.cvtool.resolve()
    photos = sorted(path.absolute() for path in arguments.data.glob("*/*") if path.is_file())
    reached, inside, sizes = [], 0, []
    low = high = 0
    for draw in range(arguments.draws):
        random.Random(draw).shuffle(photos)
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            shutil.copy(arguments.model, folder / "model.pt")
            calibration = linked(photos[:arguments.photos], folder / "calibration")
            measured = linked(photos[arguments.photos:][:arguments.measured], folder / "measured")
            evaluated(arguments, folder, calibration, "--fit-coverage")
            document = evaluated(arguments, folder, measured, "--coverage", str(arguments.coverage))
        found, count = document["coverage"], document["metrics"]["count"]
        left_out = int((found["calibrated"] + 1) * (1 - arguments.coverage) + 1e-9)
        spread = betabinom(count, found["calibrated"] + 1 - left_out, left_out)
        low, high = spread.ppf(0.025) / count, spread.ppf(0.975) / count
        reached.append(found["reached"])
        sizes.append(found["mean_size"])
        inside += low <= found["reached"] <= high
        print(f"draw {draw + 1}: {found['reached']:.4f}, {found['mean_size']:.3f} classes (accuracy {document['metrics']['accuracy']:.4f})", flush=True)
    print(f"mean {sum(reached) / len(reached):.4f} of {arguments.coverage} asked; {inside} of {len(reached)} within {low:.4f} to {high:.4f}; "
          f"{sum(sizes) / len(sizes):.3f} classes a photo")


if __name__ == "__main__":
    main()
