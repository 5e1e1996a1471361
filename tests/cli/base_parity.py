"""Backbones of others against those that `cvtool import` makes of their weights."""
import json
import pathlib
import struct

import torch
from torch import nn

TOLERANCE = 1e-4  # of the largest value


def randomise(net):
    for module in net.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out")
            if module.bias is not None:
                module.bias.data.uniform_(-0.2, 0.2)
        if isinstance(module, nn.BatchNorm2d):
            module.weight.data.uniform_(0.5, 1.5)
            module.bias.data.uniform_(-0.3, 0.3)
            module.running_mean.uniform_(-0.5, 0.5)
            module.running_var.uniform_(0.5, 2)
    return net.eval().to(memory_format=torch.channels_last)


def save_safetensors(tensors, path):
    header, data = {}, b""
    for name, tensor in tensors.items():
        raw = tensor.detach().contiguous().numpy().tobytes()
        kind = {torch.float32: "F32", torch.int64: "I64"}[tensor.dtype]
        header[name] = {"dtype": kind, "shape": list(tensor.shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    pathlib.Path(path).write_bytes(struct.pack("<Q", len(text)) + text + data)


def load_base(path):
    extra = {"cvtool.json": ""}
    net = torch.jit.load(str(path), _extra_files=extra).eval()
    return net, json.loads(extra["cvtool.json"])


def compare(what, base, reference, x, reference_x=None, tolerance=TOLERANCE):
    # Channels last, as the program feeds a base: in the other order oneDNN 3.7 (Debian 13) reads memory that it has not written.
    last = lambda pixels: pixels.contiguous(memory_format=torch.channels_last)
    with torch.no_grad():
        ours, theirs = base(last(x)), reference(last(x if reference_x is None else reference_x))
    assert ours.shape == theirs.shape, (what, ours.shape, theirs.shape)
    largest = theirs.abs().max().item()
    assert torch.isfinite(theirs).all() and largest > 1e-3 and theirs.std() > 1e-4 * largest, (what, "says nothing")
    difference = (ours - theirs).abs().max().item() / largest
    print(f"{what}: {tuple(ours.shape)}, largest relative difference {difference:.1e}", flush=True)
    assert difference <= tolerance, (what, difference)
