"""What the soaks have in common: runs that must be equal, and processes that meet on this machine."""
import hashlib
import os
import re
import sys
import time


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


def wait_for_training(process, log):
    """Waits until the training that says what it does in `log` has begun; False when the program ends first."""
    while process.poll() is None:
        if " parameters, " in open(log, errors="replace").read():
            return True
        time.sleep(0.005)
    return False


def links_of(process_id):
    """What the process has open; empty where it is gone."""
    found, folder = [], f"/proc/{process_id}/fd"
    for name in os.listdir(folder) if os.path.exists(folder) else []:
        try:
            found.append(os.readlink(f"{folder}/{name}"))
        except OSError:
            pass  # closed meanwhile
    return found


def writes_in(process_id, folder):
    """True while it writes a file there that has no name yet (see AtomicFile), or only a temporary one."""
    folder = re.escape(os.path.realpath(folder))
    return any(re.fullmatch(folder + r"/(#\d+ \(deleted\)|.*\.part[0-9a-f]{8})", link) for link in links_of(process_id))


def memory_and_files(process_id):
    """KiB of memory that are the process's own, and the number of its descriptors; None where it is gone."""
    try:
        text = open(f"/proc/{process_id}/status").read()
    except OSError:
        return None
    found = re.search(r"RssAnon:\s+(\d+)", text)
    return (int(found[1]), len(links_of(process_id))) if found else None


def rank_environment(environment, rank, size, port):
    """Of one of `size` processes, as a launcher would set it; of a process alone what it is."""
    if size == 1:
        return dict(environment)
    return dict(environment, RANK=str(rank), WORLD_SIZE=str(size), LOCAL_RANK=str(rank), LOCAL_WORLD_SIZE=str(size),
                MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))
