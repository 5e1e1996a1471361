"""Writes backbones as PyTorch's users make them, and what the reader must refuse. Usage: make_bases.py FOLDER"""
import json
import sys

import torch
from torch import nn

folder = sys.argv[1]
torch.manual_seed(1)


class NoForward(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(3))

    @torch.jit.export
    def features(self, x):
        return x * self.weight


net = nn.Sequential(nn.Conv2d(3, 4, 3, 2), nn.BatchNorm2d(4), nn.ReLU(), nn.Dropout(0.5))
net[1].running_mean.uniform_(-1, 1)
net[1].running_var.uniform_(0.5, 2)
x = torch.rand(2, 3, 9, 9)
traced = torch.jit.trace(net.eval(), x)
scripted = torch.jit.script(net.train())
traced.save(folder + "/traced.pt")
scripted.save(folder + "/scripted.pt")
torch.jit.freeze(scripted.eval()).save(folder + "/frozen.pt")
torch.jit.freeze(traced).save(folder + "/frozen_traced.pt")
torch.jit.save(traced, folder + "/named.pt", _extra_files={"cvtool.json": json.dumps(
    {"format": 1, "kind": "base", "name": "ours", "preprocess": {"scale": 0.5}})})
torch.jit.save(traced, folder + "/newer.pt", _extra_files={"cvtool.json": json.dumps({"format": 99, "kind": "base"})})
torch.jit.save(traced, folder + "/model.pt", _extra_files={"cvtool.json": json.dumps({"format": 1, "classes": ["a", "b"]})})
torch.jit.script(nn.ReLU()).save(folder + "/no_weights.pt")
torch.jit.script(NoForward()).save(folder + "/no_forward.pt")
torch.save(net.state_dict(), folder + "/state_dict.pt")
with torch.no_grad():
    values = {"x": x.flatten().tolist(), "y": net.eval()(x).flatten().tolist()}
with open(folder + "/values.json", "w") as out:
    json.dump(values, out)
