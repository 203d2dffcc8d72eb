/* SPDX-License-Identifier: MIT-0 */
#ifndef MICROLITH_DSP_DEPTHWISE_3X3_H
#define MICROLITH_DSP_DEPTHWISE_3X3_H

#include "kernel.h"

/*
 * A depthwise convolution of 3 x 3 taps at stride 1, four channels a block as in depthwise.h, whose
 * outputs are a line of the sums (line.h). `channels_of_blocks` holds six words for each channel of
 * each block, the weights as bytes from the least one on:
 *
 *     multiplier, offset
 *     (row 0 column 1, row 0 column 0, row 1 column 1, row 1 column 0)
 *     (row 1 column 0, row 0 column 2, row 2 column 0, row 1 column 2)
 *     (row 1 column 2, row 1 column 1, row 2 column 2, row 2 column 1)
 *     bias
 *
 * with the zero point of inputs from -128 on folded into the bias, which is raised by 11 bits.
 * `padding` is a row of zero points as wide as the input. `scratch` holds 32 bytes for each column,
 * those of padding (`pad_right` on the right) included.
 */
typedef struct mr_depthwise_conv_2d_3x3_s8_dsp_params {
    mr_rows input;
    mr_rows output;
    mr_window window;
    mr_ref channels_of_blocks;
    mr_ref padding;
    mr_ref scratch;
    uint16_t channels;
    uint16_t pad_right;
    int16_t input_offset;
} mr_depthwise_conv_2d_3x3_s8_dsp_params;

mr_status mr_depthwise_conv_2d_3x3_s8_dsp(const mr_context *context, const void *params,
                                          mr_band band);

/*
 * The same for outputs that are at least the zero point, -128, with a shift for each channel, whose
 * words are
 *
 *     multiplier, offset, pairs of weights (row 0, row 1) for each column, pairs (row 1, row 2) for
 *     each column, bias, shift
 *
 * with weights and bias scaled so that an output is SMMLA(sum, multiplier, offset) >> shift,
 * saturated.
 */
mr_status mr_depthwise_conv_2d_3x3_shifts_s8_dsp(const mr_context *context, const void *params,
                                                 mr_band band);

#endif
