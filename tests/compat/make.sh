#!/bin/sh
# Writes into a folder that holds recipe.json and sigmoids.json what one version of the program makes of it: make.sh CVTOOL FOLDER
set -eu
cvtool=$(realpath "$1")
cd "$2"

# A run keeps its settings, its models and what it goes on from. Paths of this machine do not stay.
keep() {
  for file in "runs/$1"/*; do
    case " $2 " in *" ${file##*/} "*) ;; *) rm -r "$file" ;; esac
  done
  sed -i 's|"data": ".*/photos"|"data": "/photos"|' "runs/$1/config.json"
}
train() { "$cvtool" train --data photos --threads 1 --precision fp32 "$@"; }

"$cvtool" data sample photos --train-per-class 12 --valid-per-class 4 --test-per-class 0 --size 32x40
train --recipe recipe.json --name finished
cp -r runs/finished runs/longer
train --resume runs/longer --epochs 5

# One that is stopped within an epoch: tried again where it met the end of one.
until "$cvtool" train --resume runs/further --data photos --epochs 5 2>&1 | tee messages | grep -q 'epoch [23], after batch'; do
  rm -rf runs/stopped runs/further
  train --recipe recipe.json --batch 1 --epochs 4 --time-limit 0.0007 --name stopped
  cp -r runs/stopped runs/further
done

/usr/bin/python3 - <<'PYTHON'
import json, torch
from torch import nn
torch.manual_seed(1)
net = nn.Sequential(nn.Conv2d(3, 6, 3, 2), nn.BatchNorm2d(6), nn.ReLU(), nn.Conv2d(6, 8, 3, 2)).eval()
net[1].running_mean.uniform_(-1, 1)
torch.jit.save(torch.jit.trace(net, torch.rand(2, 3, 24, 24)), "base.pt", _extra_files={"cvtool.json": json.dumps(
    {"format": 1, "kind": "base", "name": "small", "preprocess": "imagenet"})})
PYTHON
train --base base.pt --head flatten --imgsz 24 --epochs 4 --batch 8 --lr 0.03 --monitor loss --name on-base
train --recipe sigmoids.json --name sigmoids
"$cvtool" eval --data photos --model runs/finished/last.pt --calibrate temperature -o eval

mkdir exports results
"$cvtool" export --model runs/finished --format onnx -o exports/model.onnx
"$cvtool" export --model runs/finished --format safetensors -o exports/model.safetensors
"$cvtool" export --model runs/finished --precision int8 -o exports/int8.pt
"$cvtool" export --model runs/on-base --with-resize -o exports/resized.pt

for model in runs/finished runs/finished/last.pt runs/on-base runs/sigmoids exports/int8.pt exports/resized.pt; do
  "$cvtool" predict photos --model $model --json > "results/predict-$(basename $model .pt).jsonl"
done
for model in finished on-base; do
  "$cvtool" eval --data photos --model runs/$model --json -o eval > results/eval-$model.json
done
for file in runs/finished runs/on-base exports/model.onnx exports/int8.pt; do
  "$cvtool" verify $file --json > "results/verify-$(basename $file).json"
done
"$cvtool" summary runs/finished --json > results/summary.json
cp runs/longer/history.csv results/history-longer.csv
cp runs/further/history.csv results/history-further.csv

keep finished "config.json history.csv data.json best.pt last.pt checkpoint.pt metrics.json predictions.csv"
keep stopped "config.json history.csv checkpoint.pt"
keep on-base "config.json history.csv best.pt metrics.json"
keep sigmoids "best.pt"
rm -r runs/longer runs/further runs/latest eval messages
