"""The nets of the comparison in PyTorch, as the recipes of cvtool have them."""
from collections import OrderedDict

import torch
from torch import nn


def convnet():
    layers, channels = [], 3
    for filters, kernel in ((32, 5), (64, 3), (128, 3)):
        layers += [nn.Conv2d(channels, filters, kernel, padding=kernel // 2), nn.ReLU(), nn.MaxPool2d(2)]
        channels = filters
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(32768, 6), nn.ReLU(), nn.Linear(6, 1))


def conv_norm(inputs, filters, kernel=3, stride=1):
    return [nn.Conv2d(inputs, filters, kernel, stride, kernel // 2, bias=False), nn.BatchNorm2d(filters)]


class Residual(nn.Module):
    def __init__(self, inputs, filters, stride):
        super().__init__()
        self.main = nn.Sequential(*conv_norm(inputs, filters, 3, stride), nn.ReLU(), *conv_norm(filters, filters))
        self.shortcut = nn.Sequential(*conv_norm(inputs, filters, 1, stride))

    def forward(self, x):
        return torch.relu(self.main(x) + self.shortcut(x))


def small_resnet():
    return nn.Sequential(*conv_norm(3, 24, 3, 2), nn.ReLU(), nn.MaxPool2d(2), Residual(24, 32, 1), Residual(32, 64, 2), Residual(64, 128, 2),
                         nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.3), nn.Linear(128, 2))


NETS = {"convnet": convnet, "small_resnet": small_resnet}


class InferenceNorms(nn.Sequential):
    """Layers whose batch norms stay as they were, whatever the mode."""

    def train(self, mode=True):
        super().train(mode)
        for module in self.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.training = False
        return self


def base(name, weights):
    """The layers of a backbone; weights: file of a state dict, else they are random."""
    import torchvision  # here: tests/gpu has none, and needs no backbone

    net = getattr(torchvision.models, name)(weights=None)
    if weights:
        net.load_state_dict(torch.load(weights))
    return list(net.features)


def transfer_parts(name, fine_tune, size, weights):
    """What runs without gradients, and what is trained: layers of the base where they are fine-tuned, then "head"."""
    layers = base(name, weights)
    if name == "vgg16":
        side = size // 32
        head = nn.Sequential(nn.Flatten(), nn.Linear(512 * side * side, 6), nn.ReLU(), nn.Linear(6, 1))
    else:
        head = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.2), nn.Linear(1280, 2))
    first_trained = 17 if fine_tune else len(layers)  # MobileNetV2: the last block and the convolution behind it
    frozen = nn.Sequential(*layers[:first_trained]).eval().requires_grad_(False)
    tuned = InferenceNorms(*layers[first_trained:]).train()
    for module in tuned.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.requires_grad_(False)
    return frozen, nn.Sequential(OrderedDict(tuned=tuned, head=head))


def vgg16_weights():
    import torchvision

    torch.manual_seed(1)
    return OrderedDict((key, value) for key, value in torchvision.models.vgg16(weights=None).state_dict().items() if key.startswith("features"))
