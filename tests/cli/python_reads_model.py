"""Python reads what cvtool writes: torch.jit.load(best.pt) gives for the same pixels the probabilities of `cvtool predict`.

    python3 tests/cli/python_reads_model.py build/bin/cvtool
"""
import json
import pathlib
import subprocess
import sys
import tempfile

import torch

SIZE = 24
LAYERS = [{"kind": "conv2d", "filters": 8, "padding": "same", "strides": 2, "bias": False},
          {"kind": "batch_norm", "activation": "relu"},
          {"kind": "residual", "layers": [{"kind": "depthwise_conv2d", "padding": "same", "activation": "silu"}]},
          {"kind": "avg_pool2d", "padding": "same"}, {"kind": "dropout"}, {"kind": "flatten"}]
HEADS = {"softmax": {"kind": "dense"}, "one-sigmoid": {"kind": "dense", "units": 1, "activation": "sigmoid"},
         "two-sigmoids": {"kind": "dense", "units": 2, "activation": "sigmoid"}}


def cvtool(*arguments, code=0):
    result = subprocess.run([program, *map(str, arguments)], capture_output=True, text=True)
    assert result.returncode == code, (arguments, result.returncode, result.stderr)
    return result


def write_ppm(path, pixels):
    """pixels: uint8 [3,H,W]"""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"P6\n%d %d\n255\n" % (SIZE, SIZE) + bytes(pixels.permute(1, 2, 0).flatten().tolist()))


def check_model(folder, photos, run, golden_tolerance=1e-6):
    extra = {"cvtool.json": ""}
    model = torch.jit.load(str(run / "best.pt"), _extra_files=extra)
    info = json.loads(extra["cvtool.json"])
    assert info["classes"] == ["dark", "light"] and info["imgsz"] == SIZE, info
    model.eval()
    paths = sorted(photos)
    pixels = torch.stack([photos[path] for path in paths])
    lines = [json.loads(line) for line in cvtool("predict", folder, "--model", run, "--json").stdout.splitlines()]
    assert [line["path"] for line in lines] == [str(path) for path in paths]
    told = torch.tensor([[line["probabilities"][name] for name in info["classes"]] for line in lines])
    with torch.no_grad():
        for form, x in (("bytes", pixels), ("floats", pixels.float())):
            difference = (model(x) - told).abs().max().item()
            assert difference <= golden_tolerance, (run.name, form, difference)
        logits = model.logits(pixels)
    assert told.std() > 1e-4, "the photos all look the same to the model: the comparison says nothing"
    return model, logits, info


def check_newer_format(work, run, photos):
    """A file of a format that is not known yet is refused with its number."""
    extra = {"cvtool.json": "", "golden.rgb": ""}
    model = torch.jit.load(str(run / "best.pt"), _extra_files=extra)
    info = json.loads(extra["cvtool.json"])
    info["format"] += 1
    torch.jit.save(model, str(work / "newer.pt"), _extra_files={**extra, "cvtool.json": json.dumps(info)})
    message = cvtool("predict", photos, "--model", work / "newer.pt", code=1).stderr
    assert "newer.pt" in message and "use a newer cvtool" in message, message
    torch.jit.save(model, str(work / "foreign.pt"))
    message = cvtool("predict", photos, "--model", work / "foreign.pt", code=1).stderr
    assert "not a cvtool model" in message, message


def main():
    generator = torch.Generator().manual_seed(1)
    with tempfile.TemporaryDirectory() as name:
        work = pathlib.Path(name)
        photos = {}
        for split, count in (("train", 16), ("valid", 12)):
            for label, word in enumerate(("dark", "light")):
                for i in range(count):
                    pixels = torch.randint(0, 156, (3, SIZE, SIZE), generator=generator, dtype=torch.uint8) + 100 * label
                    path = work / "photos" / split / word / f"{i:02}.ppm"
                    write_ppm(path, pixels.to(torch.uint8))
                    if split == "valid":
                        photos[path] = pixels.to(torch.uint8)
        for head, layer in HEADS.items():
            recipe = work / f"{head}.json"
            loss = "sparse_categorical_crossentropy" if head != "one-sigmoid" else "binary_crossentropy"
            recipe.write_text(json.dumps({"data": {"imgsz": SIZE}, "model": {"preprocess": "imagenet", "layers": LAYERS + [layer]},
                                          "train": {"epochs": 2, "batch": 8, "loss": loss}}))
            cvtool("train", "--data", work / "photos", "--recipe", recipe, "--project", work / "runs", "--name", head)
            _, logits, _ = check_model(work / "photos" / "valid", photos, work / "runs" / head)
            assert logits.shape[1] == (1 if head == "one-sigmoid" else 2)
        # The exported file stands alone in the same way.
        exported = work / "runs" / "exported"
        exported.mkdir()
        cvtool("export", "--model", work / "runs" / "softmax", "-o", exported / "best.pt")
        check_model(work / "photos" / "valid", photos, exported, 2e-6)
        check_newer_format(work, work / "runs" / "softmax", work / "photos" / "valid")
    print("Python and cvtool agree")


program = sys.argv[1]
main()
