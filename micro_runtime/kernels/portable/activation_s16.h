/* SPDX-License-Identifier: MIT-0 */
/* Functions of one int16 element, whose zero point is 0: RELU, RELU6, ABS, LOGISTIC. */
#ifndef MICROLITH_PORTABLE_ACTIVATION_S16_H
#define MICROLITH_PORTABLE_ACTIVATION_S16_H

#include "activation.h"
#include "kernel.h"

/* Elements or their magnitudes are requantised and clamped to [low, high]. */
typedef struct mr_rescale_s16_params {
    mr_unary unary;
    int32_t multiplier, shift;
    int32_t low, high;
} mr_rescale_s16_params;

/*
 * Elements times multiplier * 2^-shift are in units of 1 / (24 * 512); `table` has the function of
 * i / 24 for i = 0 to 255 as uint16_t in units of 2^-16.
 */
typedef struct mr_logistic_s16_params {
    mr_unary unary;
    mr_ref table;
    int32_t multiplier, shift;
} mr_logistic_s16_params;

mr_status mr_clamp_s16(const mr_context *context, const void *params, mr_band band);
mr_status mr_abs_s16(const mr_context *context, const void *params, mr_band band);
mr_status mr_logistic_s16(const mr_context *context, const void *params, mr_band band);

#endif
