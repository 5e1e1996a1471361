"""A job of the comparison in Keras on TensorFlow, as its tutorials write it. Its argument is the job as JSON; the last line printed is
RESULT and JSON: seconds of the first epoch ("first") and of the last ("steady"), validation included.
"""
import json
import sys
import time

import keras
import tensorflow as tf
from keras import layers

job = json.loads(sys.argv[1])
batch, size = job["batch"], job["size"]
keras.utils.set_random_seed(1)


def photos(split, shuffle=False):
    way = "nearest" if job["net"] in ("convnet", "vgg16") else "bilinear"
    return keras.utils.image_dataset_from_directory(f"{job['photos']}/{split}", image_size=(size, size), batch_size=batch, interpolation=way,
                                                    shuffle=shuffle, verbose=False)


def kept(dataset):
    """As the tutorials end a dataset: decoded photos stay in memory."""
    return dataset.cache().prefetch(tf.data.AUTOTUNE)


def convnet():
    net = [keras.Input((size, size, 3)), layers.Rescaling(1 / 255)]
    for filters, kernel in ((32, 5), (64, 3), (128, 3)):
        net += [layers.Conv2D(filters, kernel, padding="same", activation="relu"), layers.MaxPool2D()]
    net += [layers.Flatten(), layers.Dense(6, activation="relu"), layers.Dense(1, activation="sigmoid")]
    return keras.Sequential(net), keras.optimizers.Adam(1e-3, epsilon=1e-2)


def small_resnet():
    def conv_norm(x, filters, kernel=3, stride=1):
        x = layers.Conv2D(filters, kernel, stride, padding="same", use_bias=False)(x)
        return layers.BatchNormalization(momentum=0.9)(x)

    inputs = keras.Input((size, size, 3))
    x = layers.ReLU()(conv_norm(layers.Rescaling(1 / 127.5, -1)(inputs), 24, 3, 2))
    x = layers.MaxPool2D()(x)
    for filters, stride in ((32, 1), (64, 2), (128, 2)):
        main = conv_norm(layers.ReLU()(conv_norm(x, filters, 3, stride)), filters)
        x = layers.ReLU()(layers.Add()([main, conv_norm(x, filters, 1, stride)]))
    x = layers.Dropout(0.3)(layers.GlobalAveragePooling2D()(x))
    return keras.Model(inputs, layers.Dense(2)(x)), keras.optimizers.AdamW(1e-3, weight_decay=0.01)


def on_base():
    """A frozen base with a head; of MobileNetV2 the last block and what is behind it can be trained, its batch norms as they were."""
    shape = (size, size, 3)
    inputs = keras.Input(shape)
    x = {"none": [], "flip": [layers.RandomFlip("horizontal")], "rotation": [layers.RandomRotation(0.2)]}[job.get("augment", "none")]
    x = keras.Sequential([keras.Input(shape), *x])(inputs) if x else inputs
    if job["net"] == "vgg16":
        base = keras.applications.VGG16(include_top=False, weights=None, input_shape=shape)
        x = layers.Rescaling(1 / 255)(x)
        head = [layers.Flatten(), layers.Dense(6, activation="relu"), layers.Dense(1, activation="sigmoid")]
    else:
        base = keras.applications.MobileNetV2(include_top=False, weights=None, input_shape=shape)
        x = layers.Rescaling(1 / 127.5, -1)(x)
        head = [layers.GlobalAveragePooling2D(), layers.Dropout(0.2), layers.Dense(2)]
    base.trainable = job["job"] == "finetune"
    names = [layer.name for layer in base.layers]
    for index, layer in enumerate(base.layers):
        if job["job"] == "finetune":
            layer.trainable = index >= names.index("block_16_expand") and not isinstance(layer, layers.BatchNormalization)
    x = base(x, training=False)
    for layer in head:
        x = layer(x)
    return keras.Model(inputs, x), keras.optimizers.Adam(1e-3)


def compiled(net, optimizer):
    binary = net.output_shape[-1] == 1
    loss = "binary_crossentropy" if binary else keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    net.compile(optimizer, loss, metrics=["binary_accuracy" if binary else "accuracy"])
    return net


class Epochs(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.seconds = []

    def on_epoch_begin(self, epoch, logs=None):
        self.start = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        self.seconds.append(time.perf_counter() - self.start)


def fitted(net, epochs, valid):
    clock, data = Epochs(), photos("train", True)
    images = len(data.file_paths)
    net.fit(kept(data), validation_data=valid, epochs=epochs, callbacks=[clock], verbose=0)
    return {"first": clock.seconds[0], "steady": clock.seconds[-1], "images": images}


def train():
    return fitted(compiled(*{"convnet": convnet, "small_resnet": small_resnet}[job["net"]]()), 2, None)


def transfer():
    return fitted(compiled(*on_base()), job["timed"], kept(photos("valid")))


def evaluate():
    net = keras.models.load_model(job["model"])
    data = photos("train").concatenate(photos("valid")).prefetch(tf.data.AUTOTUNE)
    return {"accuracy": net.evaluate(data, verbose=0)[1]}


def predict():
    data = photos("valid")
    paths = data.file_paths
    rows = tf.nn.softmax(keras.models.load_model(job["model"]).predict(data.prefetch(tf.data.AUTOTUNE), verbose=0)).numpy()
    for path, row in zip(paths, rows):
        print(path, row.argmax(), f"{row.max():.4f}")
    return {"photos": len(rows)}


def predict_one():
    picture = keras.utils.img_to_array(keras.utils.load_img(job["photo"], target_size=(size, size), interpolation="bilinear"))
    print(job["photo"], tf.nn.softmax(keras.models.load_model(job["model"]).predict(picture[None], verbose=0)).numpy().tolist())
    return {}


def save():
    compiled(*on_base()).save(job["model"])
    return {}


JOBS = {"train": train, "frozen": transfer, "finetune": transfer, "eval": evaluate, "predict": predict, "predict_one": predict_one, "save": save}
print("RESULT " + json.dumps(JOBS[job["job"]]()))
