/* SPDX-License-Identifier: MIT-0 */
#ifndef MICROLITH_PORTABLE_CONV_H
#define MICROLITH_PORTABLE_CONV_H

#include "kernel.h"

/*
 * What the convolutions share. Output channels come in blocks of four, lanes past a group's last
 * channel zero: `weights` are [group][block][kernel row][kernel column][channel][4], `biases`
 * [group][block][4]. `padding` is a row of zero points as wide as the input. `scratch` holds
 * kernel_height row pointers, then two windows of one group, if any has to be gathered: those that
 * reach over a side of the image, are dilated in width or leave channels out, and with `gathers`
 * all. `joins_rows` is 1 where an output pixel depends on the input pixel in the same place alone,
 * so that rows which lie behind each other are like one long row.
 */
typedef struct mr_conv_2d {
    mr_rows input;
    mr_rows output;
    mr_window window;
    mr_ref weights;
    mr_ref biases;
    mr_ref padding;
    mr_ref scratch;
    uint16_t in_channels;
    uint16_t groups;
    uint16_t group_inputs;
    uint16_t group_outputs;
    uint16_t gathers;
    uint16_t joins_rows;
} mr_conv_2d;

/* Biases (int32_t) hold the zero point's share; multipliers are int32_t, shifts int8_t. */
typedef struct mr_conv_2d_s8_params {
    mr_conv_2d conv;
    mr_ref multipliers;
    mr_ref shifts;
    int16_t output_zero_point;
    int16_t least;
    int16_t most;
} mr_conv_2d_s8_params;

typedef struct mr_conv_2d_f32_params {
    mr_conv_2d conv;
    float least;
    float most;
} mr_conv_2d_f32_params;

mr_status mr_conv_2d_s8(const mr_context *context, const void *params, mr_band band);
mr_status mr_conv_2d_f32(const mr_context *context, const void *params, mr_band band);

#endif
