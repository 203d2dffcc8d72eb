/* SPDX-License-Identifier: MIT-0 */
#include "softmax.h"

#include <math.h>

#include "requantize.h"

/* 1 / (1 + x) for x in [0, 1), both in Q0.31: three Newton steps from 48/17 - 32/17 * (1 + x)/2. */
static int32_t reciprocal(int32_t x)
{
    const int32_t half_denominator = (x >> 1) + (1 << 30);
    int32_t y = 1515870810 + mr_requantize(-1010580540, half_denominator, 0); /* Q2.29 */
    for (int step = 0; step < 3; step++) {
        int32_t error = (1 << 29) - mr_requantize(y, half_denominator, 0);
        y += 4 * mr_requantize(error, y, 0);
    }
    return y < 1 << 30 ? 2 * y : INT32_MAX;
}

static uint32_t exponential(const mr_softmax_s8_params *p, const uint32_t *table, int32_t below)
{
    return (uint32_t)below < p->exponential_count ? table[below] : 0;
}

static void softmax_row_s8(const mr_softmax_s8_params *p, const uint32_t *table, const int8_t *in,
                           int8_t *out)
{
    int32_t largest = INT8_MIN;
    for (uint32_t i = 0; i < p->depth; i++) {
        largest = in[i] > largest ? in[i] : largest;
    }
    uint32_t sum = 0; /* Q12.19 */
    for (uint32_t i = 0; i < p->depth; i++) {
        sum += (exponential(p, table, largest - in[i]) + (1u << 11)) >> 12;
    }
    /* sum = (1 + x) * 2^(34 - 22 - shift) with x in Q0.31; at least 1, the largest one's share. */
    uint32_t shift = 34;
    for (; sum < 1u << 31; sum <<= 1) {
        shift--;
    }
    const int32_t scale = reciprocal((int32_t)(sum - (1u << 31)));
    shift = shift > 31 ? 31 : shift; /* the result is 0 already */
    for (uint32_t i = 0; i < p->depth; i++) {
        uint32_t share =
            (uint32_t)mr_requantize((int32_t)exponential(p, table, largest - in[i]), scale, 0);
        int32_t rounded = (int32_t)(((share >> shift) + 1) >> 1);
        out[i] = (int8_t)mr_clamp(rounded + INT8_MIN, INT8_MIN, INT8_MAX);
    }
}

mr_status mr_softmax_s8(const mr_context *context, const void *params, mr_band band)
{
    const mr_softmax_s8_params *p = params;
    const uint32_t *table = mr_data_at(context, p->exponentials);
    const int8_t *in = mr_data_at(context, p->input);
    int8_t *out = mr_arena_at(context, p->output);
    (void)band;
    for (uint32_t row = 0; row < p->rows; row++, in += p->depth, out += p->depth) {
        softmax_row_s8(p, table, in, out);
    }
    return MR_OK;
}

static void softmax_row_f32(const mr_softmax_f32_params *p, const float *in, float *out)
{
    float largest = in[0];
    for (uint32_t i = 1; i < p->depth; i++) {
        largest = in[i] > largest ? in[i] : largest;
    }
    float sum = 0;
    for (uint32_t i = 0; i < p->depth; i++) {
        out[i] = expf((in[i] - largest) * p->beta);
        sum += out[i];
    }
    for (uint32_t i = 0; i < p->depth; i++) {
        out[i] = out[i] / sum;
    }
}

mr_status mr_softmax_f32(const mr_context *context, const void *params, mr_band band)
{
    const mr_softmax_f32_params *p = params;
    const float *in = mr_data_at(context, p->input);
    float *out = mr_arena_at(context, p->output);
    (void)band;
    for (uint32_t row = 0; row < p->rows; row++, in += p->depth, out += p->depth) {
        softmax_row_f32(p, in, out);
    }
    return MR_OK;
}
