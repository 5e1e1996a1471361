"""Writes weight files of every kind into a folder, with what is in them beside each as plain bytes.

make_weight_files.py FOLDER. For FILE there is FILE.expected.json, a list of {name, dtype, shape, begin, end}, and
FILE.expected.bin, the contiguous values. Nothing here uses the code under test.
"""
import collections
import json
import pathlib
import pickle
import struct
import sys
import zipfile

import h5py
import numpy as np
import torch

folder = pathlib.Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
torch.manual_seed(3)
numbers = np.random.default_rng(3)


def values_of(tensor):
    tensor = tensor.detach().contiguous()
    if tensor.dtype == torch.bfloat16:
        return tensor.view(torch.int16).numpy()
    return tensor.numpy()


def expect(file, entries):
    """entries: (name, dtype, array) in order."""
    index, data = [], b""
    for name, dtype, array in entries:
        raw = np.ascontiguousarray(array).tobytes()
        index.append(dict(name=name, dtype=dtype, shape=list(array.shape), begin=len(data), end=len(data) + len(raw)))
        data += raw
    (folder / (file + ".expected.json")).write_text(json.dumps(index))
    (folder / (file + ".expected.bin")).write_bytes(data)


def expect_tensors(file, tensors):
    expect(file, [(n, str(t.dtype).replace("torch.", ""), values_of(t)) for n, t in tensors.items()])


def save(file, thing, tensors):
    for suffix, zipped in ((".zip.pth", True), (".old.pth", False)):
        torch.save(thing, folder / (file + suffix), _use_new_zipfile_serialization=zipped)
        expect_tensors(file + suffix, tensors)


# A small net with names like VGG16's, batch norm and its counters; nn.Module.state_dict carries _metadata.
features = torch.nn.Sequential(torch.nn.Conv2d(3, 8, 3), torch.nn.BatchNorm2d(8), torch.nn.ReLU(), torch.nn.Conv2d(8, 4, 3))
net = torch.nn.ModuleDict(dict(features=features, classifier=torch.nn.Linear(4, 6)))
save("net", net.state_dict(), net.state_dict())

# Parameters themselves, checkpoints around the dict, and DataParallel's prefix.
save("parameters", collections.OrderedDict(net.named_parameters()), collections.OrderedDict(net.named_parameters()))
optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
checkpoint = {"epoch": 3, "best": 0.5, "arch": "vgg", "done": True, "note": None, "optimizer": optimizer.state_dict(),
              "size": torch.Size([1, 2]), "device": torch.device("cpu"), "type": torch.float32, "big": 2 ** 40, "minus": -7,
              "state_dict": net.state_dict()}
save("checkpoint", checkpoint, net.state_dict())
save("wrapped_twice", {"model": {"state_dict": net.state_dict()}}, net.state_dict())
save("parallel", {"state_dict": {"module." + n: t for n, t in net.state_dict().items()}}, net.state_dict())


# Other wrappers: torch.compile's, Lightning's, both at once; averaged weights as torchvision and timm keep them.
def behind(front):
    return {front + n: t for n, t in net.state_dict().items()}


save("compiled", behind("_orig_mod."), net.state_dict())
save("lightning", {"state_dict": behind("model."), "pytorch-lightning_version": "2.1"}, net.state_dict())
save("compiled_parallel", {"model": behind("module._orig_mod.")}, net.state_dict())
save("averaged", {"model_ema": {"n_averaged": torch.tensor(7), **behind("module.")}}, net.state_dict())
save("timm_averaged", {"epoch": 3, "state_dict_ema": net.state_dict()}, net.state_dict())

# Views: transposed, sliced, offset, expanded, of one storage; empty and scalar.
base = torch.arange(60, dtype=torch.float32).reshape(3, 4, 5)
views = collections.OrderedDict(
    base=base, transposed=base.permute(2, 0, 1), row=base[1], column=base[:, 2, 1], every_other=base[:, ::2, 1::3],
    expanded=base[0, 0, :1].expand(4, 3), scalar=torch.tensor(2.5), empty=torch.empty(0, 3), last=base[2, 3, 4:])
save("views", views, views)

# Every type.
types = collections.OrderedDict()
for kind in (torch.float16, torch.bfloat16, torch.float32, torch.float64):
    types[str(kind)[6:]] = (torch.randn(5, 3) * 100).to(kind)
types["special"] = torch.tensor([float("inf"), float("-inf"), float("nan"), -0.0, 1e-42])
for kind in (torch.int8, torch.int16, torch.int32, torch.int64):
    types[str(kind)[6:]] = torch.tensor([torch.iinfo(kind).min, -1, 0, 1, torch.iinfo(kind).max], dtype=kind)
types["uint8"] = torch.arange(256, dtype=torch.uint8)
types["bool"] = torch.tensor([[True, False], [False, True]])
save("types", types, types)

# What must be refused.
class Strange:
    pass


torch.save({"a": Strange()}, folder / "object.zip.pth")
torch.save({"epoch": 3, "lr": 0.1}, folder / "no_tensors.zip.pth")
torch.save([base], folder / "list.zip.pth")
torch.save(net.state_dict(), folder / "protocol4.zip.pth", pickle_protocol=4)
torch.jit.trace(torch.nn.Conv2d(3, 4, 3), torch.zeros(1, 3, 8, 8)).save(str(folder / "script.pt"))
with zipfile.ZipFile(folder / "net.zip.pth") as source:
    with zipfile.ZipFile(folder / "deflated.zip.pth", "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            target.writestr(name, source.read(name))
    with zipfile.ZipFile(folder / "big_endian.zip.pth", "w") as target:
        for name in source.namelist():
            if not name.endswith("/byteorder"):
                target.writestr(name, source.read(name))
        target.writestr("net.zip/byteorder", "big")
with zipfile.ZipFile(folder / "photos.zip", "w") as target:
    target.writestr("photos/a.txt", "nothing")


# As Python 2 pickled: OrderedDict([[key, value], ...]), byte strings, _rebuild_tensor.
def text2(text):
    return b"U" + bytes([len(text)]) + text.encode()


def tensor2(name, view):
    """A pair [name, tensor of shape 2 x 2] on the storage 77 of six floats."""
    return (b"]" + text2(name) + b"actorch._utils\n_rebuild_tensor\n((" + text2("storage") + b"ctorch\nFloatStorage\n" +
            text2("77") + text2("cpu") + b"K\x06" + view + b"tQK\x01K\x02K\x02\x86K\x02K\x01\x86tRa")


tensor = torch.randn(6)
view = b"(" + text2("78") + b"K\x01K\x05t"  # five elements from the second on
pickled = (b"\x80\x02ccollections\nOrderedDict\n]" + tensor2("features.0.weight", b"N") + b"a" +
           tensor2("features.0.bias", view) + b"a\x85R.")
with open(folder / "python2.old.pth", "wb") as out:
    for header in (0x1950A86A20F9469CFC6C, 1001, dict(protocol_version=1001, little_endian=True, type_sizes={})):
        pickle.dump(header, out, protocol=2)
    out.write(pickled)
    pickle.dump(["77"], out, protocol=2)
    out.write(struct.pack("<q", 6) + tensor.numpy().tobytes())
expect_tensors("python2.old.pth", {"features.0.weight": tensor[1:5].reshape(2, 2),
                                   "features.0.bias": tensor[2:6].reshape(2, 2)})


# safetensors, from its description: length, JSON header padded with spaces, data.
def write_safetensors(file, tensors, metadata=None, change=None):
    names = dict(float64="F64", float32="F32", float16="F16", bfloat16="BF16", int64="I64", int32="I32", int16="I16",
                 int8="I8", uint8="U8", bool="BOOL")
    header, data = {}, b""
    if metadata:
        header["__metadata__"] = metadata
    for name, tensor in tensors.items():
        raw = values_of(tensor).tobytes()
        header[name] = dict(dtype=names[str(tensor.dtype)[6:]], shape=list(tensor.shape),
                            data_offsets=[len(data), len(data) + len(raw)])
        data += raw
    if change:
        change(header)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    (folder / file).write_bytes(struct.pack("<Q", len(text)) + text + data)
    if not change:
        expect_tensors(file, tensors)


write_safetensors("types.safetensors", types, dict(format="pt", made="by hand"))
write_safetensors("views.safetensors", views)
write_safetensors("beyond.safetensors", dict(a=base), change=lambda h: h["a"].update(shape=[4, 4, 5]))
write_safetensors("overlap.safetensors", dict(a=base, b=base), change=lambda h: h["b"].update(h["a"]))
write_safetensors("float8.safetensors", dict(a=base), change=lambda h: h["a"].update(dtype="F8_E4M3"))
write_safetensors("huge.safetensors", dict(a=base), change=lambda h: h["a"].update(shape=[2 ** 40, 2 ** 40]))

# Keras HDF5.
keras = collections.OrderedDict([
    ("input_1", {}),
    ("block1_conv1", {"block1_conv1/kernel:0": numbers.standard_normal((3, 3, 3, 8), np.float32),
                      "block1_conv1/bias:0": numbers.standard_normal(8, np.float32)}),
    ("bn", {"bn/gamma:0": numbers.standard_normal(8, np.float32), "bn/moving_variance:0": numbers.random(8, np.float32)}),
    ("sequential", {"dense/kernel:0": numbers.standard_normal((8, 2)), "steps:0": np.array(5, np.int64)}),
])


def write_keras(file, place, text=np.string_, parts=False, **how):
    with h5py.File(folder / file, "w") as h5:
        root = h5.create_group(place) if place else h5
        names = [text(n) for n in keras]
        if parts:
            root.attrs["layer_names0"], root.attrs["layer_names1"] = names[:2], names[2:]
        else:
            root.attrs["layer_names"] = names
        root.attrs["backend"] = np.string_("tensorflow")
        for layer, weights in keras.items():
            group = root.create_group(layer)
            group.attrs["weight_names"] = [text(n) for n in weights]
            for name, value in weights.items():
                group.create_dataset(name, data=value, **(how if value.ndim else {}))
    entries = []
    for layer, weights in keras.items():
        for name, value in weights.items():
            full = name if "/" in name else layer + "/" + name
            entries.append((full, str(value.dtype), value))
    expect(file, entries)


# So many layers that the group's tree has several levels and the list of names continues elsewhere; and more types.
small, keras = keras, collections.OrderedDict()
for i in range(700):
    keras[f"layer_{i}"] = {f"layer_{i}/kernel:0": np.full((2, 1), i, np.float32)} if i % 7 else {}
keras["types"] = {f"types/{t.__name__}:0": numbers.integers(0, 100, (3, 2)).astype(t)
                  for t in (np.float16, np.float64, np.int8, np.int16, np.int32, np.uint8)}
write_keras("many.h5", "model_weights")
keras = small
write_keras("weights.h5", "")
write_keras("model.h5", "model_weights")
write_keras("texts.h5", "", text=str)
write_keras("parts.h5", "model_weights", parts=True)
write_keras("compressed.h5", "", compression="gzip", shuffle=True, chunks=True)
with h5py.File(folder / "keras3.weights.h5", "w") as h5:
    h5.create_dataset("layers/conv2d/vars/0", data=np.zeros(3, np.float32))
with h5py.File(folder / "elsewhere.h5", "w") as h5:
    h5.attrs["layer_names"] = [np.string_("a")]
    h5.create_group("a").attrs["weight_names"] = [np.string_("a/kernel:0")]
    h5["a"].create_group("a")["kernel:0"] = h5py.ExternalLink("weights.h5", "/bn/bn/gamma:0")
with h5py.File(folder / "external.h5", "w") as h5:
    h5.attrs["layer_names"] = [np.string_("a")]
    h5.create_group("a").attrs["weight_names"] = [np.string_("kernel:0")]
    h5["a"].create_dataset("kernel:0", (4,), np.float32, external=[("weights.h5", 0, 16)])
with h5py.File(folder / "huge.h5", "w") as h5:
    h5.attrs["layer_names"] = [np.string_("a")]
    h5.create_group("a").attrs["weight_names"] = [np.string_("kernel:0")]
    h5["a"].create_dataset("kernel:0", (1 << 40,), np.float32)
with h5py.File(folder / "newer.h5", "w", libver="latest") as h5:
    h5.attrs["layer_names"] = [np.string_("a")]

# tfjs.
tfjs = folder / "tfjs"
tfjs.mkdir(exist_ok=True)
kernel = numbers.standard_normal((3, 3, 2, 4), np.float32)
codes8, codes16 = numbers.integers(0, 256, (5,), np.uint8), numbers.integers(0, 65536, (2, 3), np.uint16)
half = np.array([1.5, -0.0, 6e-8, 65504, np.inf, -2.25], np.float16)
second = numbers.integers(0, 99, (3,), np.int32)
group1 = kernel.tobytes() + codes8.tobytes() + codes16.tobytes() + half.tobytes()
(tfjs / "group1-shard1of2.bin").write_bytes(group1[:101])
(tfjs / "group1-shard2of2.bin").write_bytes(group1[101:])
(tfjs / "group2.bin").write_bytes(second.tobytes())
manifest = [
    dict(paths=["group1-shard1of2.bin", "group1-shard2of2.bin"], weights=[
        dict(name="conv/kernel", shape=[3, 3, 2, 4], dtype="float32"),
        dict(name="conv/bias", shape=[5], dtype="float32", quantization=dict(dtype="uint8", scale=0.013, min=-1.7)),
        dict(name="dense/kernel", shape=[2, 3], dtype="float32", quantization=dict(dtype="uint16", scale=1e-4, min=0.25)),
        dict(name="dense/bias", shape=[6], dtype="float32", quantization=dict(dtype="float16", original_dtype="float32"))]),
    dict(paths=["group2.bin"], weights=[dict(name="step", shape=[3], dtype="int32")])]
model = dict(format="layers-model", modelTopology=dict(class_name="Sequential"), weightsManifest=manifest)
(tfjs / "model.json").write_text(json.dumps(model))
expect("tfjs/model.json", [
    ("conv/kernel", "float32", kernel), ("conv/bias", "float32", (codes8.astype(np.float64) * 0.013 - 1.7).astype(np.float32)),
    ("dense/kernel", "float32", (codes16.astype(np.float64) * 1e-4 + 0.25).astype(np.float32)),
    ("dense/bias", "float32", half.astype(np.float32)), ("step", "int32", second)])
manifest[1]["paths"] = ["../weights.h5"]
(tfjs / "outside.json").write_text(json.dumps(model))
manifest[1]["paths"] = ["group9.bin"]
(tfjs / "missing.json").write_text(json.dumps(model))
manifest[1]["paths"] = ["group2.bin"]
manifest[1]["weights"][0]["shape"] = [4]
(tfjs / "short.json").write_text(json.dumps(model))

# What is not a weight file at all.
(folder / "empty.pth").write_bytes(b"")
(folder / "page.pth").write_text("<!DOCTYPE html><html>404</html>")
(folder / "lfs.pth").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:00\n")
(folder / "noise.pth").write_bytes(bytes(range(1, 200)))
