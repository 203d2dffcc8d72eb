/* SPDX-License-Identifier: MIT-0 */
/* What all kernels for averages over a whole image share: all but the sum of a row. */
#ifndef MICROLITH_PORTABLE_GLOBAL_AVERAGE_H
#define MICROLITH_PORTABLE_GLOBAL_AVERAGE_H

#include "global_pooling.h"
#include "requantize.h"

/* Adds a row of `width` pixels to the sums of its channels. */
typedef void mr_add_row_s8(int32_t *sums, const int8_t *row, uint32_t width, uint32_t channels);

static inline void mr_global_average_s8(const mr_context *context,
                                        const mr_global_average_pool_s8_params *p, mr_band band,
                                        mr_add_row_s8 *add_row)
{
    int32_t *sums = mr_arena_at(context, p->sums);
    if (band.first == 0) {
        for (uint32_t c = 0; c < p->channels; c++) {
            sums[c] = 0;
        }
    }
    uint32_t end = band.first + band.count;
    for (uint32_t row = band.first; row < end && row < p->height; row++) {
        add_row(sums, mr_row_in(context, &p->input, row), p->width, p->channels);
    }
    if (end <= p->height) {
        return;
    }
    int8_t *out = mr_arena_at(context, p->output);
    const int32_t count = p->height * p->width, half = count / 2;
    for (uint32_t c = 0; c < p->channels; c++) {
        int32_t mean = (sums[c] > 0 ? sums[c] + half : sums[c] - half) / count;
        out[c] = (int8_t)mr_clamp(mean, p->low, p->high);
    }
}

#endif
