"""`cvtool import` gives the backbones of torchvision, Keras and Caffe number for number.

    python3 tests/cli/check_bases.py build/bin/cvtool [--sizes 128,160,224] [--all]

Weights and batch-norm statistics are random; every format of weight file is read. With CVTOOL_TEST_DATA the real
weights are compared too.
"""
import argparse
import json
import os
import pathlib
import subprocess
import tempfile

import h5py
import numpy
import torch
import torchvision
from torch import nn
from torch.nn import functional as F

from base_parity import compare, load_base, randomise, save_safetensors


def cvtool(*arguments):
    result = subprocess.run([options.program, *map(str, arguments)], capture_output=True, text=True)
    assert result.returncode == 0, (arguments, result.returncode, result.stderr)
    return result.stdout


def preprocessed(words, pixels):
    if isinstance(words, dict) or words == "caffe":
        words = words if isinstance(words, dict) else {"channels": "bgr", "offset": [-103.939, -116.779, -123.68]}
        assert words["channels"] == "bgr"
        return pixels.flip(1) + torch.tensor(words["offset"])[None, :, None, None]
    if words == "symmetric":
        return pixels / 127.5 - 1
    assert words == "imagenet", words
    mean, deviation = torch.tensor([[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]])[:, :, None, None]
    return (pixels / 255 - mean) / deviation


def googlenet_features(net):
    """torchvision's GoogLeNet up to its pooling, with its own transform_input, of normalised pixels."""
    def run(x):
        x = net.conv3(net.conv2(net.maxpool1(net.conv1(net._transform_input(x)))))
        x = net.maxpool3(net.inception3b(net.inception3a(net.maxpool2(x))))
        for block in (net.inception4a, net.inception4b, net.inception4c, net.inception4d, net.inception4e):
            x = block(x)
        return net.inception5b(net.inception5a(net.maxpool4(x)))
    return run


def check_torchvision(name, net, features):
    state = {key: value for key, value in net.state_dict().items() if not key.startswith("classifier.")}
    state["classifier.0.weight"] = torch.rand(2, 2)  # a head is left out
    if name == "inception_v1":
        state.pop("classifier.0.weight")
    torch.save(state, work / f"{name}.zip.pth")
    torch.save(state, work / f"{name}.old.pth", _use_new_zipfile_serialization=False)
    save_safetensors(state, work / f"{name}.safetensors")
    bases = []
    for form in ("zip.pth", "old.pth", "safetensors"):
        output = work / f"{name}.{form}.pt"
        result = json.loads(cvtool("import", name, "--weights", work / f"{name}.{form}", "-o", output, "--json"))
        assert result["variant"] == "torchvision" and result["file"] == str(output), result
        bases.append(load_base(output))
    for other, _ in bases[1:]:
        mine, theirs = bases[0][0].state_dict(), other.state_dict()
        assert mine.keys() == theirs.keys() and all(torch.equal(mine[key], theirs[key]) for key in mine), name
    base, info = bases[0]
    for size in options.sizes[:1] if name == "vgg16" and not options.all else options.sizes:
        pixels = torch.randint(256, (2, 3, size, size)).float()
        x = preprocessed(info["preprocess"], pixels)
        compare(f"{name} {size} px", base, features, x, preprocessed("imagenet", pixels))


def check_newer(name, features_of):
    """One of torchvision's nets, of a form of file each; its classifier is left out."""
    net = randomise(getattr(torchvision.models, name)())
    torch.save({"state_dict": {"module." + key: value for key, value in net.state_dict().items()}}, work / "newer.pth")
    result = json.loads(cvtool("import", name, "--weights", work / "newer.pth", "-o", work / "newer.pt", "--json"))
    assert result["variant"] == "torchvision" and result["preprocess"] == "imagenet", result
    base, _ = load_base(work / "newer.pt")
    for size in (64, 97):
        compare(f"{name} {size} px", base, features_of(net), torch.randn(2, 3, size, size))


def resnet_features(net):
    return lambda x: net.layer4(net.layer3(net.layer2(net.layer1(net.maxpool(net.relu(net.bn1(net.conv1(x))))))))


# Nets of torchvision that come in no other form here; the larger ones are compared with --all.
NEWER = {"resnet18": resnet_features, "mobilenet_v3_small": lambda net: net.features, "efficientnet_b0": lambda net: net.features,
         "regnet_y_400mf": lambda net: lambda x: net.trunk_output(net.stem(x))}
LARGER = {"resnet34": resnet_features, "resnet50": resnet_features, "mobilenet_v3_large": lambda net: net.features,
          "efficientnet_b1": lambda net: net.features}


class Caffe(nn.Module):
    """GoogLeNet as BVLC's train_val.prototxt describes it."""
    WIDTHS = {"3a": (64, 96, 128, 16, 32, 32), "3b": (128, 128, 192, 32, 96, 64), "4a": (192, 96, 208, 16, 48, 64),
              "4b": (160, 112, 224, 24, 64, 64), "4c": (128, 128, 256, 24, 64, 64), "4d": (112, 144, 288, 32, 64, 64),
              "4e": (256, 160, 320, 32, 128, 128), "5a": (256, 160, 320, 32, 128, 128), "5b": (384, 192, 384, 48, 128, 128)}
    PARTS = ("1x1", "3x3_reduce", "3x3", "5x5_reduce", "5x5", "pool_proj")

    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleDict()
        self.add("conv1/7x7_s2", 3, 64, 7)
        self.add("conv2/3x3_reduce", 64, 64, 1)
        self.add("conv2/3x3", 64, 192, 3)
        channels = 192
        for block, (a, b, c, d, e, f) in self.WIDTHS.items():
            inputs = (channels, channels, b, channels, d, channels)
            for part, n_in, n_out, kernel in zip(self.PARTS, inputs, (a, b, c, d, e, f), (1, 1, 3, 1, 5, 1)):
                self.add(f"inception_{block}/{part}", n_in, n_out, kernel)
            channels = a + c + e + f

    def add(self, name, n_in, n_out, kernel):
        stride = 2 if kernel == 7 else 1
        self.layers[name] = nn.Conv2d(n_in, n_out, kernel, stride, kernel // 2)

    def conv(self, name, x):
        return F.relu(self.layers[name](x))

    def inception(self, block, x):
        def conv(part, x):
            return self.conv(f"inception_{block}/{part}", x)
        return torch.cat([conv("1x1", x), conv("3x3", conv("3x3_reduce", x)), conv("5x5", conv("5x5_reduce", x)),
                          conv("pool_proj", F.max_pool2d(x, 3, 1, 1))], 1)

    def forward(self, x):
        def pool(x):
            return F.max_pool2d(x, 3, 2, ceil_mode=True)
        x = F.local_response_norm(pool(self.conv("conv1/7x7_s2", x)), 5, 1e-4, 0.75, 1.0)
        x = self.conv("conv2/3x3", self.conv("conv2/3x3_reduce", x))
        x = pool(F.local_response_norm(x, 5, 1e-4, 0.75, 1.0))
        for block in self.WIDTHS:
            x = self.inception(block, pool(x) if block in ("4a", "5a") else x)
        return x

    def caffe_state(self):
        return {key.replace("layers.", "", 1): value for key, value in self.state_dict().items()}


def check_caffe():
    net = randomise(Caffe())
    save_safetensors(net.caffe_state(), work / "caffe.safetensors")
    result = json.loads(cvtool("import", "inception_v1", "--weights", work / "caffe.safetensors", "-o", work / "caffe.pt", "--json"))
    assert result["variant"] == "caffe", result
    base, info = load_base(work / "caffe.pt")
    for size in options.sizes:
        x = preprocessed(info["preprocess"], torch.randint(256, (1, 3, size, size)).float())
        compare(f"inception_v1 caffe {size} px", base, net, x)


def check_real_torchvision(weights):
    cvtool("import", "mobilenet_v2", "--weights", weights / "mobilenet_v2/mobilenet_v2_state_dict.pth", "-o", work / "real.pt")
    base, _ = load_base(work / "real.pt")
    theirs = torch.jit.load(str(weights / "mobilenet_v2/mobilenet_v2_features.pt")).eval()
    for size in options.sizes:
        compare(f"real mobilenet_v2 {size} px", base, theirs, torch.randn(1, 3, size, size))


def check_real_keras(weights, golden):
    result = json.loads(cvtool("import", "mobilenet_v2", "--weights", weights / "mobilenet_v2_035/tfjs/model.json", "-o", work / "keras.pt", "--json"))
    assert result["variant"] == "keras" and result["parameters"] == {"alpha": 0.35} and result["total"] == 410208, result
    base, info = load_base(work / "keras.pt")
    values = numpy.load(golden / "keras_mobilenet_v2_035_golden.npz")
    pixels = torch.from_numpy(values["pixels_nhwc_u8"]).permute(0, 3, 1, 2).float()
    features = torch.from_numpy(values["features_nhwc_f32"]).permute(0, 3, 1, 2)
    compare("real keras mobilenet_v2 0.35", base, lambda x: features, preprocessed(info["preprocess"], pixels))


def check_real_caffe(weights):
    """The architecture alone: the file's first layer expects pixels that were normalised in another way."""
    theirs = torch.jit.load(str(weights / "inception_v1/googlenet_bvlc_features.pt")).eval()
    parts = dict(zip(("b1", "b3r", "b3", "b5r", "b5", "pp"), Caffe.PARTS))
    names = {"c1": "conv1/7x7_s2", "c2r": "conv2/3x3_reduce", "c2": "conv2/3x3"}
    names.update({f"i{block}.{short}": f"inception_{block}/{part}" for block in Caffe.WIDTHS for short, part in parts.items()})
    state = {names[key.rsplit(".", 1)[0]] + "." + key.rsplit(".", 1)[1]: value for key, value in theirs.named_parameters()}
    save_safetensors(state, work / "bvlc.safetensors")
    cvtool("import", "inception_v1", "--weights", work / "bvlc.safetensors", "-o", work / "bvlc.pt")
    for size in options.sizes:
        compare(f"real inception_v1 caffe {size} px", load_base(work / "bvlc.pt")[0], theirs, torch.randn(1, 3, size, size))


def check_keras_vgg16(net):
    """The official file has the names of Keras 1: block1_conv1_W_1."""
    convolutions = [layer for layer in net.features if isinstance(layer, nn.Conv2d)]
    names = [f"block{block}_conv{number}" for block, count in enumerate((2, 2, 3, 3, 3), 1) for number in range(1, count + 1)]
    with h5py.File(work / "vgg16.h5", "w") as file:
        file.attrs["layer_names"] = numpy.array(names, dtype="S")
        for name, layer in zip(names, convolutions):
            group = file.create_group(name)
            values = {f"{name}_W_1:0": layer.weight.detach().permute(2, 3, 1, 0).numpy(), f"{name}_b_1:0": layer.bias.detach().numpy()}
            group.attrs["weight_names"] = numpy.array(list(values), dtype="S")
            for key, value in values.items():
                group[key] = value
    result = json.loads(cvtool("import", "vgg16", "--weights", work / "vgg16.h5", "-o", work / "vgg16.keras.pt", "--json"))
    assert result["variant"] == "keras" and result["preprocess"] == "caffe", result
    x = preprocessed("caffe", torch.randint(256, (1, 3, 64, 64)).float())
    compare("vgg16 keras 64 px", load_base(work / "vgg16.keras.pt")[0], net.features, x)


def check_summaries():
    for name, total, fixed in (("vgg16", 14714688, 0), ("mobilenet_v2", 2257984, 34112), ("mobilenet_v2-keras-0.35", 410208, 14080)):
        summary = json.loads(cvtool("summary", name, "--json"))
        assert (summary["total"], summary["non_trainable"]) == (total, fixed), (name, summary["total"], summary["non_trainable"])
    for name, output in (("vgg16", [4, 4, 512]), ("inception_v1", [4, 4, 1024]), ("inception_v1-caffe", [4, 4, 1024]), ("mobilenet_v2", [4, 4, 1280])):
        assert json.loads(cvtool("summary", name, "--imgsz", 128, "--json"))["layers"][-1]["output"] == output, name


parser = argparse.ArgumentParser()
parser.add_argument("program")
parser.add_argument("--sizes", default="128,160,224")
parser.add_argument("--all", action="store_true", help="VGG16 at every size too, and the larger nets")
options = parser.parse_args()
options.sizes = [int(size) for size in options.sizes.split(",")]
torch.manual_seed(5)
with tempfile.TemporaryDirectory() as folder:
    work = pathlib.Path(folder)
    check_summaries()
    mobilenet = randomise(torchvision.models.mobilenet_v2())
    check_torchvision("mobilenet_v2", mobilenet, mobilenet.features)
    googlenet = torchvision.models.googlenet(transform_input=True, aux_logits=True, init_weights=False)
    check_torchvision("inception_v1", randomise(googlenet), googlenet_features(googlenet))
    vgg16 = nn.Module()
    vgg16.features = torchvision.models.vgg.make_layers(torchvision.models.vgg.cfgs["D"])
    check_torchvision("vgg16", randomise(vgg16), vgg16.features)
    check_keras_vgg16(vgg16)
    for name, features_of in {**NEWER, **(LARGER if options.all else {})}.items():
        check_newer(name, features_of)
    check_caffe()
    data = os.environ.get("CVTOOL_TEST_DATA")
    if data and (pathlib.Path(data) / "weights").is_dir():
        check_real_torchvision(pathlib.Path(data) / "weights")
        check_real_keras(pathlib.Path(data) / "weights", pathlib.Path(data) / "golden")
        check_real_caffe(pathlib.Path(data) / "weights")
    else:
        print("without CVTOOL_TEST_DATA: the real weights were not compared")
print("the backbones are those of torchvision, Keras and Caffe")
