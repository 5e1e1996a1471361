"""What training left of backbones. check_base.py (BASE.pt MODEL.pt)...: for each pair a JSON object: names of the changed tensors."""
import json
import sys
import torch


def changes(base, model):
    before = dict(base.named_parameters()) | dict(base.named_buffers())
    after = dict(model.named_parameters()) | dict(model.named_buffers())
    assert before.keys() == after.keys(), (before.keys(), after.keys())
    return {"tensors": len(before), "changed": [name for name in before if not torch.equal(before[name], after[name])]}


files = [torch.jit.load(path) for path in sys.argv[1:]]
print(json.dumps([changes(base, model.base) for base, model in zip(files[::2], files[1::2])]))
