/* SPDX-License-Identifier: MIT-0 */
/* Means of int16, four neighbours at a time as in reduce.c. */
#include "reduce_s16.h"

#include "mean_lanes.h"
#include "requantize.h"

static void sum_lanes(const mr_reduction *r, const int16_t *in, const mr_mean_lanes *at,
                      int32_t *sums)
{
    const uint32_t b = at->b, c = at->c, d = at->d;
    int32_t sum_a = 0, sum_b = 0, sum_c = 0, sum_d = 0;
    for (uint32_t i = 0; i < r->reduced[0]; i++) {
        for (uint32_t j = 0; j < r->reduced[1]; j++) {
            const int16_t *x = in + i * r->reduced_step[0] + j * r->reduced_step[1];
            for (uint32_t k = r->reduced[2]; k > 0; k--, x += r->reduced_step[2]) {
                sum_a += x[0];
                sum_b += x[b];
                sum_c += x[c];
                sum_d += x[d];
            }
        }
    }
    sums[0] = sum_a;
    sums[1] = sum_b;
    sums[2] = sum_c;
    sums[3] = sum_d;
}

static int16_t *mean_line(const mr_mean_s16_params *p, const int16_t *in, int16_t *out)
{
    const mr_reduction *r = &p->reduction;
    for (uint32_t left = r->kept[2]; left > 0;) {
        int32_t sums[4];
        const mr_mean_lanes at = mr_mean_take(r, left);
        sum_lanes(r, in, &at, sums);
        for (uint32_t i = 0; i < at.count; i++) {
            int32_t mean = mr_requantize(sums[i], p->multiplier, p->shift);
            *out++ = (int16_t)mr_clamp(mean, INT16_MIN, INT16_MAX);
        }
        left -= at.count;
        in += at.count * r->kept_step[2];
    }
    return out;
}

mr_status mr_mean_s16(const mr_context *context, const void *params, mr_band band)
{
    const mr_mean_s16_params *p = params;
    const mr_reduction *r = &p->reduction;
    const int16_t *in = mr_data_at(context, r->input);
    int16_t *out = mr_arena_at(context, r->output);
    (void)band;
    for (uint32_t i = 0; i < r->kept[0]; i++) {
        for (uint32_t j = 0; j < r->kept[1]; j++) {
            out = mean_line(p, in + i * r->kept_step[0] + j * r->kept_step[1], out);
        }
    }
    return MR_OK;
}
