"""Small backbones as people save them: scripted, traced and frozen ones, and some that are none. make_bases.py FOLDER"""
import sys
import torch
from torch import nn

folder = sys.argv[1]
torch.manual_seed(5)


def block(inputs, outputs, activation=nn.ReLU):
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, 2, 1), nn.BatchNorm2d(outputs), activation())


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(block(3, 8), block(8, 12), block(12, 16))
        for module in self.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.running_mean.uniform_(-0.5, 0.5)
                module.running_var.uniform_(0.5, 2)

    def forward(self, x):
        return self.features(x)


class Pair(Net):
    def forward(self, x):
        y = self.features(x)
        return y, y.mean()


class Labels(Net):
    def forward(self, x):
        return self.features(x).flatten(1).argmax(1)


net = Net().eval()
picture = torch.rand(1, 3, 32, 32)
torch.jit.script(net).save(folder + "/scripted.pt")
torch.jit.trace(net, picture).save(folder + "/traced.pt")
torch.jit.freeze(torch.jit.script(net)).save(folder + "/frozen.pt")
torch.jit.script(nn.Sequential(net, nn.AdaptiveAvgPool2d(1), nn.Flatten())).save(folder + "/vector.pt")
torch.jit.script(Pair().eval()).save(folder + "/pair.pt")
torch.jit.script(Labels().eval()).save(folder + "/labels.pt")
torch.jit.script(nn.Sequential(nn.Conv2d(1, 4, 3)).eval()).save(folder + "/grey.pt")
torch.jit.script(nn.Sequential(nn.ReLU()).eval()).save(folder + "/empty.pt")
torch.jit.trace(nn.Sequential(block(3, 8, nn.ReLU6), block(8, 12, nn.ReLU6)).eval(), picture).save(folder + "/relu6.pt")
torch.save(net.state_dict(), folder + "/weights.pt")
