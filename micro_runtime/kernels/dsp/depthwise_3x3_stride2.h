/* SPDX-License-Identifier: MIT-0 */
#ifndef MICROLITH_DSP_DEPTHWISE_3X3_STRIDE2_H
#define MICROLITH_DSP_DEPTHWISE_3X3_STRIDE2_H

#include "kernel.h"

/*
 * A depthwise convolution of 3 x 3 taps at stride 2 over images of even width, without padding on
 * the left. `channels_of_blocks` and `padding` are those of depthwise_3x3.h, but for the weights of
 * a channel:
 *
 *     (row 1 column 0, row 0 column 0, row 1 column 1, row 0 column 1)
 *     (row 0 column 2, row 2 column 0, row 1 column 2, row 2 column 1)
 *     (0, row 2 column 2, 0, 0)
 *
 * `scratch` holds 80 bytes for each output column and one more.
 */
typedef struct mr_depthwise_conv_2d_3x3_stride2_s8_dsp_params {
    mr_rows input;
    mr_rows output;
    mr_window window;
    mr_ref channels_of_blocks;
    mr_ref padding;
    mr_ref scratch;
    uint16_t channels;
    int16_t input_offset;
} mr_depthwise_conv_2d_3x3_stride2_s8_dsp_params;

mr_status mr_depthwise_conv_2d_3x3_stride2_s8_dsp(const mr_context *context, const void *params,
                                                  mr_band band);

#endif
