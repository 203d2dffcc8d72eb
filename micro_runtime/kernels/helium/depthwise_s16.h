/* SPDX-License-Identifier: MIT-0 */
/* Depthwise convolutions of int16 with int8 weights, with Helium. */
#ifndef MICROLITH_HELIUM_DEPTHWISE_S16_H
#define MICROLITH_HELIUM_DEPTHWISE_S16_H

#include "kernel.h"
#include "kernels/portable/depthwise.h"

/*
 * As many outputs as inputs, whose sums fit 32 bits. `conv.biases` are mr_dsp_output, as four
 * int32_t, one a channel and those that fill up the last four.
 */
typedef struct mr_depthwise_conv_2d_s16_helium_params {
    mr_depthwise_conv_2d conv;
    int16_t least;
    int16_t most;
} mr_depthwise_conv_2d_s16_helium_params;

mr_status mr_depthwise_conv_2d_s16_helium(const mr_context *context, const void *params,
                                          mr_band band);

#endif
