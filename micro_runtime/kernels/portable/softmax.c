/* SPDX-License-Identifier: MIT-0 */
#include "softmax.h"

#include <math.h>

#include "requantize.h"

#define ONE_Q29 (1 << 29)
#define ONE_Q30 (1 << 30)
#define ONE_Q31 (1u << 31)

/* 1 / (1 + x) for x in [0, 1), both Q0.31: three Newton steps from 48/17 - 32/17 * (1 + x) / 2. */
static int32_t reciprocal(int32_t x)
{
    const int32_t half = ONE_Q30 + (x >> 1);                     /* (1 + x) / 2 */
    int32_t y = 1515870810 + mr_doubled_high(-1010580540, half); /* Q2.29 */
    for (int step = 0; step < 3; step++) {
        int32_t error = ONE_Q29 - mr_doubled_high(y, half);
        y += 4 * mr_doubled_high(error, y);
    }
    return y < ONE_Q30 ? 2 * y : INT32_MAX;
}

static uint32_t exponential(const mr_softmax_s8_params *p, const uint32_t *table, int32_t below)
{
    return (uint32_t)below < p->exponential_count ? table[below] : 0;
}

static void softmax_run_s8(const mr_softmax_s8_params *p, const uint32_t *table, const int8_t *in,
                           int8_t *out)
{
    const uint32_t depth = p->runs.depth;
    int32_t largest = INT8_MIN;
    for (uint32_t i = 0; i < depth; i++) {
        largest = in[i] > largest ? in[i] : largest;
    }
    uint32_t sum = 0; /* Q12.19, at least 1: the largest element's share */
    for (uint32_t i = 0; i < depth; i++) {
        sum += (exponential(p, table, largest - in[i]) + (1u << 11)) >> 12;
    }
    /*
     * The sum is (1 + x) * 2^e with x in Q0.31. A result in Q0.8 is exp / (1 + x), rounded after a
     * shift by e + 23; all but the last bit of the shift goes first, so that 31 always suffice.
     */
    uint32_t shift = 34;
    for (; sum < ONE_Q31; sum <<= 1) {
        shift--;
    }
    shift = shift > 31 ? 31 : shift;
    const int32_t scale = reciprocal((int32_t)(sum - ONE_Q31));
    for (uint32_t i = 0; i < depth; i++) {
        int32_t value = (int32_t)exponential(p, table, largest - in[i]);
        uint32_t share = (uint32_t)mr_doubled_high(value, scale);
        int32_t rounded = (int32_t)(((share >> shift) + 1) >> 1);
        out[i] = (int8_t)mr_clamp(rounded + INT8_MIN, INT8_MIN, INT8_MAX);
    }
}

mr_status mr_softmax_s8(const mr_context *context, const void *params, mr_band band)
{
    const mr_softmax_s8_params *p = params;
    const uint32_t *table = mr_data_at(context, p->exponentials);
    for (uint32_t row = band.first; row < band.first + band.count; row++) {
        const int8_t *in = mr_row_in(context, &p->runs.input, row);
        int8_t *out = mr_row_out(context, &p->runs.output, row);
        for (uint32_t run = 0; run < p->runs.count; run++) {
            softmax_run_s8(p, table, in, out);
            in += p->runs.depth;
            out += p->runs.depth;
        }
    }
    return MR_OK;
}

static void softmax_run_f32(const mr_softmax_f32_params *p, const float *in, float *out)
{
    const uint32_t depth = p->runs.depth;
    float largest = in[0];
    for (uint32_t i = 1; i < depth; i++) {
        largest = in[i] > largest ? in[i] : largest;
    }
    float sum = 0;
    for (uint32_t i = 0; i < depth; i++) {
        out[i] = expf((in[i] - largest) * p->beta);
        sum += out[i];
    }
    for (uint32_t i = 0; i < depth; i++) {
        out[i] = out[i] / sum;
    }
}

mr_status mr_softmax_f32(const mr_context *context, const void *params, mr_band band)
{
    const mr_softmax_f32_params *p = params;
    for (uint32_t row = band.first; row < band.first + band.count; row++) {
        const float *in = mr_row_in(context, &p->runs.input, row);
        float *out = mr_row_out(context, &p->runs.output, row);
        for (uint32_t run = 0; run < p->runs.count; run++) {
            softmax_run_f32(p, in, out);
            in += p->runs.depth;
            out += p->runs.depth;
        }
    }
    return MR_OK;
}
