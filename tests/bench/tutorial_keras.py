"""The Keras tutorial's cats and dogs at 160 px in Keras itself, beside cvtool's recipes of them: the same photos, seeds and epochs.

    python3 tests/bench/tutorial_keras.py --data /path/to/cats_dogs --weights /path/to/tfjs/model.json [--seeds 1,2,3] [--epochs N]

Nets, pixels, augmentation, optimizer and batches are the tutorial's. Both programs run as fresh processes, in turns, and are timed from
their start to their end. MobileNetV2 has Keras's weights in both (a model.json of TensorFlow.js; its alpha is found by its sizes).
Prints a table in Markdown: accuracy in validation after the last epoch, and the seconds.
"""
import argparse
import csv
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import peers

HERE = pathlib.Path(__file__).resolve().parent
EPOCHS = 20
RECIPES = ["cats-dogs-basic", "cats-dogs-augmented", "cats-dogs-preprocessed", "cats-dogs-mobilenet-v2"]


# In Keras's environment.

def tensors_of(path):
    """{name: array} of a model.json of TensorFlow.js, whose shards lie beside it."""
    import numpy
    found = {}
    for group in json.loads(path.read_text())["weightsManifest"]:
        data, offset = b"".join((path.parent / shard).read_bytes() for shard in group["paths"]), 0
        for entry in group["weights"]:
            count = int(numpy.prod(entry["shape"], dtype=int))
            found[entry["name"]] = numpy.frombuffer(data, numpy.float32, count, offset).reshape(entry["shape"])
            offset += 4 * count
    return found


def mobilenet(weights):
    """Keras's MobileNetV2 without its head, with those weights."""
    import keras
    found = tensors_of(weights)
    widths = tuple(found[name].shape[-1] for name in ("Conv1/kernel", "block_1_project/kernel"))
    alpha = {(16, 8): 0.35, (16, 16): 0.5, (24, 16): 0.75, (32, 24): 1.0, (40, 32): 1.3, (48, 32): 1.4}[widths]
    base = keras.applications.MobileNetV2(alpha=alpha, include_top=False, weights=None, input_shape=(160, 160, 3))
    for layer in base.layers:
        values = []
        for variable in layer.weights:
            part = variable.name.split("/")[-1].split(":")[0]
            names = [f"{layer.name}/{part}", f"{layer.name}/depthwise_kernel"] if part == "kernel" else [f"{layer.name}/{part}"]
            values.append(next(found[name] for name in names if name in found))
        layer.set_weights(values)
    base.trainable = False
    return base


def tutorial_net(job):
    """A net of the tutorial. Its two sigmoid units with sparse categorical cross-entropy are, in the Keras of the time, a softmax over the
    values before the sigmoid: here that is written out."""
    import keras
    from keras import layers
    net = [keras.Input((160, 160, 3))]
    if job["recipe"] in ("cats-dogs-preprocessed", "cats-dogs-mobilenet-v2"):
        net.append(layers.Rescaling(1 / 127.5, -1))
    if job["recipe"] != "cats-dogs-basic":
        net += [layers.RandomFlip("horizontal_and_vertical"), layers.RandomRotation(0.2)]
    if job["recipe"] == "cats-dogs-mobilenet-v2":
        base = mobilenet(pathlib.Path(job["weights"]))
        inputs = x = net[0]
        for layer in net[1:]:
            x = layer(x)
        x = base(x, training=False)
        for layer in (layers.GlobalMaxPooling2D(), layers.Dropout(0.3), layers.Flatten(), layers.Dense(64, activation="relu"), layers.Dense(2)):
            x = layer(x)
        return keras.Model(inputs, x)
    net += [layers.Conv2D(16, 3, activation="relu"), layers.MaxPooling2D()]
    if job["recipe"] != "cats-dogs-augmented":
        net.append(layers.Conv2D(32, 3, activation="relu"))
        net += [layers.Dropout(0.3)] if job["recipe"] == "cats-dogs-basic" else []
        net.append(layers.MaxPooling2D())
    return keras.Sequential([*net, layers.Flatten(), layers.Dense(64, activation="relu"), layers.Dense(2)])


def train_in_keras(job):
    import keras
    import tensorflow as tf
    keras.utils.set_random_seed(job["seed"])

    def photos(split):
        return keras.utils.image_dataset_from_directory(f"{job['data']}/{split}", image_size=(160, 160), batch_size=32, seed=job["seed"],
                                                        shuffle=split == "train", verbose=False).cache().prefetch(tf.data.AUTOTUNE)

    net = tutorial_net(job)
    net.compile(keras.optimizers.Adam(1e-3), keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    history = net.fit(photos("train"), validation_data=photos("valid"), epochs=job["epochs"], verbose=0).history
    print("RESULT " + json.dumps(history["val_accuracy"]))


# The comparison.

def timed(command, environment, folder):
    begun = time.monotonic()
    ended = subprocess.run([str(word) for word in command], env=environment, cwd=folder, capture_output=True, text=True)
    if ended.returncode != 0:
        sys.exit(f"{command[0]} ended with {ended.returncode}:\n{ended.stdout}{ended.stderr}")
    return time.monotonic() - begun, ended.stdout


def in_keras(given, job, environment, folder):
    seconds, output = timed([given.keras, "-W", "ignore", __file__, "--worker", json.dumps(job)], environment, folder)
    return json.loads(output.split("RESULT ")[1]), seconds


def in_cvtool(given, job, environment, folder):
    name = f"{job['recipe']}-{job['seed']}"
    base = ["--base", folder / "base.pt"] if job["recipe"] == "cats-dogs-mobilenet-v2" else []
    seconds, _ = timed([given.cvtool, "train", "--data", job["data"], "--recipe", job["recipe"], *base, "--seed", job["seed"],
                        "--epochs", job["epochs"], "--name", name], {**environment, "XDG_CACHE_HOME": str(folder / "cache" / name)}, folder)
    with open(folder / "runs" / name / "history.csv", newline="") as table:
        return [float(row["val_accuracy"]) for row in csv.DictReader(table)], seconds


def rows(given, folder):
    environment = peers.environment()
    timed([given.cvtool, "import", "mobilenet_v2", "--weights", given.weights, "-o", folder / "base.pt"], environment, folder)
    programs = [("Keras", in_keras), ("cvtool", in_cvtool)]
    for recipe in given.recipes:
        figures = {name: [] for name, _ in programs}
        for seed in given.seeds:
            for name, run in programs:
                job = {"recipe": recipe, "seed": seed, "epochs": given.epochs, "data": str(given.data), "weights": str(given.weights)}
                accuracies, seconds = run(given, job, environment, folder)
                figures[name].append((accuracies[-1], max(accuracies), seconds))
                print(f"{recipe}, seed {seed}, {name}: {accuracies[-1]:.4f}, best {max(accuracies):.4f}, {seconds:.1f} s", file=sys.stderr,
                      flush=True)
        for name, _ in programs:
            last, best, seconds = zip(*figures[name])
            yield (f"| {recipe} | {name} | {', '.join(f'{one:.4f}' for one in last)} | {', '.join(f'{one:.4f}' for one in best)} "
                   f"| {statistics.median(seconds):.1f} |")


def options():
    parser = argparse.ArgumentParser(description="cats and dogs at 160 px in Keras and in cvtool")
    add = parser.add_argument
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache")
    envs = pathlib.Path(os.environ.get("CVTOOL_BENCH_ENVS") or cache / "cvtool-bench")
    add("--worker", help=argparse.SUPPRESS)
    add("--cvtool", type=pathlib.Path, default=HERE.parents[1] / "build/bin/cvtool", help="the program (default: build/bin/cvtool)")
    add("--keras", type=pathlib.Path, default=envs / "keras/bin/python", help="a Python with TensorFlow (default: the one that run.sh makes)")
    add("--data", type=pathlib.Path, help="folder with train/ and valid/ of cats and dogs")
    add("--weights", type=pathlib.Path, help="model.json with Keras's weights of MobileNetV2")
    add("--seeds", type=lambda text: [int(word) for word in text.split(",")], default=[1, 2, 3])
    add("--epochs", type=int, default=EPOCHS, help=f"default: the tutorial's {EPOCHS}")
    add("--recipes", type=lambda text: text.split(","), default=RECIPES)
    given = parser.parse_args()
    if not given.worker:
        if not given.data or not given.weights:
            parser.error("--data and --weights say what to train on")
        given.data, given.weights, given.cvtool = (path.resolve() for path in (given.data, given.weights, given.cvtool))
    return given


def main():
    given = options()
    if given.worker:
        train_in_keras(json.loads(given.worker))
        return
    lines, _ = peers.machine(subprocess.run([given.cvtool, "--version"], capture_output=True, text=True, check=True).stdout.strip())
    print("\n".join(lines), file=sys.stderr)
    with tempfile.TemporaryDirectory() as folder:
        table = list(rows(given, pathlib.Path(folder).resolve()))
    print("| recipe | program | validation accuracy, last epoch, by seed | best epoch | seconds, median |\n|---|---|---|---|---|")
    print("\n".join(table))


main()
