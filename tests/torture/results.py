"""What a command has left on the disk, and whether each file of it is whole."""
import csv
import hashlib
import io
import json
import os
import re
import struct
import subprocess
import zipfile

PART = re.compile(r"\.part[0-9a-f]{8}$")


def tree(folder):
    """Path below the folder -> bytes of the file, or what a link points at. Caches are not results."""
    files = {}
    for place, folders, names in os.walk(folder):
        if place == str(folder):
            folders[:] = [name for name in folders if name not in ("cache", "share")]
        for name in names + [name for name in folders if os.path.islink(os.path.join(place, name))]:
            path = os.path.join(place, name)
            key = os.path.relpath(path, folder)
            files[key] = os.readlink(path).encode() if os.path.islink(path) else open(path, "rb").read()
    return files


def everything(folder):
    """All files, caches too, by size and time of change."""
    return {os.path.join(place, name)[len(folder):]: (os.lstat(os.path.join(place, name)).st_size, os.lstat(os.path.join(place, name)).st_mtime_ns)
            for place, _, names in os.walk(folder) for name in names}


def half_written(folder):
    return [os.path.join(place, name) for place, _, names in os.walk(folder) for name in names if PART.search(name)]


def timeless(name, content):
    """The content without what a clock fills."""
    if name.endswith("history.csv"):
        return b"\n".join(line.rsplit(b",", 2)[0] for line in content.splitlines())
    return content


def without_times(text):
    """What is printed, without seconds and rates, and without the column of milliseconds of what export compares."""
    text = re.sub(rb"(?m)^((?:model|exported) +[0-9,]+ +)[0-9.]+ +", rb"\1TIME ", text)
    return re.sub(rb"[0-9.,]+ (m?s|[a-z]+/s)\b", b"TIME", text)


def is_table(text):
    rows = list(csv.reader(io.StringIO(text)))
    return text.endswith("\n") and len({len(row) for row in rows}) == 1


def is_archive(content):
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return archive.testzip() is None


def is_safetensors(content):
    size = struct.unpack("<Q", content[:8])[0]
    header = json.loads(content[8:8 + size])
    end = max(entry["data_offsets"][1] for name, entry in header.items() if name != "__metadata__")
    return len(content) == 8 + size + end


def is_event_file(content):
    """Whole records; a last one that is cut short is what TensorBoard passes over."""
    return len(content) >= 12 and struct.unpack("<Q", content[:8])[0] > 0


CHECKS = {
    ".json": lambda content: json.loads(content) is not None,
    ".csv": lambda content: is_table(content.decode()),
    ".png": lambda content: content.startswith(b"\x89PNG") and content.endswith(b"IEND\xaeB`\x82"),
    ".jpg": lambda content: content.startswith(b"\xff\xd8") and content.endswith(b"\xff\xd9"),
    ".html": lambda content: content.rstrip().endswith(b"</html>"),
    ".md": lambda content: content.endswith(b"\n"),
    ".xml": lambda content: content.rstrip().endswith(b">"),
    ".h": lambda content: content.endswith(b"\n"),
    ".txt": lambda content: True,
    ".pt": is_archive,
    ".safetensors": is_safetensors,
}


class Wholeness:
    """Knows which contents are whole; asks `cvtool verify` of models once a content."""

    def __init__(self, cvtool):
        self.cvtool = cvtool
        self.known = {}

    def __call__(self, path, content):
        key = (os.path.splitext(path)[1], hashlib.sha256(content).digest())
        if key not in self.known:
            self.known[key] = self.look(path, content)
        return self.known[key]

    def look(self, path, content):
        name = os.path.basename(path)
        if ".tfevents." in name:
            return is_event_file(content)
        check = CHECKS.get(os.path.splitext(name)[1], lambda content: True)
        try:
            if not check(content):
                return False
        except Exception:
            return False
        if name.endswith((".pt", ".onnx", ".safetensors")) and not name.startswith(("checkpoint", "base", "mobilenet")):
            return subprocess.run([self.cvtool, "verify", path, "-q"], capture_output=True).returncode == 0
        return True
