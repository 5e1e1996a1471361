"""What the soaks have in common: runs that must be equal, and processes that meet on this machine."""
import hashlib
import os
import socket
import sys


def results(run):
    """Hashes of all that must be the same; the history without the columns that a clock fills."""
    hashes = {name: hashlib.sha256(open(f"{run}/{name}", "rb").read()).hexdigest() for name in ("best.pt", "last.pt")}
    rows = [line.rsplit(",", 2)[0] for line in open(run + "/history.csv")]
    hashes["history.csv"] = hashlib.sha256("\n".join(rows).encode()).hexdigest()
    return hashes


def check_run(run, wanted, title):
    """Ends the program where the run has other results, or files that nobody has finished."""
    got = results(run)
    for file, digest in wanted.items():
        if got[file] != digest:
            sys.exit(f"{title}: {file} differs from that of the whole run")
    left = [file for file in os.listdir(run) if ".part" in file]
    if left:
        sys.exit(f"{title}: {left} were left behind")


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return str(one.getsockname()[1])


def rank_environment(environment, rank, size, port):
    """Of one of `size` processes, as a launcher would set it; of a process alone what it is."""
    if size == 1:
        return dict(environment)
    return dict(environment, RANK=str(rank), WORLD_SIZE=str(size), LOCAL_RANK=str(rank), LOCAL_WORLD_SIZE=str(size),
                MASTER_ADDR="127.0.0.1", MASTER_PORT=port)
