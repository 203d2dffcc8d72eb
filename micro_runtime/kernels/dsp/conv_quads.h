/* SPDX-License-Identifier: MIT-0 */
#ifndef MICROLITH_DSP_CONV_QUADS_H
#define MICROLITH_DSP_CONV_QUADS_H

#include "kernel.h"

/*
 * A convolution in one group of channels, to a multiple of four channels, whose outputs are a line
 * of the sums (see conv_quads.c). A window has `blocks` words of four taps, with those that fill up
 * the last one. `stream` (int32_t) has for each four channels what their three sums start with,
 * their weights, [block][taps 0 and 2, 1 and 3][three words], and what makes outputs of the sums:
 * multiplier and offset of each channel or, for bent lines, what the offset of negative sums has
 * more, multiplier and offset.
 *
 * `padding` is a row of zero points as wide as the input. `scratch` holds 2 * kernel_height row
 * pointers, packed inputs of 16 bytes a block, and two windows of 4 * blocks bytes, if any have to
 * be gathered: those that reach over a side of the image, are dilated in width, or whose rows are
 * no whole words (`gathers`: all).
 */
typedef struct mr_conv_2d_s8_quads_params {
    mr_rows input;
    mr_rows output;
    mr_window window;
    mr_ref stream;
    mr_ref padding;
    mr_ref scratch;
    uint16_t in_channels;
    uint16_t out_channels;
    uint16_t blocks;
    uint16_t gathers;
    int16_t least;
    int16_t most;
} mr_conv_2d_s8_quads_params;

mr_status mr_conv_2d_s8_quads_line(const mr_context *context, const void *params, mr_band band);
mr_status mr_conv_2d_s8_quads_bent(const mr_context *context, const void *params, mr_band band);

#endif
