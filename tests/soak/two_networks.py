"""Two network namespaces stand for two machines, joined by a relay that holds each packet back for 1 ms: the same net as of one
process must come out, and when the link is cut in mid-training both must end within --dist-timeout and name who is gone.

Usage, as root: two_networks.py CVTOOL [--delay-ms 1] [--dist-timeout 5]
"""
import argparse
import collections
import ctypes
import fcntl
import hashlib
import os
import struct
import subprocess
import sys
import tempfile
import threading
import time

arguments = argparse.ArgumentParser()
arguments.add_argument("cvtool")
arguments.add_argument("--delay-ms", type=float, default=1)
arguments.add_argument("--dist-timeout", type=float, default=5)
options = arguments.parse_args()
cvtool = os.path.abspath(options.cvtool)
scratch = tempfile.TemporaryDirectory(prefix="cvtool-soak-")
environment = dict(os.environ, XDG_CACHE_HOME=scratch.name + "/cache")
NETWORKS = [f"cvtool-{os.getpid()}-{side}" for side in "ab"]
TRAINING = ["train", "--data", scratch.name + "/photos", "--recipe", "car-or-truck-convnet", "--imgsz", "64", "--batch", "48",
            "--threads", "1", "--project", scratch.name + "/runs"]


def run(*words):
    return subprocess.run(words, check=True, capture_output=True, text=True, env=environment)


def open_card(network):
    """A network card in that namespace, whose packets are read and written here (Linux's Documentation/networking/tuntap.rst)."""
    TUNSETIFF, IFF_TUN, IFF_NO_PI, CLONE_NEWNET = 0x400454CA, 0x0001, 0x1000, 0x40000000
    libc = ctypes.CDLL(None, use_errno=True)
    opened = []

    def enter():
        with open("/run/netns/" + network) as namespace:
            if libc.setns(namespace.fileno(), CLONE_NEWNET) != 0:
                return
        card = os.open("/dev/net/tun", os.O_RDWR)
        fcntl.ioctl(card, TUNSETIFF, struct.pack("16sH", b"link0", IFF_TUN | IFF_NO_PI))
        opened.append(card)

    # A thread has a namespace of its own.
    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    if not opened:
        sys.exit("no network card could be made; this needs root and /dev/net/tun")
    return opened[0]


class Relay:
    def __init__(self, source, target):
        self.source, self.target = source, target
        self.packets, self.more = collections.deque(), threading.Semaphore(0)
        self.bytes = 0
        for work in (self.read, self.write):
            threading.Thread(target=work, daemon=True).start()

    def read(self):
        while True:
            try:
                packet = os.read(self.source, 65536)
            except OSError:
                time.sleep(0.01)  # the card is down
                continue
            self.bytes += len(packet)
            self.packets.append((time.monotonic() + options.delay_ms / 1000, packet))
            self.more.release()

    def write(self):
        while True:
            self.more.acquire()
            due, packet = self.packets.popleft()
            time.sleep(max(0, due - time.monotonic()))
            try:
                os.write(self.target, packet)
            except OSError:
                pass  # it is down: the packet is lost


def start(rank, words):
    """A process on the machine `node1` or `node2`, and the file that holds what it says."""
    own = dict(environment, RANK=str(rank), WORLD_SIZE="2", LOCAL_RANK="0", LOCAL_WORLD_SIZE="1", MASTER_ADDR="10.77.0.1",
               MASTER_PORT="29500")
    log = f"{scratch.name}/log{rank}"
    command = ["ip", "netns", "exec", NETWORKS[rank], "unshare", "--uts", "sh", "-c", f'hostname node{rank + 1}; exec "$@"', "sh", cvtool]
    return subprocess.Popen(command + TRAINING + words, stdout=subprocess.DEVNULL, stderr=open(log, "w"), env=own), log


def said(log):
    return open(log, errors="replace").read()


def fail(text, logs):
    for log in logs:
        print(f"--- {log}:\n{said(log)}")
    sys.exit(text)


def digest(run_name):
    return hashlib.sha256(open(f"{scratch.name}/runs/{run_name}/best.pt", "rb").read()).hexdigest()[:16]


def check_same_net(relays):
    begin = time.monotonic()
    run(cvtool, *TRAINING, "--epochs", "3", "--name", "alone")
    alone_s = time.monotonic() - begin
    before, begin = sum(relay.bytes for relay in relays), time.monotonic()
    ranks = [start(rank, ["--epochs", "3", "--name", "both"]) for rank in range(2)]
    logs = [log for _, log in ranks]
    if [process.wait() for process, _ in ranks] != [0, 0]:
        fail("a process has failed", logs)
    sent = sum(relay.bytes for relay in relays) - before
    print(f"alone {alone_s:.1f} s, over the link {time.monotonic() - begin:.1f} s, {sent / 1e6:.1f} MB went over it; "
          f"best.pt {digest('alone')} and {digest('both')}", flush=True)
    if digest("alone") != digest("both"):
        sys.exit("the nets differ")


def check_cut():
    ranks = [start(rank, ["--epochs", "100000", "--name", "cut", "--dist-timeout", str(options.dist_timeout)]) for rank in range(2)]
    logs = [log for _, log in ranks]
    while "Epoch      2/" not in said(logs[0]):
        if ranks[0][0].poll() is not None:
            fail("the training has ended", logs)
        time.sleep(0.05)
    run("ip", "-n", NETWORKS[1], "link", "set", "link0", "down")
    cut_at = time.monotonic()
    codes = [process.wait(options.dist_timeout + 20) for process, _ in ranks]
    ended_s = time.monotonic() - cut_at
    last = [said(log).strip().splitlines()[-1] for log in logs]
    print(f"the link was cut: both have ended after {ended_s:.1f} s, with {codes[0]} and {codes[1]}\n  node1: {last[0]}\n  node2: {last[1]}")
    if codes != [1, 1] or "rank 1 on node2" not in last[0] or "rank 0 on node1" not in last[1]:
        fail("they do not say who is gone", logs)
    if ended_s > options.dist_timeout + 3:
        sys.exit("that took longer than --dist-timeout")
    if any(".part" in name for name in os.listdir(scratch.name + "/runs/cut")):
        sys.exit("something is half-written")


try:
    for network in NETWORKS:
        run("ip", "netns", "add", network)
    cards = [open_card(network) for network in NETWORKS]
    for number, network in enumerate(NETWORKS):
        run("ip", "-n", network, "addr", "add", f"10.77.0.{number + 1}/24", "dev", "link0")
        run("ip", "-n", network, "link", "set", "link0", "up")
        run("ip", "-n", network, "link", "set", "lo", "up")
    relays = [Relay(cards[0], cards[1]), Relay(cards[1], cards[0])]
    run(cvtool, "data", "sample", scratch.name + "/photos", "--train-per-class", "60", "--valid-per-class", "20", "--size", "72")
    check_same_net(relays)
    check_cut()
    print("two networks: all right")
finally:
    for network in NETWORKS:
        subprocess.run(["ip", "netns", "del", network], capture_output=True)
