/* SPDX-License-Identifier: MIT-0 */
/* Pools of int16. */
#ifndef MICROLITH_PORTABLE_POOLING_S16_H
#define MICROLITH_PORTABLE_POOLING_S16_H

#include "kernel.h"
#include "pooling.h"

/* Results are clamped to [low, high]. */
typedef struct mr_pool_s16_params {
    mr_pool pool;
    int32_t low, high;
} mr_pool_s16_params;

mr_status mr_average_pool_s16(const mr_context *context, const void *params, mr_band band);
mr_status mr_max_pool_s16(const mr_context *context, const void *params, mr_band band);

#endif
