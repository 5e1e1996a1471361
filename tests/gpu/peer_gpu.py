"""images/s of a net's steps in PyTorch, as a user of it writes them: channels_last, bfloat16 autocast, batches that lie ready on the device.

Its argument is the job as JSON: net (of nets_torch), size, batch, compiled, device, seconds. Prints {"images_per_second": ...}.
"""
import json
import sys
import time

import torch
from torch import nn

import nets_torch

job = json.loads(sys.argv[1])
device, batch, size = job["device"], job["batch"], job["size"]
torch.manual_seed(1)
net = nets_torch.NETS[job["net"]]().to(device, memory_format=torch.channels_last)
optimizer = torch.optim.AdamW(net.parameters(), 1e-3, weight_decay=0.01)
net = torch.compile(net) if job["compiled"] else net
pixels = torch.rand(8, batch, 3, size, size, device=device)
labels = torch.randint(2, (8, batch), device=device)


def step(i):
    optimizer.zero_grad()
    with torch.autocast(device, torch.bfloat16):
        scores = net(pixels[i % 8].contiguous(memory_format=torch.channels_last))
        loss = nn.functional.cross_entropy(scores.float(), labels[i % 8])
    loss.backward()
    optimizer.step()


def wait():
    if device == "cuda":
        torch.cuda.synchronize()


for i in range(10):  # warm-up
    step(i)
wait()
start, steps = time.perf_counter(), 0
while time.perf_counter() - start < job["seconds"]:
    for i in range(8):
        step(i)
    wait()
    steps += 8
print(json.dumps({"images_per_second": steps * batch / (time.perf_counter() - start)}))
