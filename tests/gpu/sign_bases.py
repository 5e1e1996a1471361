"""Weights of the three bases that need little room: each is one of two numbers, so that a packed file keeps a bit of it.

    python3 tests/gpu/sign_bases.py FOLDER
"""
import json
import pathlib
import struct
import sys

import torch
import torchvision
from torch import nn


def save_safetensors(tensors, path):
    header, data = {}, []
    end = 0
    for name, tensor in tensors.items():
        raw = tensor.detach().contiguous().numpy().tobytes()
        kind = {torch.float32: "F32", torch.int64: "I64"}[tensor.dtype]
        header[name] = {"dtype": kind, "shape": list(tensor.shape), "data_offsets": [end, end + len(raw)]}
        data.append(raw)
        end += len(raw)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    pathlib.Path(path).write_bytes(struct.pack("<Q", len(text)) + text + b"".join(data))


def with_signs(net):
    """As He and others draw them, but of that size each."""
    for module in net.modules():
        if isinstance(module, nn.Conv2d):
            inputs = module.weight[0].numel()
            module.weight.data = torch.randint(0, 2, module.weight.shape).mul(2).sub(1) * (2 / inputs) ** 0.5
            if module.bias is not None:
                module.bias.data.fill_(0.01)
    return net


def main():
    torch.manual_seed(1)
    makers = {"vgg16": torchvision.models.vgg16, "mobilenet_v2": torchvision.models.mobilenet_v2,
              "inception_v1": lambda weights: torchvision.models.googlenet(weights=weights, aux_logits=False, init_weights=False)}
    for name, make in makers.items():
        state = with_signs(make(weights=None)).state_dict()
        kept = {key: value for key, value in state.items() if not key.startswith(("classifier.", "fc."))}
        save_safetensors(kept, pathlib.Path(sys.argv[1]) / f"{name}.safetensors")


main()
