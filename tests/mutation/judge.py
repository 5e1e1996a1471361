"""Runs test programs with one mutant awake after the other."""
import os
import resource
import shutil
import signal
import subprocess
import time

TICK_S = 0.1
LEAST_S, TIMES = 20, 6  # how long a mutant may take: as many times the clean run, and no less
FILE_BYTES = 1 << 31


def limits():
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_BYTES, FILE_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


class Judge:
    """folder: where the programs that run find an empty home and room for their files."""

    def __init__(self, folder, build):
        self.folder, self.build = folder, build

    def environment(self, number, reached):
        home = os.path.join(self.folder, "home")
        shutil.rmtree(home, ignore_errors=True)
        os.makedirs(os.path.join(home, "tmp"))
        own = {"HOME": home, "TMPDIR": os.path.join(home, "tmp"), "XDG_CACHE_HOME": os.path.join(home, "cache"),
               "XDG_DATA_HOME": os.path.join(home, "data"), "CVTOOL_SHARE": os.path.join(self.build, "share/cvtool"),
               "CVTOOL_OFFLINE": "1", "OMP_WAIT_POLICY": "passive"}
        if number:
            own["CVTOOL_MUTANT"] = str(number)
        if reached:
            own["CVTOOL_MUTANTS_REACHED"] = reached
        return {**os.environ, **own}

    def run(self, command, number=0, reached=None, limit_s=None):
        """(result, seconds, output): passed, failed, crashed or endless. Time is counted in waits of this process, so that a machine
        that stands still, and this process with it, gives no verdict."""
        with open(os.path.join(self.folder, "output.txt"), "w+", errors="replace") as output:
            process = subprocess.Popen(command, cwd=self.build, env=self.environment(number, reached), stdout=output,
                                       stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, preexec_fn=limits, start_new_session=True)
            ticks = 0
            # It is looked at without being taken off the list of processes, so that the number of its group is still its own below.
            while not os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
                ticks += 1
                if limit_s and ticks * TICK_S > limit_s:
                    break
                time.sleep(TICK_S)
            endless = not os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            os.killpg(process.pid, signal.SIGKILL)  # and what the test may have left behind
            code = process.wait()
            if endless:
                return "endless", ticks * TICK_S, ""
            output.seek(0)
            text = output.read()[-4000:]
        return ("passed" if code == 0 else "crashed" if code < 0 else "failed"), ticks * TICK_S, text

    def clean(self, command):
        """(numbers of the mutants that the program comes to, how long a mutant may take)."""
        reached = os.path.join(self.folder, "reached.txt")
        if os.path.exists(reached):
            os.unlink(reached)
        result, seconds, text = self.run(command, reached=reached)
        if result != "passed":
            return None, text
        numbers = set()
        if os.path.exists(reached):
            with open(reached) as file:
                numbers = {int(line) for line in file}
        return numbers, max(LEAST_S, TIMES * seconds)
