"""What is compared. A case says what cvtool is called with and, as a dictionary for the workers, what the peers do."""
from dataclasses import dataclass, field

DATASETS = ("cats_dogs", "car_truck_32px")
BF16, FP32 = ["--precision", "bf16"], ["--precision", "fp32"]


@dataclass
class Case:
    """measure: "rate" (images/s of the last epoch), "job" (seconds of all epochs) or "process" (seconds from start to end).
    photos: dataset, photos per class to train and to validate (0: all). epochs: of the job; of PyTorch
    one is timed, of Keras job["timed"], and the last of those stands for the rest."""

    name: str
    title: str
    measure: str
    photos: tuple
    arguments: list
    job: dict
    epochs: int = 1
    bf16: bool = False  # asks for it: needs a processor that has it
    again: bool = False  # cvtool has been called so before, and keeps its caches

    def heading(self):
        return self.title.replace("EPOCHS", str(self.epochs))

    def for_quick(self):
        """The same with few photos and epochs: it only shows that everything runs."""
        self.photos = (self.photos[0], 32, 8)
        self.epochs = min(self.epochs, 2)
        return self


def training(name, title, photos, arguments, **job):
    return Case(name, title, "rate", photos, ["train", *arguments], dict(job, job="train"), 2, "bf16" in arguments)


def transfer(name, title, arguments, epochs, **job):
    filled = {"net": "mobilenet_v2", "size": 160, "batch": 32, "augment": "none", "timed": 2, "job": "frozen", "fp32": False}
    return Case(name, title, "job", ("cats_dogs", 0, 0), ["train", *arguments], {**filled, **job}, epochs)


def inference(name, title, arguments, again=False, **job):
    job = {"net": "mobilenet_v2", "size": 160, "batch": 64, "fp32": True, **job}
    return Case(name, title, "process", ("cats_dogs", 0, 0), arguments, job, again=again)


def all_cases():
    """In the order of the table. {photos}, {model} and {photo} in the arguments are filled in by the runner."""
    convnet = ["--recipe", "car-or-truck-convnet"]
    small, cars = ("car_truck_32px", 320, 32), ("car_truck_32px", 1024, 32)
    mobile = ["--recipe", "transfer", "--base", "mobilenet_v2"]
    return [
        training("convnet-bf16", "car-or-truck-convnet, 128 px, batch 64, bf16: training", small, convnet + BF16,
                 net="convnet", size=128, batch=64, fp32=False),
        training("convnet-fp32", "car-or-truck-convnet, 128 px, batch 64, float32: training", small, convnet + FP32,
                 net="convnet", size=128, batch=64, fp32=True),
        training("default", "default net (small-resnet), 64 px, batch 32: training", cars, ["--imgsz", "64"],
                 net="small_resnet", size=64, batch=32, fp32=False),
        transfer("frozen", "frozen MobileNetV2, 160 px, EPOCHS epochs, no augmentation", mobile + ["--augment", "none"], 20),
        transfer("frozen-flip", "frozen MobileNetV2, 160 px, EPOCHS epochs, flips", mobile + ["--augment", "flip=horizontal"], 20, augment="flip"),
        transfer("frozen-rotation", "frozen MobileNetV2, 160 px, EPOCHS epochs, rotations", mobile + ["--augment", "rotation=0.2"], 20,
                 augment="rotation"),
        transfer("vgg16", "frozen VGG16, 128 px, EPOCHS epochs", ["--recipe", "car-or-truck-vgg16", "--base", "vgg16"], 30,
                 net="vgg16", size=128, batch=64, timed=1),
        transfer("fine-tune", "MobileNetV2, 160 px, last block and top trained too, EPOCHS epochs",
                 mobile + ["--augment", "none", "--fine-tune", "4"], 10, job="finetune"),
        inference("eval", "eval of JPEG photos, all of cats_dogs, MobileNetV2, 160 px, float32", ["eval", "--data", "{photos}", "--split", "all"], job="eval"),
        inference("predict", "predict of JPEG photos, cats_dogs/valid, MobileNetV2, 160 px, float32", ["predict", "{photos}/valid"], job="predict"),
        inference("predict-one", "predict of one photo by a fresh process (files in the page cache)", ["predict", "{photo}"], again=True,
                  job="predict_one"),
        inference("predict-first", "the same with a model that was never opened before", ["predict", "{photo}"], job="predict_one"),
    ]


NOTES = [
    "x cvtool: the time of that program by cvtool's in the same turn; median (least..most) of the turns. More than 1: cvtool is faster.",
    "keeps: its speed beside one spinning process of the same session, as a part of its speed alone. MB: peak of the largest process; the "
    "worker processes of a DataLoader are not added.",
    "Training: images/s after warm-up. cvtool: the last of 2 epochs, with its loading. PyTorch's batches lie ready in memory, Keras's in "
    "cache().",
    "Transfer: seconds of all epochs with validation; of cvtool the whole process with everything it computes once, its caches emptied before "
    "each run. The peers run the frozen base in every epoch, without gradients, as their tutorials do; their start is not counted. Of PyTorch "
    "one epoch is timed after a warm-up, of Keras 2 (VGG16: 1) from the first; the last stands for the rest.",
    "cvtool: as it is called by default (bfloat16 for training where the processor has it) where the case names no precision.",
    "eval, predict: whole processes from start to end; cvtool's eval also writes its report. predict of one photo: cvtool has opened the model "
    "before, and kept what it made of it, save where the case says otherwise.",
    "eager: the distribution's PyTorch, float32, DataLoader with a worker per core. new: the newest PyTorch, channels_last, torch.compile "
    "(not for whole processes), bfloat16 autocast where the processor has it and the case is not float32. Keras: float32, tf.data with cache().",
    "VGG16's and all of Keras's bases have random weights: the time is the same.",
]
