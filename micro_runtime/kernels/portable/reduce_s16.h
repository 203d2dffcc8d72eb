/* SPDX-License-Identifier: MIT-0 */
/* Reductions of int16, whose zero point is 0: MEAN. */
#ifndef MICROLITH_PORTABLE_REDUCE_S16_H
#define MICROLITH_PORTABLE_REDUCE_S16_H

#include "kernel.h"
#include "reduce.h"

typedef struct mr_mean_s16_params {
    mr_reduction reduction;
    int32_t multiplier, shift;
} mr_mean_s16_params;

mr_status mr_mean_s16(const mr_context *context, const void *params, mr_band band);

#endif
