# SPDX-License-Identifier: Apache-2.0
"""All backends, each an explicit tuple of kernels."""

from __future__ import annotations

from microlith.kernels.base import Kernel
from microlith.kernels.cmsis_nn import conv as cmsis_nn_conv
from microlith.kernels.cmsis_nn import depthwise as cmsis_nn_depthwise
from microlith.kernels.cmsis_nn import elementwise as cmsis_nn_elementwise
from microlith.kernels.cmsis_nn import fully_connected as cmsis_nn_fully_connected
from microlith.kernels.cmsis_nn import pooling as cmsis_nn_pooling
from microlith.kernels.cmsis_nn import softmax as cmsis_nn_softmax
from microlith.kernels.dsp import conv as dsp_conv
from microlith.kernels.dsp import conv_smlal, depthwise_3x3
from microlith.kernels.dsp import depthwise as dsp_depthwise
from microlith.kernels.dsp import fully_connected as dsp_fully_connected
from microlith.kernels.helium import conv as helium_conv
from microlith.kernels.helium import depthwise as helium_depthwise
from microlith.kernels.portable import (
    activation,
    conv,
    depthwise,
    elementwise,
    fully_connected,
    hybrid,
    pooling,
    quantize,
    reduce,
    shape,
    softmax,
)

PORTABLE: tuple[Kernel, ...] = (
    *activation.KERNELS,
    *conv.KERNELS,
    *depthwise.KERNELS,
    *elementwise.KERNELS,
    *fully_connected.KERNELS,
    *hybrid.KERNELS,
    *pooling.KERNELS,
    *quantize.KERNELS,
    *reduce.KERNELS,
    *shape.KERNELS,
    *softmax.KERNELS,
)

DSP: tuple[Kernel, ...] = (
    *dsp_conv.KERNELS,
    *conv_smlal.KERNELS,
    *dsp_depthwise.KERNELS,
    *depthwise_3x3.KERNELS,
    *dsp_fully_connected.KERNELS,
)

HELIUM: tuple[Kernel, ...] = (
    *helium_conv.KERNELS,
    *helium_depthwise.KERNELS,
)

CMSIS_NN: tuple[Kernel, ...] = (
    *cmsis_nn_conv.KERNELS,
    *cmsis_nn_depthwise.KERNELS,
    *cmsis_nn_elementwise.KERNELS,
    *cmsis_nn_fully_connected.KERNELS,
    *cmsis_nn_pooling.KERNELS,
    *cmsis_nn_softmax.KERNELS,
)

BACKENDS: dict[str, tuple[Kernel, ...]] = {
    "portable": PORTABLE,
    "dsp": DSP,
    "helium": HELIUM,
    "cmsis_nn": CMSIS_NN,
}
