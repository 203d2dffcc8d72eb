/* SPDX-License-Identifier: MIT-0 */
#ifndef MICROLITH_HELIUM_DEPTHWISE_SINGLE_H
#define MICROLITH_HELIUM_DEPTHWISE_SINGLE_H

#include "kernel.h"

/*
 * A depthwise convolution with one output a channel, whose window is the whole image: up to 16
 * pixels, and a multiple of 16 channels (see depthwise_single.c). For eight channels at a time,
 * `weights` hold int8_t [8][16] with zeros beyond the pixels, and `outputs` biases, multipliers and
 * shifts, int32_t [3][8], those of even channels before those of odd ones. `scratch` holds 16 row
 * pointers and 16 words of four pixels, four times.
 */
typedef struct mr_depthwise_conv_2d_single_s8_helium_params {
    mr_rows input;
    mr_rows output;
    mr_ref weights;
    mr_ref outputs;
    mr_ref scratch;
    uint16_t height;
    uint16_t width;
    uint16_t channels;
    int16_t zero_point;
    int16_t least;
    int16_t most;
} mr_depthwise_conv_2d_single_s8_helium_params;

mr_status mr_depthwise_conv_2d_single_s8_helium(const mr_context *context, const void *params,
                                                mr_band band);

#endif
