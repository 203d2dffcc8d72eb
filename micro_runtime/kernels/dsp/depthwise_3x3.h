/* SPDX-License-Identifier: MIT-0 */
#ifndef MICROLITH_DSP_DEPTHWISE_3X3_H
#define MICROLITH_DSP_DEPTHWISE_3X3_H

#include "kernel.h"

/*
 * A depthwise convolution of 3 x 3 taps at stride 1, four channels a block as in depthwise.h, whose
 * outputs are at least the zero point, -128. `channels_of_blocks` holds nine words for each channel
 * of each block:
 *
 *     multiplier, offset, pairs of weights (row 0, row 1) for each column, pairs (row 1, row 2) for
 *     each column, bias
 *
 * with weights and bias scaled so that an output is SMMLA(sum, multiplier, offset) >> 10,
 * saturated. `padding` is a row of zero points as wide as the input. `scratch` holds 32 bytes for
 * each column, those of padding (`pad_right` on the right) included.
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

/* The same with a tenth word for each channel: the shift in place of 10. */
mr_status mr_depthwise_conv_2d_3x3_shifts_s8_dsp(const mr_context *context, const void *params,
                                                 mr_band band);

#endif
