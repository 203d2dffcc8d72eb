/* SPDX-License-Identifier: MIT-0 */
/*
 * Pools. Elements outside the image count for nothing. Channels are reduced four at a time, so
 * that a tap's address is computed once for four elements; past the last channel a lane reads the
 * last one again, which spares a loop of its own.
 */
#include "pooling.h"

#include "pool_walk.h"
#include "requantize.h"

static inline int32_t larger_s32(int32_t a, int32_t b)
{
    return a > b ? a : b;
}

static inline float larger_f32(float a, float b)
{
    return a > b ? a : b;
}

static inline float clamp(float value, float low, float high)
{
    value = value < low ? low : value;
    return value > high ? high : value;
}

/* Averages are rounded to the nearest, halves away from zero. */
static void average_s8(const mr_pool_s8_params *p, const mr_pool_walk *at, uint32_t channel,
                       int8_t *out)
{
    const uint32_t channels = p->pool.channels, last = channels - 1 - channel;
    const uint32_t b = mr_pool_lane(1, last), c = mr_pool_lane(2, last), d = mr_pool_lane(3, last);
    int32_t sum_a = 0, sum_b = 0, sum_c = 0, sum_d = 0;
    for (uint32_t y = 0; y < at->row_count; y++) {
        const int8_t *tap = (const int8_t *)at->rows[y] + at->first * channels + channel;
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
        out[i] = (int8_t)mr_clamp(mean, p->low, p->high);
    }
}

mr_status mr_average_pool_s8(const mr_context *context, const void *params, mr_band band)
{
    const mr_pool_s8_params *p = params;
    const uint32_t pixel_bytes = p->pool.channels;
    mr_pool_walk at = mr_pool_start(context, &p->pool, band);
    for (int8_t *out = mr_pool_next(&at, pixel_bytes); out != NULL;
         out = mr_pool_next(&at, pixel_bytes)) {
        for (uint32_t channel = 0; channel < p->pool.channels; channel += 4) {
            average_s8(p, &at, channel, out + channel);
        }
    }
    return MR_OK;
}

static void max_s8(const mr_pool_s8_params *p, const mr_pool_walk *at, uint32_t channel,
                   int8_t *out)
{
    const uint32_t channels = p->pool.channels, last = channels - 1 - channel;
    const uint32_t b = mr_pool_lane(1, last), c = mr_pool_lane(2, last), d = mr_pool_lane(3, last);
    int32_t max_a = p->low, max_b = max_a, max_c = max_a, max_d = max_a;
    for (uint32_t y = 0; y < at->row_count; y++) {
        const int8_t *tap = (const int8_t *)at->rows[y] + at->first * channels + channel;
        for (uint32_t x = at->columns; x > 0; x--, tap += channels) {
            max_a = larger_s32(max_a, tap[0]);
            max_b = larger_s32(max_b, tap[b]);
            max_c = larger_s32(max_c, tap[c]);
            max_d = larger_s32(max_d, tap[d]);
        }
    }
    const int32_t maxima[4] = {max_a, max_b, max_c, max_d};
    for (uint32_t i = 0; i <= d; i++) {
        out[i] = (int8_t)mr_clamp(maxima[i], p->low, p->high);
    }
}

mr_status mr_max_pool_s8(const mr_context *context, const void *params, mr_band band)
{
    const mr_pool_s8_params *p = params;
    const uint32_t pixel_bytes = p->pool.channels;
    mr_pool_walk at = mr_pool_start(context, &p->pool, band);
    for (int8_t *out = mr_pool_next(&at, pixel_bytes); out != NULL;
         out = mr_pool_next(&at, pixel_bytes)) {
        for (uint32_t channel = 0; channel < p->pool.channels; channel += 4) {
            max_s8(p, &at, channel, out + channel);
        }
    }
    return MR_OK;
}

static void average_f32(const mr_pool_f32_params *p, const mr_pool_walk *at, uint32_t channel,
                        float *out)
{
    const uint32_t channels = p->pool.channels, last = channels - 1 - channel;
    const uint32_t b = mr_pool_lane(1, last), c = mr_pool_lane(2, last), d = mr_pool_lane(3, last);
    float sum_a = 0, sum_b = 0, sum_c = 0, sum_d = 0;
    for (uint32_t y = 0; y < at->row_count; y++) {
        const float *tap = (const float *)at->rows[y] + at->first * channels + channel;
        for (uint32_t x = at->columns; x > 0; x--, tap += channels) {
            sum_a += tap[0];
            sum_b += tap[b];
            sum_c += tap[c];
            sum_d += tap[d];
        }
    }
    const float sums[4] = {sum_a, sum_b, sum_c, sum_d};
    const float count = (float)(at->row_count * at->columns);
    for (uint32_t i = 0; i <= d; i++) {
        out[i] = clamp(sums[i] / count, p->low, p->high);
    }
}

mr_status mr_average_pool_f32(const mr_context *context, const void *params, mr_band band)
{
    const mr_pool_f32_params *p = params;
    const uint32_t pixel_bytes = p->pool.channels * (uint32_t)sizeof(float);
    mr_pool_walk at = mr_pool_start(context, &p->pool, band);
    for (float *out = mr_pool_next(&at, pixel_bytes); out != NULL;
         out = mr_pool_next(&at, pixel_bytes)) {
        for (uint32_t channel = 0; channel < p->pool.channels; channel += 4) {
            average_f32(p, &at, channel, out + channel);
        }
    }
    return MR_OK;
}

static void max_f32(const mr_pool_f32_params *p, const mr_pool_walk *at, uint32_t channel,
                    float *out)
{
    const uint32_t channels = p->pool.channels, last = channels - 1 - channel;
    const uint32_t b = mr_pool_lane(1, last), c = mr_pool_lane(2, last), d = mr_pool_lane(3, last);
    float max_a = p->low, max_b = max_a, max_c = max_a, max_d = max_a;
    for (uint32_t y = 0; y < at->row_count; y++) {
        const float *tap = (const float *)at->rows[y] + at->first * channels + channel;
        for (uint32_t x = at->columns; x > 0; x--, tap += channels) {
            max_a = larger_f32(max_a, tap[0]);
            max_b = larger_f32(max_b, tap[b]);
            max_c = larger_f32(max_c, tap[c]);
            max_d = larger_f32(max_d, tap[d]);
        }
    }
    const float maxima[4] = {max_a, max_b, max_c, max_d};
    for (uint32_t i = 0; i <= d; i++) {
        out[i] = clamp(maxima[i], p->low, p->high);
    }
}

mr_status mr_max_pool_f32(const mr_context *context, const void *params, mr_band band)
{
    const mr_pool_f32_params *p = params;
    const uint32_t pixel_bytes = p->pool.channels * (uint32_t)sizeof(float);
    mr_pool_walk at = mr_pool_start(context, &p->pool, band);
    for (float *out = mr_pool_next(&at, pixel_bytes); out != NULL;
         out = mr_pool_next(&at, pixel_bytes)) {
        for (uint32_t channel = 0; channel < p->pool.channels; channel += 4) {
            max_f32(p, &at, channel, out + channel);
        }
    }
    return MR_OK;
}
