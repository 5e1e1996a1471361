"""Runs programs one at a time and measures them: wall clock, peak memory, alone or beside a spinning process."""
import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time

# Ends by itself when its parent is gone, so that it does not outlive a killed benchmark.
SPIN = "import os\nparent = os.getppid()\nwhile os.getppid() == parent:\n    for _ in range(100000): pass\n"


class Failed(Exception):
    """A program that ended badly; the text is its last words."""


class Missing(Failed):
    """What a case needs is not on this machine; no fault of the program."""


class Outcome:
    """seconds: wall clock from start to end. peak_mb: the largest process of the program. output: its stdout."""

    def __init__(self, seconds, peak_mb, output):
        self.seconds, self.peak_mb, self.output = seconds, peak_mb, output


@contextlib.contextmanager
def spinner():
    """With it, one process spins. It stays in the session of this one: schedulers share the cores out by session first."""
    process = subprocess.Popen([sys.executable, "-S", "-c", SPIN], stdin=subprocess.DEVNULL)
    try:
        time.sleep(0.2)
        yield
    finally:
        process.kill()
        process.wait()


def interrupt_on_signals():
    """Ctrl-C, SIGTERM and SIGHUP end the benchmark in good order: what it started is ended, what it made is removed. Only the first counts."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def interrupt(*_):
        for number in numbers:
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    for number in numbers:
        signal.signal(number, interrupt)


def kill_group(group):
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        pass


def last_words(text):
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:200] if lines else "no message"


def run(command, environment, limit_s):
    """Runs a program to its end. Raises Failed when it fails or takes longer than limit_s."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
        start = time.perf_counter()
        # A group of its own: whatever it starts can be ended with it.
        process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=errors, preexec_fn=os.setpgrp)
        timer = threading.Timer(limit_s, kill_group, [process.pid])
        try:
            timer.start()
            _, status, usage = os.wait4(process.pid, 0)
            seconds = time.perf_counter() - start
        finally:
            timer.cancel()
            kill_group(process.pid)
        process.returncode = os.WEXITSTATUS(status) if os.WIFEXITED(status) else -os.WTERMSIG(status)
        out.seek(0)
        errors.seek(0)
        output, words = (file.read().decode(errors="replace") for file in (out, errors))
        if process.returncode != 0:
            late = f" (more than {limit_s:.0f} s)" if seconds >= limit_s else ""
            raise Failed(f"exit {process.returncode}{late}: {last_words(words)}")
        return Outcome(seconds, usage.ru_maxrss / 1024, output)
