/* SPDX-License-Identifier: MIT-0 */
#include "softmax_s16.h"

#include "requantize.h"

/* The function at `value`, which is clamped to int16: entries are 128 apart, from -2^15 on. */
static int32_t look_up(const int16_t *table, int32_t value)
{
    value = mr_clamp(value, INT16_MIN, INT16_MAX);
    const int16_t *at = table + 256 + (value >> 7);
    return at[0] + (((at[1] - at[0]) * (value & 0x7f) + 64) >> 7);
}

static uint32_t leading_zeros(uint32_t value)
{
    uint32_t count = 0;
    for (; value >> 31 == 0; value <<= 1) {
        count++;
    }
    return count;
}

static void softmax_run(const mr_softmax_s16_params *p, const int16_t *exponentials,
                        const int16_t *reciprocals, const int16_t *in, int16_t *out)
{
    const uint32_t depth = p->runs.depth;
    int32_t largest = INT16_MIN;
    for (uint32_t i = 0; i < depth; i++) {
        largest = in[i] > largest ? in[i] : largest;
    }
    int32_t sum = 0; /* Q16.15; the largest element's share alone is nearly 1 */
    for (uint32_t i = 0; i < depth; i++) {
        int32_t below = mr_requantize(in[i] - largest, p->multiplier, p->shift);
        int32_t exponential = look_up(exponentials, below + INT16_MAX);
        out[i] = (int16_t)exponential;
        sum += exponential;
    }
    /* The sum is (1 + x) * 2^(15 + e); x in Q0.16 less 1/2 is looked up. */
    const uint32_t zeros = leading_zeros((uint32_t)sum);
    const int32_t normal = (int32_t)((((int64_t)sum << (zeros - 1)) + (1 << 13)) >> 14);
    const int32_t scale = look_up(reciprocals, normal - (1 << 16) - (1 << 15));
    const uint32_t shift = 31 - zeros;
    for (uint32_t i = 0; i < depth; i++) {
        int32_t share = (out[i] * scale + (1 << (shift - 1))) >> shift;
        out[i] = (int16_t)mr_clamp(share, 0, INT16_MAX);
    }
}

mr_status mr_softmax_s16(const mr_context *context, const void *params, mr_band band)
{
    const mr_softmax_s16_params *p = params;
    const int16_t *exponentials = mr_data_at(context, p->exponentials);
    const int16_t *reciprocals = mr_data_at(context, p->reciprocals);
    for (uint32_t row = band.first; row < band.first + band.count; row++) {
        const int16_t *in = mr_row_in(context, &p->runs.input, row);
        int16_t *out = mr_row_out(context, &p->runs.output, row);
        for (uint32_t run = 0; run < p->runs.count; run++) {
            softmax_run(p, exponentials, reciprocals, in, out);
            in += p->runs.depth;
            out += p->runs.depth;
        }
    }
    return MR_OK;
}
