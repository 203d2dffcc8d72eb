/* SPDX-License-Identifier: MIT-0 */
#ifndef MICROLITH_DSP_CONV_LINE_H
#define MICROLITH_DSP_CONV_LINE_H

#include "kernel.h"

/*
 * A convolution in one group of channels, to an even number of channels, whose outputs are a line
 * of the sums (see conv_line.c). A window has `blocks` words of four taps, with those that fill up
 * the last one. `stream` (int32_t) has for each pair of channels what its sums start with, two
 * words, its weights, and what makes outputs of them:
 *
 *     SMLAL    two halves of a 64-bit sum; [tap] first + 2^21 * second
 *     SMLAD    sums of the first and of both; [block][taps 0 and 2, 1 and 3] first + 2^8 * second
 *     line     multiplier and offset of the first and of the second
 *     bent     the same and what the offset of negative sums has more
 *
 * `padding` is a row of zero points as wide as the input. `scratch` holds 3 * kernel_height row
 * pointers, packed inputs (SMLAL: 32, SMLAD: 24 bytes a block) and three windows of 4 * blocks
 * bytes, if any have to be gathered: those that reach over a side of the image, are dilated in
 * width, or whose rows are no whole words (`gathers`: all).
 */
typedef struct mr_conv_2d_s8_line_params {
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
} mr_conv_2d_s8_line_params;

mr_status mr_conv_2d_s8_smlal_line(const mr_context *context, const void *params, mr_band band);
mr_status mr_conv_2d_s8_smlal_bent(const mr_context *context, const void *params, mr_band band);
mr_status mr_conv_2d_s8_smlad_line(const mr_context *context, const void *params, mr_band band);
mr_status mr_conv_2d_s8_smlad_bent(const mr_context *context, const void *params, mr_band band);

/* The same for larger sums: inputs are raised by 1 bit, not 3. */
mr_status mr_conv_2d_s8_smlad_line_wide(const mr_context *context, const void *params,
                                        mr_band band);
mr_status mr_conv_2d_s8_smlad_bent_wide(const mr_context *context, const void *params,
                                        mr_band band);

#endif
