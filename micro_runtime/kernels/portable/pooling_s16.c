/* SPDX-License-Identifier: MIT-0 */
/* Pools of int16, four channels at a time as in pooling.c. */
#include "pooling_s16.h"

#include "pool_walk.h"
#include "requantize.h"

static inline int32_t larger(int32_t a, int32_t b)
{
    return a > b ? a : b;
}

/* Averages are rounded to the nearest, halves away from zero. */
static void average(const mr_pool_s16_params *p, const mr_pool_walk *at, uint32_t channel,
                    int16_t *out)
{
    const uint32_t channels = p->pool.channels, last = channels - 1 - channel;
    const uint32_t b = mr_pool_lane(1, last), c = mr_pool_lane(2, last), d = mr_pool_lane(3, last);
    int32_t sum_a = 0, sum_b = 0, sum_c = 0, sum_d = 0;
    for (uint32_t y = 0; y < at->row_count; y++) {
        const int16_t *tap = (const int16_t *)at->rows[y] + at->first * channels + channel;
        for (uint32_t x = at->columns; x > 0; x--, tap += channels) {
            sum_a += tap[0];
            sum_b += tap[b];
            sum_c += tap[c];
            sum_d += tap[d];
        }
    }
    const int32_t sums[4] = {sum_a, sum_b, sum_c, sum_d};
    const int32_t count = (int32_t)(at->row_count * at->columns), half = count / 2;
    for (uint32_t i = 0; i <= d; i++) {
        int32_t mean = (sums[i] > 0 ? sums[i] + half : sums[i] - half) / count;
        out[i] = (int16_t)mr_clamp(mean, p->low, p->high);
    }
}

mr_status mr_average_pool_s16(const mr_context *context, const void *params, mr_band band)
{
    const mr_pool_s16_params *p = params;
    const uint32_t pixel_bytes = p->pool.channels * (uint32_t)sizeof(int16_t);
    mr_pool_walk at = mr_pool_start(context, &p->pool, band);
    int16_t *out;
    while ((out = mr_pool_next(&at, pixel_bytes)) != NULL) {
        for (uint32_t channel = 0; channel < p->pool.channels; channel += 4) {
            average(p, &at, channel, out + channel);
        }
    }
    return MR_OK;
}

static void maximum(const mr_pool_s16_params *p, const mr_pool_walk *at, uint32_t channel,
                    int16_t *out)
{
    const uint32_t channels = p->pool.channels, last = channels - 1 - channel;
    const uint32_t b = mr_pool_lane(1, last), c = mr_pool_lane(2, last), d = mr_pool_lane(3, last);
    int32_t max_a = p->low, max_b = max_a, max_c = max_a, max_d = max_a;
    for (uint32_t y = 0; y < at->row_count; y++) {
        const int16_t *tap = (const int16_t *)at->rows[y] + at->first * channels + channel;
        for (uint32_t x = at->columns; x > 0; x--, tap += channels) {
            max_a = larger(max_a, tap[0]);
            max_b = larger(max_b, tap[b]);
            max_c = larger(max_c, tap[c]);
            max_d = larger(max_d, tap[d]);
        }
    }
    const int32_t maxima[4] = {max_a, max_b, max_c, max_d};
    for (uint32_t i = 0; i <= d; i++) {
        out[i] = (int16_t)(maxima[i] > p->high ? p->high : maxima[i]);
    }
}

mr_status mr_max_pool_s16(const mr_context *context, const void *params, mr_band band)
{
    const mr_pool_s16_params *p = params;
    const uint32_t pixel_bytes = p->pool.channels * (uint32_t)sizeof(int16_t);
    mr_pool_walk at = mr_pool_start(context, &p->pool, band);
    int16_t *out;
    while ((out = mr_pool_next(&at, pixel_bytes)) != NULL) {
        for (uint32_t channel = 0; channel < p->pool.channels; channel += 4) {
            maximum(p, &at, channel, out + channel);
        }
    }
    return MR_OK;
}
