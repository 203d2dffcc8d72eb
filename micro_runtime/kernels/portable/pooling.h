/* SPDX-License-Identifier: MIT-0 */
/* Pools: AVERAGE_POOL_2D, MAX_POOL_2D. */
#ifndef MICROLITH_PORTABLE_POOLING_H
#define MICROLITH_PORTABLE_POOLING_H

#include "kernel.h"

typedef struct mr_pool {
    mr_rows input;
    mr_rows output;
    mr_window window;
    mr_ref row_table; /* scratch: kernel_height pointers */
    uint32_t channels;
} mr_pool;

/* Results are clamped to [low, high]. */
typedef struct mr_pool_s8_params {
    mr_pool pool;
    int32_t low, high;
} mr_pool_s8_params;

typedef struct mr_pool_f32_params {
    mr_pool pool;
    float low, high;
} mr_pool_f32_params;

mr_status mr_average_pool_s8(const mr_context *context, const void *params, mr_band band);
mr_status mr_average_pool_f32(const mr_context *context, const void *params, mr_band band);
mr_status mr_max_pool_s8(const mr_context *context, const void *params, mr_band band);
mr_status mr_max_pool_f32(const mr_context *context, const void *params, mr_band band);

#endif
