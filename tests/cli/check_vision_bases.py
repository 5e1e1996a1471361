"""ConvNeXt, ViT and DINOv2, imported from files with random weights, give what their original implementations give.

    python3 tests/cli/check_vision_bases.py build/bin/cvtool [--quick] [--timm] [--base]

--quick: ConvNeXt alone, as ctest runs it. Without --timm, torchvision is the reference; with it also timm and transformers, where Python finds them. --base: ViT-B/16
too (343 MB of weights).
"""
import argparse
import json
import pathlib
import subprocess
import tempfile

import torch
import torchvision
from torch import nn
from torch.nn import functional as F

TOLERANCE = 1e-4  # of the largest value


def cvtool(*arguments):
    result = subprocess.run([options.program, *map(str, arguments)], capture_output=True, text=True)
    assert result.returncode == 0, (arguments, result.returncode, result.stderr)
    return result.stdout


def randomise(net):
    for name, value in net.state_dict().items():
        fan = value[0].numel() if value.dim() > 1 else 1
        if value.dim() > 1 and not any(word in name for word in ("pos", "token", "layer_scale")):
            value.normal_(0, fan ** -0.5)
        elif name.endswith("bias"):
            value.normal_(0, 0.1)
        elif "pos" in name or "token" in name:
            value.normal_(0, 0.5)
        else:  # of norms, and layer scales
            value.uniform_(0.5, 1.5)
    return net.eval()


def imported(name, state, variant, form="pth"):
    file = work / f"{name}-{variant}.{form}"
    if form == "safetensors":
        from safetensors.torch import save_file
        save_file({key: value.contiguous() for key, value in state.items()}, str(file))
    else:
        torch.save(state, file)
    output = file.with_suffix(".pt")
    result = json.loads(cvtool("import", name, "--weights", file, "-o", output, *(["--variant", variant] if variant == "timm" else []), "--json"))
    assert result["variant"] == variant, result
    file.unlink()
    return torch.jit.load(str(output)).eval()


def compare(what, base, reference, size):
    x = torch.randn(2, 3, *size).contiguous(memory_format=torch.channels_last)
    with torch.no_grad():
        ours, theirs = base(x), reference(x)
    assert ours.shape == theirs.shape, (what, ours.shape, theirs.shape)
    largest = theirs.abs().max().item()
    assert torch.isfinite(theirs).all() and theirs.std() > 1e-4 * largest, (what, "says nothing")
    assert (theirs[0] - theirs[1]).abs().max() > 1e-3 * largest, (what, "the same for every picture")
    difference = (ours - theirs).abs().max().item() / largest
    print(f"{what}, {size[0]}x{size[1]}: {tuple(ours.shape)}, largest relative difference {difference:.1e}", flush=True)
    assert difference <= TOLERANCE, (what, difference)


def refused(*arguments):
    result = subprocess.run([options.program, *map(str, arguments)], capture_output=True, text=True)
    assert result.returncode != 0
    return result.stderr


# torchvision's ViT, of any width and with layer scales, under the names of others.

def vision_transformer(width, patch, grid):
    return randomise(torchvision.models.VisionTransformer(
        image_size=patch * grid, patch_size=patch, num_layers=12, num_heads=width // 64, hidden_dim=width, mlp_dim=4 * width))


def published_names(state):
    """The file of torchvision was written when the two dense layers had other names."""
    return {key.replace("mlp.0.", "mlp.linear_1.").replace("mlp.3.", "mlp.linear_2."): value for key, value in state.items()}


def timm_names(state, scales=None):
    renamed = {"class_token": "cls_token", "encoder.pos_embedding": "pos_embed"}
    parts = (("conv_proj.", "patch_embed.proj."), ("encoder.layers.encoder_layer_", "blocks."), (".ln_1.", ".norm1."),
             (".ln_2.", ".norm2."), (".self_attention.in_proj_", ".attn.qkv."), (".self_attention.out_proj.", ".attn.proj."),
             (".mlp.0.", ".mlp.fc1."), (".mlp.3.", ".mlp.fc2."), ("encoder.ln.", "norm."), ("heads.", "head."))
    out = {}
    for key, value in state.items():
        name = renamed.get(key, key)
        for old, new in parts:
            name = name.replace(old, new)
        out[name] = value.clone()
    for block, (first, second) in enumerate(scales or []):
        out[f"blocks.{block}.ls1.gamma"], out[f"blocks.{block}.ls2.gamma"] = first, second
    return out


def huggingface_names(state):
    parts = (("cls_token", "embeddings.cls_token"), ("pos_embed", "embeddings.position_embeddings"), ("patch_embed.proj", "embeddings.patch_embeddings.projection"),
             ("blocks.", "encoder.layer."), ("attn.proj", "attention.output.dense"), ("ls1.gamma", "layer_scale1.lambda1"), ("ls2.gamma", "layer_scale2.lambda1"))
    out = {"embeddings.mask_token": torch.zeros(1, 384)}
    for key, value in state.items():
        name = "layernorm." + key[5:] if key.startswith("norm.") else key
        for old, new in parts:
            name = name.replace(old, new)
        if "attn.qkv" in name:
            for part, third in zip(("query", "key", "value"), value.chunk(3)):
                out[name.replace("attn.qkv", "attention.attention." + part)] = third
        elif not name.startswith("head."):
            out[name] = value
    return out


def scaled(net):
    """Layer scales, and the net with them inside its dense layers."""
    scales = []
    for layer in net.encoder.layers:
        scales.append((torch.rand(384) + 0.5, torch.rand(384) + 0.5))
        for dense, scale in ((layer.self_attention.out_proj, scales[-1][0]), (layer.mlp[3], scales[-1][1])):
            dense.weight.data *= scale[:, None]
            dense.bias.data *= scale
    return scales


def of_class_token(net, grid, interpolate):
    def run(x):
        x = net.conv_proj(x)
        rows, columns = x.shape[2:]
        table = net.encoder.pos_embedding
        if (rows, columns) != (grid, grid):
            patches = table[:, 1:].reshape(1, grid, grid, -1).permute(0, 3, 1, 2)
            patches = interpolate(patches, rows, columns, grid)
            table = torch.cat([table[:, :1], patches.permute(0, 2, 3, 1).reshape(1, rows * columns, -1)], 1)
        x = torch.cat([net.class_token.expand(len(x), -1, -1), x.flatten(2).transpose(1, 2)], 1)
        return net.encoder.ln(net.encoder.layers(x + table))[:, 0]
    return run


def with_antialias(patches, rows, columns, grid):
    return F.interpolate(patches, (rows, columns), mode="bicubic", antialias=True)


def as_dinov2(patches, rows, columns, grid):
    return F.interpolate(patches, scale_factor=((rows + 0.1) / grid, (columns + 0.1) / grid), mode="bicubic")


def check_convnext():
    net = randomise(torchvision.models.convnext_tiny())
    base = imported("convnext_tiny", net.state_dict(), "torchvision")
    for size in ((64, 64), (96, 128)) + (((224, 224),) if options.timm else ()):
        compare("convnext_tiny torchvision", base, net.features, size)


def check_vit_small():
    net = vision_transformer(384, 16, 14)
    state = timm_names(net.state_dict())
    base = imported("vit_small", state, "timm")
    for size in ((224, 224), (96, 128)):
        compare("vit_small timm's names", base, of_class_token(net, 14, with_antialias), size)
    del state["blocks.5.attn.qkv.bias"]
    torch.save(state, work / "lacks.pth")
    text = refused("import", "vit_small", "--weights", work / "lacks.pth", "-o", work / "lacks.pt")
    assert "blocks.5.attn.qkv.bias" in text and "vit_small" in text, text


def check_dinov2():
    net = vision_transformer(384, 14, 37)
    state = timm_names(net.state_dict())
    scales = scaled(net)
    state.update({key: value for key, value in timm_names({}, scales).items()})
    state = {key: value for key, value in state.items() if not key.startswith("head.")}
    for variant, tensors, interpolate in (("facebook", state, as_dinov2), ("huggingface", huggingface_names(state), as_dinov2),
                                          ("timm", state, with_antialias)):
        base = imported("dinov2_small", tensors, variant)
        for size in ((98, 140), (224, 224)) + (((518, 518),) if options.timm else ()):
            if size[0] < 200 or options.timm:
                compare(f"dinov2_small {variant}", base, of_class_token(net, 37, interpolate), size)


def check_vit_base():
    net = vision_transformer(768, 16, 14)
    base = imported("vit_base", published_names(net.state_dict()), "torchvision")
    for size in ((224, 224), (160, 160)):
        compare("vit_base torchvision", base, of_class_token(net, 14, with_antialias), size)


def check_summaries():
    for name, total, output in (("convnext_tiny", 27818592, [7, 7, 768]), ("vit_small", 21665664, [384]), ("dinov2_small", 22056192, [384])):
        summary = json.loads(cvtool("summary", name, "--json"))
        assert (summary["total"], summary["layers"][-1]["output"]) == (total, output), (name, summary["total"], summary["layers"][-1])


# The originals themselves.

def check_originals():
    import timm
    for name, model, sizes in (("vit_small", "vit_small_patch16_224", ((224, 224), (160, 160), (96, 128))),
                               ("dinov2_small", "vit_small_patch14_dinov2", ((518, 518), (224, 224), (98, 140))),
                               ("convnext_tiny", "convnext_tiny", ((224, 224), (160, 160)))):
        more = {} if name == "convnext_tiny" else {"dynamic_img_size": True}
        net = randomise(timm.create_model(model, **more))
        base = imported(name, net.state_dict(), "timm", "safetensors")
        reference = net.forward_features if name == "convnext_tiny" else lambda x: net.forward_head(net.forward_features(x), pre_logits=True)
        for size in sizes:
            compare(f"{name}: timm's {model}", base, reference, size)
    import transformers
    config = transformers.Dinov2Config(hidden_size=384, num_attention_heads=6, image_size=518, patch_size=14)
    net = randomise(transformers.Dinov2Model(config))
    base = imported("dinov2_small", net.state_dict(), "huggingface", "safetensors")
    for size in ((518, 518), (224, 224), (98, 140)):
        compare(f"dinov2_small: transformers {transformers.__version__}", base, lambda x: net(pixel_values=x).pooler_output, size)


parser = argparse.ArgumentParser()
parser.add_argument("program")
parser.add_argument("--quick", action="store_true")
parser.add_argument("--timm", action="store_true")
parser.add_argument("--base", action="store_true")
options = parser.parse_args()
torch.manual_seed(5)
with tempfile.TemporaryDirectory() as folder:
    work = pathlib.Path(folder)
    check_summaries()
    check_convnext()
    if not options.quick:
        check_vit_small()
        check_dinov2()
    if options.base:
        check_vit_base()
    if options.timm:
        check_originals()
print("the bases are those of torchvision, timm and DINOv2")
