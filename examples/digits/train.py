# SPDX-License-Identifier: Apache-2.0
"""Train, quantise and measure the digits model: every file of this directory but the README.

Needs the `convert` extra and scikit-learn (`pip install '.[convert]' scikit-learn`), no download
and no GPU. The seed fixes the split, the weights and the order of the images; the same
TensorFlow on the same kind of processor writes the same files.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

HERE = Path(__file__).resolve().parent
SEED = 1
TEST_IMAGES = 450
EPOCHS = 60
BATCH = 32
CALIBRATION_IMAGES = 300
SAMPLES = 16
BRIGHTEST_PIXEL = 16.0  # load_digits counts inked points of 4x4 blocks: 0 .. 16
IMAGE_SHAPE = (8, 8, 1)

Images = npt.NDArray[np.float32]
Labels = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Split:
    """Images of shape (n, 8, 8, 1), float32 in 0 .. 1, and their digits 0 .. 9 of shape (n,)."""

    train_images: Images
    test_images: Images
    train_labels: Labels
    test_labels: Labels


def load_split() -> Split:
    """Split scikit-learn's 1,797 digits into training and test images, classes in proportion."""
    pixels, labels = load_digits(return_X_y=True)
    images = (pixels / BRIGHTEST_PIXEL).astype(np.float32).reshape(-1, *IMAGE_SHAPE)
    parts = train_test_split(
        images, labels, test_size=TEST_IMAGES, random_state=SEED, stratify=labels
    )
    return Split(*parts)


def build_model() -> keras.Model:
    """Return the untrained network: a conv, two depthwise-separable blocks, a classifier."""
    layers = keras.layers

    def normalised(x: Any, layer: Any) -> Any:
        return layers.ReLU()(layers.BatchNormalization()(layer(x)))

    def separable(x: Any, channels: int) -> Any:
        x = normalised(x, layers.DepthwiseConv2D(3, padding="same", use_bias=False))
        return normalised(x, layers.Conv2D(channels, 1, use_bias=False))

    image = keras.Input(IMAGE_SHAPE)
    x = normalised(image, layers.Conv2D(16, 3, padding="same", use_bias=False))
    x = separable(x, 32)
    x = layers.MaxPooling2D(2)(x)
    x = separable(x, 48)
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Dropout(0.2)(x)
    return keras.Model(image, layers.Dense(10, activation="softmax")(x))


def train(model: keras.Model, split: Split) -> None:
    """Fit `model` in place; the learning rate falls along a cosine to zero."""
    steps = EPOCHS * -(-len(split.train_images) // BATCH)
    model.compile(
        optimizer=keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(4e-3, steps)),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    model.fit(split.train_images, split.train_labels, batch_size=BATCH, epochs=EPOCHS, verbose=2)


def convert(model: keras.Model, calibration: Images | None = None) -> bytes:
    """Return `model` as a .tflite for one image, full int8 if there are `calibration` images."""
    image = keras.Input(batch_shape=(1, *IMAGE_SHAPE), name="image")
    converter = tf.lite.TFLiteConverter.from_keras_model(keras.Model(image, model(image)))
    if calibration is not None:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = lambda: ([image[np.newaxis]] for image in calibration)
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = tf.int8
        converter.inference_output_type = tf.int8
    return cast(bytes, converter.convert())


class Reference:
    """LiteRT's reference kernels running one .tflite, image after image."""

    def __init__(self, model: bytes) -> None:
        self._interpreter = Interpreter(
            model_content=model, experimental_op_resolver_type=OpResolverType.BUILTIN_REF
        )
        self._interpreter.allocate_tensors()
        (self._input,) = self._interpreter.get_input_details()
        (self._output,) = self._interpreter.get_output_details()

    @property
    def input_name(self) -> str:
        return cast(str, self._input["name"])

    def quantize(self, images: Images) -> npt.NDArray[Any]:
        """Bring float `images` to the input type of the model, unchanged for a float model."""
        dtype = self._input["dtype"]
        if dtype == np.float32:
            return images
        scale, zero_point = self._input["quantization"]
        limits = np.iinfo(dtype)
        steps: Images = np.round(images / scale) + zero_point
        return steps.clip(limits.min, limits.max).astype(dtype)

    def accuracy(self, images: Images, labels: Labels) -> float:
        """Return the share of `images` whose largest output is their label."""
        return float(np.mean([self._recognise(i) for i in self.quantize(images)] == labels))

    def _recognise(self, image: npt.NDArray[Any]) -> int:
        self._interpreter.set_tensor(self._input["index"], image[np.newaxis])
        self._interpreter.invoke()
        return int(np.argmax(self._interpreter.get_tensor(self._output["index"])))


def main() -> None:
    keras.utils.set_random_seed(SEED)
    tf.config.experimental.enable_op_determinism()
    split = load_split()
    model = build_model()
    train(model, split)

    int8_model = convert(model, split.train_images[:CALIBRATION_IMAGES])
    reference = Reference(int8_model)
    (HERE / "digits_int8.tflite").write_bytes(int8_model)

    # The first test images as they come, not chosen: one of them is not recognised.
    samples = reference.quantize(split.test_images[:SAMPLES])
    # An array a sample, as `microlith --input` wants it: (samples, *shape of the tensor).
    arrays: dict[str, Any] = {reference.input_name: samples[:, np.newaxis]}
    np.savez_compressed(HERE / "samples.npz", **arrays)
    np.save(HERE / "labels.npy", split.test_labels[:SAMPLES].astype(np.uint8))

    test = (split.test_images, split.test_labels)
    measured = {
        "test_images": TEST_IMAGES,
        "float32_accuracy": round(Reference(convert(model)).accuracy(*test), 4),
        "int8_accuracy": round(reference.accuracy(*test), 4),
    }
    text = json.dumps(measured, indent=2) + "\n"
    (HERE / "accuracy.json").write_text(text, encoding="utf-8")
    print(text, end="")


if __name__ == "__main__":
    main()
