"""Compiles the mutated sources of a subject and links test programs with them, beside a build folder that stays as it is."""
import fcntl
import json
import os
import re
import shlex
import subprocess

import points
import rewrite

HERE = os.path.dirname(os.path.abspath(__file__))


class Failure(Exception):
    pass


def run(command, folder):
    done = subprocess.run(command, cwd=folder, shell=isinstance(command, str), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.returncode, done.stdout


def is_linked(name, command):
    """Whether the library that a source src/ROOM/... belongs to stands in a linker's command."""
    folders = name.split("/")[1:-1]
    return not name or any(f"libcvtool_{'_'.join(folders[:count])}.a" in command for count in range(1, len(folders) + 1))


class Build:
    """build: a build folder of the project, whose sources were compiled one by one. out: a folder for what is made here."""

    def __init__(self, source, build, out):
        self.source, self.build, self.out = source, build, out
        os.makedirs(out, exist_ok=True)
        with open(os.path.join(build, "compile_commands.json")) as file:
            self.commands = {os.path.realpath(entry["file"]): entry for entry in json.load(file)}
        self.objects = []

    def arguments(self, path):
        """The compiler and its flags, without launcher, output and source."""
        entry = self.commands.get(os.path.realpath(path))
        if not entry:
            raise Failure(f"{path} is not compiled by itself in {self.build}; configure it with -DCVTOOL_UNITY=OFF")
        words = shlex.split(entry["command"])
        while not re.search(r"(clang\+\+|g\+\+|c\+\+)[-\d.]*$", words[0]):
            words.pop(0)
        kept, rest = [], iter(words)
        for word in rest:
            if word in ("-o", "-c"):
                next(rest)
            else:
                kept.append(word)
        return kept

    def compile(self, path, arguments, name):
        target = os.path.join(self.out, name + ".o")
        code, text = run(arguments + ["-w", "-I" + HERE, "-c", path, "-o", target], self.build)
        return code, text, target

    def compile_switch(self):
        arguments = [self.arguments(os.path.join(self.source, "src/base/text.cpp"))[0], "-std=c++17", "-O2", "-fPIC"]
        code, text, target = self.compile(os.path.join(HERE, "mutant.cpp"), arguments, "mutant")
        if code:
            raise Failure(text)
        self.objects.append(("", target))

    def compile_mutated(self, name, source, mutants):
        """Leaves out what does not compile; returns the mutants that are in."""
        path = os.path.join(self.out, name.replace("/", "_"))
        arguments = self.arguments(os.path.join(self.source, name))
        for _ in range(12):
            rewriter = rewrite.Rewriter(source, mutants)
            with open(path, "wb") as file:
                file.write(rewriter.bytes())
            flags = ["-ferror-limit=0"] if "clang" in arguments[0] else ["-fmax-errors=0"]
            code, text, target = self.compile(path, arguments + flags, name.replace("/", "_"))
            if code == 0:
                self.objects.append((name, target))
                return mutants
            messages = [(kind, int(line), int(column)) for file, line, column, kind in
                        re.findall(r"^([^:\n]+):(\d+):(\d+): (?:fatal )?(error|note):", text, re.M) if file == path]
            wrong, _ = rewrite.guilty(rewriter, messages)
            if not wrong:
                raise Failure(f"{path} does not compile, and no mutant is to blame:\n{text[:3000]}")
            mutants = [mutant for mutant in mutants if mutant.number not in wrong]
        raise Failure(f"{path}: too many rounds of what does not compile")

    def link(self, target):
        """A test program of the build folder with the mutated objects in place of its own. Returns its path."""
        with open(os.path.join(self.build, "mutation", "lock"), "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # of several subjects at once, one builds
            code, text = run(["ninja", "-C", self.build, "-j1", target], self.build)
        if code:
            raise Failure(text[-3000:])
        place = "bin/" + target
        code, text = run(["ninja", "-C", self.build, "-t", "commands", "-s", place], self.build)
        own = os.path.join(self.out, target)
        if code or f" -o {place} " not in text:
            raise Failure(f"ninja does not say how {place} is linked:\n{text[-1000:]}")
        # The linker takes from a library only what is not there yet: these objects come first.
        objects = " ".join(shlex.quote(path) for name, path in self.objects if is_linked(name, text))
        command = text.strip().replace(f" -o {place} ", f" -o {shlex.quote(own)} {objects} ", 1)
        code, text = run(command, self.build)
        if code:
            raise Failure(text[-3000:])
        return own


def mutants_of(build, subject):
    """Of all sources of a subject: [(name, source, mutants)], in a fixed order, numbered from 1."""
    found, number = [], 0
    for name, functions in subject.sources:
        path = os.path.join(build.source, name)
        source, mutants = points.find(path, name, build.arguments(path), subject.terms)
        wanted = re.compile(functions) if functions else None
        mutants = [m for m in mutants if not wanted or wanted.fullmatch(m.function)]
        found.append((name, source, mutants))
    return found
