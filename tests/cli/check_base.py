"""What training left of a base. check_base.py BASE.pt MODEL.pt: one JSON object: names of the changed tensors."""
import json
import sys
import torch

base, model = torch.jit.load(sys.argv[1]), torch.jit.load(sys.argv[2]).base
before = dict(base.named_parameters()) | dict(base.named_buffers())
after = dict(model.named_parameters()) | dict(model.named_buffers())
assert before.keys() == after.keys(), (before.keys(), after.keys())
print(json.dumps({"tensors": len(before), "changed": [name for name in before if not torch.equal(before[name], after[name])]}))
