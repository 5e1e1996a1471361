"""What several processes cost: 2 processes of one thread against 1 process of two threads, images/s, bytes a step against the least that
is possible, the share of time in exchanges; and a small model of how that grows, fitted to three measured points and held against two more.

Usage: ranks.py CVTOOL [--repeats 5] [--quick]

For a machine on which nothing else runs. Prints tables; a row's numbers are medians over the repeats, whose kinds take turns.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile

here = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(here, ".."), os.path.join(here, "../soak")]
from free_port import free_port  # noqa: E402
from soak import rank_environment  # noqa: E402

arguments = argparse.ArgumentParser()
arguments.add_argument("cvtool")
arguments.add_argument("--repeats", type=int, default=5)
arguments.add_argument("--quick", action="store_true", help="tries the script out")
options = arguments.parse_args()
cvtool = os.path.abspath(options.cvtool)
scratch = tempfile.TemporaryDirectory(prefix="cvtool-bench-")
environment = dict(os.environ, XDG_CACHE_HOME=scratch.name + "/cache")
photos = scratch.name + "/photos"
REPEATS = 1 if options.quick else options.repeats
EPOCHS = 3 if options.quick else 6
# The first three are what the model is fitted to.
POINTS = [("small-resnet", 64), ("small-resnet", 256), ("car-or-truck-convnet", 64), ("small-resnet", 128), ("car-or-truck-convnet", 256)]
FITTED = 3


def train(recipe, batch, processes, name):
    """The profile of its epochs but the first."""
    port, ranks = free_port(), []
    for rank in range(processes):
        own = rank_environment(environment, rank, processes, port)
        command = [cvtool, "train", "--data", photos, "--recipe", recipe, "--imgsz", "96", "--batch", str(batch), "--epochs", str(EPOCHS),
                   "--precision", "fp32", "--threads", str(2 // processes), "-j", str(2 // processes), "--profile", "--project",
                   scratch.name + "/runs", "--name", name]
        ranks.append(subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=own))
    said = [process.communicate()[1] for process in ranks]
    if any(process.returncode != 0 for process in ranks):
        sys.exit("\n".join(said))
    with open(f"{scratch.name}/runs/{name}/profile.json") as file:
        return json.load(file)["epochs"][1:]


def learning_s(epoch):
    """Without what is done once an epoch."""
    return sum(epoch["parts"][part]["seconds"] for part in ("wait", "augment", "forward", "backward", "exchange", "step")
               if part in epoch["parts"])


def measured(recipe, batch):
    alone, shared = [], []
    for repeat in range(REPEATS):
        for kind, processes in ((alone, 1), (shared, 2)):
            kind += train(recipe, batch, processes, f"{recipe} {batch} {processes} {repeat}")
    middle = lambda epochs, value: statistics.median(value(epoch) for epoch in epochs)
    steps = lambda epoch: epoch["exchange"]["steps"]
    return {
        "alone": middle(alone, lambda e: e["photos"] / learning_s(e)),
        "shared": middle(shared, lambda e: e["photos"] / learning_s(e)),
        "share": middle(shared, lambda e: e["parts"]["exchange"]["seconds"] / learning_s(e)),
        "exchange_s": middle(shared, lambda e: e["parts"]["exchange"]["seconds"] / steps(e)),
        "compute_s": middle(shared, lambda e: (learning_s(e) - e["parts"]["exchange"]["seconds"]) / steps(e)),
        "exchanges": middle(shared, lambda e: e["exchange"]["exchanges"] / steps(e)),
        "bytes": middle(shared, lambda e: e["exchange"]["sent_bytes"] / steps(e)),
    }


def trained_bytes(recipe, batch):
    """Of all gradients of a step."""
    model = f"{scratch.name}/runs/{recipe} {batch} 1 0/best.pt"
    text = subprocess.run([cvtool, "summary", model, "--json"], check=True, capture_output=True, text=True, env=environment).stdout
    return 4 * sum(layer["trainable"] for layer in json.loads(text)["layers"])


def solved(rows, values):
    """Gauss with pivots: rows times x = values."""
    rows = [row[:] + [value] for row, value in zip(rows, values)]
    for i in range(len(rows)):
        pivot = max(range(i, len(rows)), key=lambda r: abs(rows[r][i]))
        rows[i], rows[pivot] = rows[pivot], rows[i]
        for r in range(len(rows)):
            if r != i:
                factor = rows[r][i] / rows[i][i]
                rows[r] = [a - factor * b for a, b in zip(rows[r], rows[i])]
    return [rows[i][-1] / rows[i][i] for i in range(len(rows))]


subprocess.run([cvtool, "data", "sample", photos, "--train-per-class", "128" if options.quick else "512", "--valid-per-class", "16", "--size",
                "110"], check=True, capture_output=True, env=environment)
print("net, batch                   1x2 images/s  2x1 images/s  ratio  in exchange  exchanges/step  sent kB/step  least kB/step")
points = []
for recipe, batch in POINTS:
    point = measured(recipe, batch)
    # A ring sends 2 (N - 1) / N times the gradients: of two processes as much as they are.
    least = point["gradients"] = trained_bytes(recipe, batch)
    points.append(point)
    print(f"{recipe + ', ' + str(batch):27s}  {point['alone']:12.0f}  {point['shared']:12.0f}  {point['shared'] / point['alone']:5.2f}"
          f"  {100 * point['share']:9.1f} %  {point['exchanges']:14.1f}  {point['bytes'] / 1e3:12.1f}  {least / 1e3:13.1f}", flush=True)

# exchange = exchanges * latency + bytes / rate + waiting, which grows with what is computed
rows = [[p["exchanges"], p["bytes"], p["compute_s"]] for p in points]
latency, second_per_byte, waiting = solved(rows[:FITTED], [p["exchange_s"] for p in points[:FITTED]])
print(f"\nmodel: an exchange takes {1e6 * latency:.0f} us, a byte {1e9 * second_per_byte:.3f} ns, and {100 * waiting:.1f} % of the computing is waited for "
      "the slower one")
for (recipe, batch), row, point in list(zip(POINTS, rows, points))[FITTED:]:
    foreseen = row[0] * latency + row[1] * second_per_byte + row[2] * waiting
    print(f"  {recipe}, {batch}: foreseen {1e3 * foreseen:.2f} ms of exchange a step, measured {1e3 * point['exchange_s']:.2f} ms; "
          f"images/s foreseen {batch / (point['compute_s'] + foreseen):.0f}, measured {point['shared']:.0f}")


def speed_up(point, processes, link_latency_s, link_byte_s):
    """Over one process of the same kind; each computes as many photos as in what was measured."""
    bytes_sent = point["bytes"] * 2 * (processes - 1) / processes
    exchange = point["exchanges"] * (processes - 1) * link_latency_s + bytes_sent * link_byte_s + waiting * point["compute_s"]
    return processes * point["compute_s"] / (point["compute_s"] + exchange)


print("\nwhat it says of 8 processes, each with half the batch (assumed: a message between machines 30 us, 10 Gbit/s; between cards of one "
      "machine through its memory 15 us, 10 GB/s, and a card 50 times as fast as a core here)")
for (recipe, batch), point in zip(POINTS, points):
    machines = speed_up(point, 8, 30e-6, 0.8e-9)
    cards = speed_up(dict(point, compute_s=point["compute_s"] / 50), 8, 15e-6, 0.1e-9)
    print(f"  {recipe}, {batch // 2} photos each: 8 machines of one core {machines:.1f} times one, 8 cards {cards:.1f} times one")
