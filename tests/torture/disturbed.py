"""Starts the program with one of its calls of the system failing."""
import collections
import errno
import os
import shutil
import signal
import struct
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from free_port import free_port  # noqa: E402

# What each kind of call fails with, in the order of fail_once.c.
KINDS = {"write": errno.ENOSPC, "rename": errno.EIO, "fsync": errno.EIO, "mmap": errno.ENOMEM, "alloc": errno.ENOMEM, "thread": errno.EAGAIN,
         "recv": errno.ECONNRESET, "send": errno.EPIPE, "read": errno.EIO, "open": errno.EMFILE, "folder": errno.ENOSPC}
ORDER = list(KINDS)
Said = collections.namedtuple("Said", "code out err failed size")


def environment_of(work, more):
    clean = {key: value for key, value in os.environ.items() if not key.endswith(("_proxy", "_PROXY"))}
    return dict(clean, XDG_CACHE_HOME=work + "/cache", XDG_DATA_HOME=work + "/data", CVTOOL_OFFLINE="1", OMP_WAIT_POLICY="passive", **more)


class Program:
    def __init__(self, cvtool, preload, options):
        self.cvtool, self.preload, self.options = os.path.abspath(cvtool), os.path.abspath(preload), options

    def finished(self, processes):
        """False where they are still there after the limit. Counts its own naps: a machine that stands still meanwhile is no hang."""
        for _ in range(int(self.options.limit / 0.02)):
            if all(process.poll() is not None for process in processes):
                return True
            time.sleep(0.02)
        for process in processes:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
        return False

    def run(self, work, scenario, words, ranks=1, torture=None, rank=0):
        """Starts the program, `ranks` times at once, of which that of `rank` is disturbed. Returns what each said; code None: it hung."""
        counts = work + ".counts"
        with open(counts, "wb") as file:
            file.write(bytes(4096))
        port = free_port() if ranks > 1 else 0
        processes, files = [], []
        for number in range(ranks):
            more = dict(scenario.environment)
            if ranks > 1:
                more.update(RANK=str(number), WORLD_SIZE=str(ranks), MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))
            if torture is not None and number == rank:
                more.update(LD_PRELOAD=self.preload, TORTURE_COUNTS=counts, TORTURE_BYTES=str(self.options.bytes),
                            TORTURE_WHOSE="libraries" if self.options.libraries else "own", **torture)
            out, err = open(f"{work}.out{number}", "w+b"), open(f"{work}.err{number}", "w+b")
            processes.append(subprocess.Popen([self.cvtool] + words, cwd=work, env=environment_of(work, more), stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                                              start_new_session=True))
            files.append((out, err))
        in_time = self.finished(processes)
        numbers = struct.unpack(f"{len(ORDER) + 2}Q", open(counts, "rb").read()[:8 * (len(ORDER) + 2)])
        said = []
        for process, (out, err) in zip(processes, files):
            code = process.wait()
            out.seek(0), err.seek(0)
            said.append(Said(code if in_time else None, out.read(), err.read().decode(errors="replace"), numbers[-2] > 0, numbers[-1]))
            out.close(), err.close()
        return said, dict(zip(ORDER, numbers))


class Place:
    """A folder in which a scenario is begun again and again."""

    def __init__(self, work, template):
        self.work, self.template = work, template

    def fresh(self):
        shutil.rmtree(self.work, ignore_errors=True)
        shutil.copytree(self.template, self.work, symlinks=True)
