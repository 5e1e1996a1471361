"""Whether the flags that a text gives to cvtool are flags of that command, by what --help-all says."""
import functools
import re
import subprocess

GROUPS = ("data", "cache")
# Flags of other programs that the pages name.
FOREIGN = {"--cpus", "--pids-limit", "--gpus", "--preset", "--build", "--install", "--prefix", "--nproc_per_node", "--nnodes", "--no_python", "--ntasks",
           "--nodes", "--cpus-per-task", "--ntasks-per-node", "--quick", "--cases", "--real", "--no-install-recommends", "--ignore-missing",
           "--requeue", "--max-restarts"}


class Flags:
    def __init__(self, program):
        self.program = str(program)

    @functools.lru_cache(maxsize=None)
    def of(self, command):
        """The flags of a command such as "train" or "data check"; an empty set where there is no such command."""
        ended = subprocess.run([self.program, *command.split(), "--help-all"], capture_output=True, text=True)
        return set(re.findall(r"(?<![\w-])--?[a-zA-Z0-9][\w+-]*", ended.stdout)) if ended.returncode == 0 else set()

    @functools.lru_cache(maxsize=None)
    def all(self):
        """Of every command, as `cvtool manual` has them."""
        ended = subprocess.run([self.program, "manual"], capture_output=True, text=True, check=True)
        return set(re.findall(r"(?<![\w-])--?[a-zA-Z0-9][\w+-]*", ended.stdout))

    def wrong_in(self, text):
        """What is wrong with the calls of cvtool in a piece of shell or prose: a list of sentences."""
        wrong = []
        for call in re.finditer(r"\bcvtool ((?:data |cache )?[a-z]+)([^|;&\n]*)", text):
            command = call[1]
            if command in GROUPS or not self.of(command):
                if not self.of(command):
                    wrong.append(f"there is no command 'cvtool {command}'")
                continue
            for flag in re.findall(r"(?<![\w-])--[a-zA-Z][\w+-]*", call[2]):
                if flag not in self.of(command):
                    wrong.append(f"cvtool {command} has no flag {flag}")
        return wrong
