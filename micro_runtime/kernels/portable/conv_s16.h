/* SPDX-License-Identifier: MIT-0 */
/* Convolutions of int16 with int8 weights. */
#ifndef MICROLITH_PORTABLE_CONV_S16_H
#define MICROLITH_PORTABLE_CONV_S16_H

#include "conv.h"
#include "kernel.h"

/* Biases are int64_t, multipliers int32_t, shifts int8_t. */
typedef struct mr_conv_2d_s16_params {
    mr_conv_2d conv;
    mr_ref multipliers;
    mr_ref shifts;
    int16_t least;
    int16_t most;
} mr_conv_2d_s16_params;

/* Multipliers and shifts are for mr_requantize_s64. */
mr_status mr_conv_2d_s16(const mr_context *context, const void *params, mr_band band);

/* The same for layers with biases of 32 bits: multipliers and shifts are for mr_requantize. */
mr_status mr_conv_2d_narrow_s16(const mr_context *context, const void *params, mr_band band);

#endif
