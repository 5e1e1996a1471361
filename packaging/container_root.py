#!/usr/bin/env python3
"""container_root.py CONTAINERFILE CONTEXT ROOTS TARGET [ARG=VALUE...]: carries out a Containerfile where there is no engine, as root.

Every stage is a folder made by debootstrap (ROOTS/SUITE is the minimal system, made before) less what Debian's slim images leave out; the last one becomes TARGET.
Understands what packaging/Containerfile uses: ARG, FROM debian:SUITE-slim [AS name], RUN, COPY [--from=stage], WORKDIR, USER, ENV, LABEL, ENTRYPOINT, CMD. Anything
else is refused. TARGET.run is a script that does what `run` would: the entry point, as the user, in the folder, with the environment.
"""
import os
import re
import shlex
import shutil
import subprocess
import sys

# debian:*-slim, by https://github.com/debuerreotype/debuerreotype (.slimify-excludes)
SLIM = ["usr/share/man", "usr/share/info", "usr/share/locale", "usr/share/groff", "usr/share/lintian", "usr/share/linda"]


def instructions(path):
    with open(path) as file:
        text = re.sub(r"^\s*#.*\n", "", file.read(), flags=re.M)
    for line in re.sub(r"\\\n\s*", " ", text).splitlines():
        if line.strip():
            word, _, rest = line.strip().partition(" ")
            yield word, rest.strip()


def minimal(roots, suite, folder):
    subprocess.run(["cp", "-a", os.path.join(roots, suite), folder], check=True)
    for left_out in SLIM:
        shutil.rmtree(os.path.join(folder, left_out), ignore_errors=True)
        os.makedirs(os.path.join(folder, left_out))
    doc = os.path.join(folder, "usr/share/doc")
    for name in os.listdir(doc):
        for file in os.listdir(os.path.join(doc, name)) if os.path.isdir(os.path.join(doc, name)) else []:
            if file != "copyright" and not os.path.isdir(os.path.join(doc, name, file)):
                os.remove(os.path.join(doc, name, file))
    # Engines bring their own name server.
    shutil.copy("/etc/resolv.conf", os.path.join(folder, "etc/resolv.conf"))


ENTER = 'mount -t proc proc "$0/proc"; mount --rbind /dev "$0/dev"; exec chroot --userspec="$1" "$0" /usr/bin/env -i sh -c "$2"'


def enter(folder, user, environment, workdir, command):
    settings = "".join(f"export {key}={shlex.quote(value)}; " for key, value in environment.items())
    return ["unshare", "--mount", "--fork", "sh", "-euc", ENTER, folder, user, f"{settings}cd {shlex.quote(workdir)}; {command}"]


def main():
    path, context, roots, target, *settings = sys.argv[1:]
    arguments = dict(setting.split("=", 1) for setting in settings)
    stages, folder, number = {}, None, 0
    for word, rest in instructions(path):
        print(f"{word} {rest}"[:150], flush=True)
        if word == "FROM":
            match = re.fullmatch(r"debian:(\w+)-slim(?: AS (\w+))?", rest)
            if not match:
                sys.exit(f"container_root.py: cannot start from {rest}")
            number += 1
            folder = f"{target}.stage{number}"
            shutil.rmtree(folder, ignore_errors=True)
            minimal(roots, match[1], folder)
            stages[match[2] or str(number)] = folder
            environment = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
            user, workdir, entry = "0:0", "/", []
            given = {}
        elif word == "ARG":
            given[rest] = arguments[rest]
        elif word == "ENV":
            key, _, value = rest.partition("=")
            environment[key] = value
        elif word == "RUN":
            subprocess.run(enter(folder, user, {**environment, **given, "HOME": environment.get("HOME", "/root")}, workdir, rest), check=True)
        elif word == "WORKDIR":
            workdir = rest
            os.makedirs(folder + workdir, exist_ok=True)
        elif word == "USER":
            user = rest
        elif word == "COPY":
            words = [re.sub(r"\$\{(\w+)\}", lambda found: given[found[1]], part) for part in rest.split()]
            source = context
            if words[0].startswith("--from="):
                source = stages[words.pop(0)[len("--from="):]]
            to = os.path.normpath(folder + os.path.join(workdir, words[-1]))
            for part in words[:-1]:
                origin = os.path.normpath(os.path.join(source, part.lstrip("/")))
                if os.path.isdir(origin):
                    shutil.copytree(origin, to, symlinks=True, dirs_exist_ok=True)
                else:
                    shutil.copy(origin, to)
        elif word == "ENTRYPOINT":
            entry = re.findall(r'"([^"]*)"', rest)
        elif word not in ("LABEL", "CMD"):
            sys.exit(f"container_root.py: {word} is not understood")
    shutil.rmtree(target, ignore_errors=True)
    for stage in stages.values():
        os.rename(stage, target) if stage == folder else shutil.rmtree(stage)
    inner = "".join(f"export {key}={shlex.quote(value)}; " for key, value in environment.items())
    inner += f"cd {shlex.quote(workdir)}; exec {' '.join(map(shlex.quote, entry))} \"$@\""
    outer = ENTER.split("exec ")[0] + f"exec chroot --userspec={user} \"$0\" /usr/bin/env -i sh -c {shlex.quote(inner)} run \"$@\""
    with open(target + ".run", "w") as file:
        file.write(f"#!/bin/sh\nexec unshare --mount --fork sh -euc {shlex.quote(outer)} {shlex.quote(os.path.abspath(target))} \"$@\"\n")
    os.chmod(target + ".run", 0o755)


main()
