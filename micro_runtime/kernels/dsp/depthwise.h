/* SPDX-License-Identifier: MIT-0 */
#ifndef MICROLITH_DSP_DEPTHWISE_H
#define MICROLITH_DSP_DEPTHWISE_H

#include "kernel.h"

/*
 * A depthwise convolution with one output a channel, four channels a block. A block starts at every
 * fourth channel; when they are no multiple of four, the last one starts four before the end.
 * `weights` (int16_t, aligned to words) are [block][pair of taps][4 channels][2 taps], an odd last
 * tap has a partner of zeros; `outputs` is a mr_dsp_output for each channel as four int32_t.
 * `padding` is a row of zero points as wide as the input. `scratch` holds kernel_height row
 * pointers, then one for each tap and one more.
 */
typedef struct mr_depthwise_conv_2d_s8_dsp_params {
    mr_rows input;
    mr_rows output;
    mr_window window;
    mr_ref weights;
    mr_ref outputs;
    mr_ref padding;
    mr_ref scratch;
    uint16_t channels;
    int16_t input_offset;
    int16_t least;
    int16_t most;
} mr_depthwise_conv_2d_s8_dsp_params;

mr_status mr_depthwise_conv_2d_s8_dsp(const mr_context *context, const void *params, mr_band band);

#endif
