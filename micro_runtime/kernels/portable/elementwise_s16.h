/* SPDX-License-Identifier: MIT-0 */
/* Operators on two operands of int16, whose zero points are 0. */
#ifndef MICROLITH_PORTABLE_ELEMENTWISE_S16_H
#define MICROLITH_PORTABLE_ELEMENTWISE_S16_H

#include "elementwise.h"
#include "kernel.h"

/* As mr_add_s8_params, with MR_ADD_HEADROOM_S16 more bits. */
typedef struct mr_add_s16_params {
    mr_spread spread;
    int32_t multiplier1, shift1;
    int32_t multiplier2, shift2;
    int32_t output_multiplier, output_shift;
    int32_t low, high;
} mr_add_s16_params;

/* The second operand is shifted to the right, which rounds halves away from zero. */
typedef struct mr_add_shifted_s16_params {
    mr_spread spread;
    int32_t shift2;
    int32_t low, high;
} mr_add_shifted_s16_params;

typedef struct mr_mul_s16_params {
    mr_spread spread;
    int32_t multiplier, shift;
    int32_t low, high;
} mr_mul_s16_params;

mr_status mr_add_s16(const mr_context *context, const void *params, mr_band band);
mr_status mr_add_shifted_s16(const mr_context *context, const void *params, mr_band band);
mr_status mr_mul_s16(const mr_context *context, const void *params, mr_band band);

#endif
