"""Makes keras2_steps.json: three Adam steps of a small net of the tutorials' kind in Keras 2 (TensorFlow 2.15, CPU).

Raw pixels, a convolution, a pooling, two dense layers, and two sigmoid units under sparse categorical cross-entropy,
which Keras 2 computes as softmax over the values before the sigmoid.
"""
import json
import pathlib

import numpy as np
import tensorflow as tf
from tensorflow.keras import Sequential, layers

random = np.random.default_rng(7)
pixels = random.integers(0, 256, (8, 6, 6, 3))
labels = np.arange(8) % 2
net = Sequential([
    layers.Input((6, 6, 3)),
    layers.Conv2D(2, 3, activation="relu", name="conv2d"),
    layers.MaxPooling2D(),
    layers.Flatten(),
    layers.Dense(4, activation="relu", name="dense"),
    layers.Dense(2, activation="sigmoid", name="dense_1"),
])
tf.keras.utils.set_random_seed(2)
net.set_weights([(random.uniform(-1, 1, w.shape) * (w.ndim > 1)).astype("float32").round(3) for w in net.get_weights()])
net.compile(optimizer="adam", loss="sparse_categorical_crossentropy")


def weights():
    return {f"{layer.name}.{kind}": value.tolist() for layer in net.layers
            for kind, value in zip(("weight", "bias"), layer.get_weights())}


steps = {"tensorflow": tf.__version__, "pixels": pixels.tolist(), "labels": labels.tolist(), "start": weights()}
steps["losses"] = [float(net.train_on_batch(pixels.astype("float32"), labels)) for _ in range(3)]
steps["end"] = weights()
(pathlib.Path(__file__).parent / "keras2_steps.json").write_text(json.dumps(steps) + "\n")
