/* SPDX-License-Identifier: MIT-0 */
/* Averages over a whole image, row by row as rows are computed. */
#ifndef MICROLITH_PORTABLE_GLOBAL_POOLING_H
#define MICROLITH_PORTABLE_GLOBAL_POOLING_H

#include "kernel.h"

/*
 * Rows [0, height) of the call add a row of the input to `sums` (scratch, an int32_t a channel,
 * kept from one band to the next); row `height` writes the averages, clamped to [low, high].
 */
typedef struct mr_global_average_pool_s8_params {
    mr_rows input;
    mr_ref output;
    mr_ref sums;
    uint16_t height;
    uint16_t width;
    uint16_t channels;
    int16_t low;
    int16_t high;
} mr_global_average_pool_s8_params;

mr_status mr_global_average_pool_s8(const mr_context *context, const void *params, mr_band band);

#endif
