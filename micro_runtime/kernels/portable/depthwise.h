/* SPDX-License-Identifier: MIT-0 */
#ifndef MICROLITH_PORTABLE_DEPTHWISE_H
#define MICROLITH_PORTABLE_DEPTHWISE_H

#include "kernel.h"

/*
 * What the depthwise convolutions share: at least four channels, as many outputs as inputs.
 * `weights` are [kernel row][kernel column][channel]; `padding` is a pixel of zero points;
 * `scratch` holds kernel_height row pointers, then a pointer for each tap of the window.
 */
typedef struct mr_depthwise_conv_2d {
    mr_rows input;
    mr_rows output;
    mr_window window;
    mr_ref weights;
    mr_ref biases;
    mr_ref padding;
    mr_ref scratch;
    uint32_t channels;
} mr_depthwise_conv_2d;

/* Biases (int32_t) hold the zero point's share; multipliers are int32_t, shifts int8_t. */
typedef struct mr_depthwise_conv_2d_s8_params {
    mr_depthwise_conv_2d conv;
    mr_ref multipliers;
    mr_ref shifts;
    int16_t output_zero_point;
    int16_t least;
    int16_t most;
} mr_depthwise_conv_2d_s8_params;

typedef struct mr_depthwise_conv_2d_f32_params {
    mr_depthwise_conv_2d conv;
    float least;
    float most;
} mr_depthwise_conv_2d_f32_params;

mr_status mr_depthwise_conv_2d_s8(const mr_context *context, const void *params, mr_band band);
mr_status mr_depthwise_conv_2d_f32(const mr_context *context, const void *params, mr_band band);

#endif
