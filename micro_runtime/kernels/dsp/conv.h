/* SPDX-License-Identifier: MIT-0 */
#ifndef MICROLITH_DSP_CONV_H
#define MICROLITH_DSP_CONV_H

#include "kernel.h"

/*
 * A convolution in one group of channels. A window has `taps` elements, `blocks` words of four with
 * those that fill up the last one. `weights` (aligned to words) are
 * [pair of outputs][block][2 outputs][4 taps], `outputs` a mr_dsp_output for each of them as four
 * int32_t; an odd last output has a partner of zeros. `padding` is a row of zero points as wide as
 * the input. `scratch` holds kernel_height row pointers, three windows of `blocks` * 8 bytes and,
 * if any window has to be gathered, one of `blocks` * 4 bytes: those that reach over a side of the
 * image, are dilated in width, or whose rows are no whole words (`gathers`: all).
 */
typedef struct mr_conv_2d_s8_dsp_params {
    mr_rows input;
    mr_rows output;
    mr_window window;
    mr_ref weights;
    mr_ref outputs;
    mr_ref padding;
    mr_ref scratch;
    uint16_t in_channels;
    uint16_t out_channels;
    uint16_t blocks;
    uint16_t gathers;
    int16_t input_offset;
    int16_t least;
    int16_t most;
} mr_conv_2d_s8_dsp_params;

mr_status mr_conv_2d_s8_dsp(const mr_context *context, const void *params, mr_band band);

/* The same for outputs from a zero point of -128 to 127 (see mr_dsp_scale_up). */
mr_status mr_conv_2d_s8_dsp_scaled(const mr_context *context, const void *params, mr_band band);

#endif
