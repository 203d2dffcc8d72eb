/* SPDX-License-Identifier: MIT-0 */
/* Convolutions of int16 with int8 weights, with SMLAD. */
#ifndef MICROLITH_DSP_CONV_S16_H
#define MICROLITH_DSP_CONV_S16_H

#include "kernel.h"

/*
 * A convolution in one group of channels whose sums fit 32 bits. A window has `blocks` words of
 * four elements with those that fill up the last one. `weights` (aligned to words) are
 * [pair of outputs][block][2 outputs][elements 0, 2, 1, 3], `outputs` a mr_dsp_output for each of
 * them as four int32_t; an odd last output has a partner of zeros. `padding` is a row of zeros as
 * wide as the input. `scratch` holds kernel_height row pointers, three windows and, if any window
 * has to be gathered, one more: those that reach over a side of the image, are dilated in width, or
 * whose rows are no whole words (`gathers`: all).
 */
typedef struct mr_conv_2d_s16_dsp_params {
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
    int16_t least;
    int16_t most;
} mr_conv_2d_s16_dsp_params;

mr_status mr_conv_2d_s16_dsp(const mr_context *context, const void *params, mr_band band);

#endif
