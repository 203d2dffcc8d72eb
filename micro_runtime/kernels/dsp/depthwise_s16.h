/* SPDX-License-Identifier: MIT-0 */
/* Depthwise convolutions of int16 with int8 weights, with SMLABB and SMLATT. */
#ifndef MICROLITH_DSP_DEPTHWISE_S16_H
#define MICROLITH_DSP_DEPTHWISE_S16_H

#include "kernel.h"
#include "kernels/portable/depthwise.h"

/*
 * At least four channels whose sums fit 32 bits. `conv.weights` are widened to int16_t (aligned to
 * words), [block of channels][tap][4 channels]; the last block ends with the last channel.
 * `conv.biases` are mr_dsp_output, as four int32_t, one a channel.
 */
typedef struct mr_depthwise_conv_2d_s16_dsp_params {
    mr_depthwise_conv_2d conv;
    int16_t least;
    int16_t most;
} mr_depthwise_conv_2d_s16_dsp_params;

mr_status mr_depthwise_conv_2d_s16_dsp(const mr_context *context, const void *params, mr_band band);

#endif
