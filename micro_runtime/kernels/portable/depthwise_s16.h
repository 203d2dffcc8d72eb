/* SPDX-License-Identifier: MIT-0 */
/* Depthwise convolutions of int16 with int8 weights. */
#ifndef MICROLITH_PORTABLE_DEPTHWISE_S16_H
#define MICROLITH_PORTABLE_DEPTHWISE_S16_H

#include "depthwise.h"
#include "kernel.h"

/* Biases are int64_t; multipliers (int32_t) and shifts (int8_t) are for mr_requantize_s64. */
typedef struct mr_depthwise_conv_2d_s16_params {
    mr_depthwise_conv_2d conv;
    mr_ref multipliers;
    mr_ref shifts;
    int16_t least;
    int16_t most;
} mr_depthwise_conv_2d_s16_params;

mr_status mr_depthwise_conv_2d_s16(const mr_context *context, const void *params, mr_band band);

#endif
