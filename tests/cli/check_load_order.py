"""The order in which the program opens libraries (cmake/load_order.sh): all that one needs comes before it, none reaches an OpenMP runtime;
a list that fits no longer costs time only.

    python3 tests/cli/check_load_order.py build/bin/cvtool build/lib/libcvtool_engine.so
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

program, engine = sys.argv[1:]


def said(*words):
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout


paths = dict(re.findall(r"^\s*(\S+) => (/\S+)", said("ldd", engine), re.M))
needs = {name: re.findall(r"\(NEEDED\).*\[(.*)\]", said("readelf", "-d", path)) for name, path in paths.items()}
order = open(engine.removesuffix(".so") + ".order").read().split()
place = {name: number for number, name in enumerate(order)}
assert len(place) == len(order) and set(order) <= set(paths), "a name twice, or of a library that the engine does not need"
for name in order:
    assert not re.match(r"lib(gomp|omp|iomp5)\.", name), name
    late = [other for other in needs[name] if other in paths and place.get(other, len(order)) >= place[name]]
    # Some of Debian's need each other in a circle.
    assert not [other for other in late if name not in needs[other]], f"{name} needs {late}, which come later or not at all"
if {"libopencv_core.so.406", "libgdal.so.32"} <= set(paths):
    assert len(order) > 200, f"{len(order)} libraries only"

with tempfile.TemporaryDirectory() as folder:
    os.makedirs(folder + "/bin")
    os.makedirs(folder + "/lib")
    shutil.copy(program, folder + "/bin/cvtool")
    os.symlink(engine, folder + "/lib/libcvtool_engine.so")
    share = os.path.join(os.path.dirname(os.path.dirname(program)), "share")
    words = [folder + "/bin/cvtool", "summary", "car-or-truck-convnet"]
    outs = []
    for content in (b"", b"libnone.so.7\n\n/etc/passwd\n../x\n\xff\xfe\n" + b"x" * 5000):
        with open(folder + "/lib/libcvtool_engine.order", "wb") as file:
            file.write(content)
        result = subprocess.run(words, capture_output=True, env=dict(os.environ, CVTOOL_SHARE=share + "/cvtool"))
        assert result.returncode == 0 and not result.stderr, result
        outs.append(result.stdout)
    assert outs[0] == outs[1]
