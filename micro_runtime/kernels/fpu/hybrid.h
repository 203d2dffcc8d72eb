/* SPDX-License-Identifier: MIT-0 */
/*
 * Layers with int8 weights between float32 activations. An image of the input, or a vector of a
 * fully connected layer, is quantised to its own range first: see kernels/portable/hybrid.h.
 */
#ifndef MICROLITH_FPU_HYBRID_H
#define MICROLITH_FPU_HYBRID_H

#include "kernel.h"

/*
 * `channels` are pairs of floats, scale of the weights and bias, an output channel. `asymmetric`:
 * inputs are quantised with a zero point; `scales_first`: sums are multiplied by the scale of the
 * weights, then by that of the input, and not by the product of both. `rectified` is 1 where
 * outputs are at least 0, `clamped` where they have other limits: `least` and `most`. `depth` is
 * the number of products of an output, `groups` that of fours of them.
 */
typedef struct mr_hybrid_fpu {
    mr_ref input;
    mr_ref weights;
    mr_ref channels;
    mr_ref quantised; /* scratch: an image, or a vector, as int8 */
    uint32_t depth;
    uint32_t groups;
    uint32_t outputs;
    float least;
    float most;
    uint8_t asymmetric;
    uint8_t scales_first;
    uint8_t rectified;
    uint8_t clamped;
} mr_hybrid_fpu;

/*
 * In one group of channels. `weights` are [pair of outputs][group of inputs][2][4], zeros where
 * they are filled up. Scratch at `gathered` holds a window.
 */
typedef struct mr_conv_2d_hybrid_fpu_params {
    mr_hybrid_fpu hybrid;
    mr_window window;
    mr_ref output;
    mr_ref gathered;
    mr_ref widened;
    uint32_t in_channels;
    uint32_t batches;
    uint32_t pointwise;
} mr_conv_2d_hybrid_fpu_params;

/* Vectors are filled up to whole words. `weights` are [block of four outputs][group of
 * inputs][4][4], zeros where they are filled up. */
typedef struct mr_fully_connected_hybrid_fpu_params {
    mr_hybrid_fpu hybrid;
    mr_ref output;
    uint32_t batches;
} mr_fully_connected_hybrid_fpu_params;

mr_status mr_conv_2d_hybrid_fpu(const mr_context *context, const void *params, mr_band band);
mr_status mr_fully_connected_hybrid_fpu(const mr_context *context, const void *params,
                                        mr_band band);

#endif
