/* SPDX-License-Identifier: MIT-0 */
/*
 * Layers with int8 weights between float32 activations. An image of the input, or a vector of a
 * fully connected layer, is quantised to its own range first. `conv.input` and `conv.padding` (0:
 * none), or `layer.input`, are places in the scratch for one quantised image or vector; biases are
 * float.
 */
#ifndef MICROLITH_PORTABLE_HYBRID_H
#define MICROLITH_PORTABLE_HYBRID_H

#include "conv.h"
#include "depthwise.h"
#include "fully_connected.h"
#include "kernel.h"

/*
 * What the layers share. `input` is the float tensor. `scales` (float) are those of the weights,
 * one an output channel, or one for all when `per_channel` is 0. `weight_sums` (int32_t), the sum
 * of the weights of each output channel, is for asymmetric quantisation alone. `scales_first`: sums
 * are multiplied by the scale of the weights, then by that of the input, and not by the product of
 * both, which rounds differently.
 */
typedef struct mr_hybrid {
    mr_ref input;
    mr_ref scales;
    mr_ref weight_sums;
    float least;
    float most;
    uint16_t per_channel;
    uint16_t scales_first;
} mr_hybrid;

typedef struct mr_conv_2d_hybrid_params {
    mr_hybrid hybrid;
    mr_conv_2d conv;
    uint32_t batches;
} mr_conv_2d_hybrid_params;

typedef struct mr_depthwise_conv_2d_hybrid_params {
    mr_hybrid hybrid;
    mr_depthwise_conv_2d conv;
    uint32_t batches;
} mr_depthwise_conv_2d_hybrid_params;

typedef struct mr_fully_connected_hybrid_params {
    mr_hybrid hybrid;
    mr_fully_connected layer;
} mr_fully_connected_hybrid_params;

/* Quantised to [-127, 127] with zero point 0. */
mr_status mr_conv_2d_hybrid(const mr_context *context, const void *params, mr_band band);
mr_status mr_fully_connected_hybrid(const mr_context *context, const void *params, mr_band band);

/* Quantised to [-128, 127] with a zero point. */
mr_status mr_conv_2d_hybrid_asymmetric(const mr_context *context, const void *params, mr_band band);
mr_status mr_depthwise_conv_2d_hybrid(const mr_context *context, const void *params, mr_band band);
mr_status mr_fully_connected_hybrid_asymmetric(const mr_context *context, const void *params,
                                               mr_band band);

#endif
