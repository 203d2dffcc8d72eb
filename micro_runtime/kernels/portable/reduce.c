/* SPDX-License-Identifier: MIT-0 */
/*
 * Means. Four neighbours of the innermost kept axis are summed at a time; past its end a lane reads
 * the last one again.
 */
#include "reduce.h"

#include "mean_lanes.h"
#include "requantize.h"

static void sum_s8(const mr_reduction *r, const int8_t *in, const mr_mean_lanes *at, int32_t *sums)
{
    const uint32_t b = at->b, c = at->c, d = at->d;
    int32_t sum_a = 0, sum_b = 0, sum_c = 0, sum_d = 0;
    for (uint32_t i = 0; i < r->reduced[0]; i++) {
        for (uint32_t j = 0; j < r->reduced[1]; j++) {
            const int8_t *x = in + i * r->reduced_step[0] + j * r->reduced_step[1];
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

static int8_t *mean_line_s8(const mr_mean_s8_params *p, const int8_t *in, int8_t *out)
{
    const mr_reduction *r = &p->reduction;
    for (uint32_t left = r->kept[2]; left > 0;) {
        int32_t sums[4];
        const mr_mean_lanes at = mr_mean_take(r, left);
        sum_s8(r, in, &at, sums);
        for (uint32_t i = 0; i < at.count; i++) {
            int32_t mean = mr_requantize(sums[i] + p->bias, p->multiplier, p->shift);
            *out++ = (int8_t)mr_clamp(mean + p->output_offset, INT8_MIN, INT8_MAX);
        }
        left -= at.count;
        in += at.count * r->kept_step[2];
    }
    return out;
}

mr_status mr_mean_s8(const mr_context *context, const void *params, mr_band band)
{
    const mr_mean_s8_params *p = params;
    const mr_reduction *r = &p->reduction;
    const int8_t *in = mr_data_at(context, r->input);
    int8_t *out = mr_arena_at(context, r->output);
    (void)band;
    for (uint32_t i = 0; i < r->kept[0]; i++) {
        for (uint32_t j = 0; j < r->kept[1]; j++) {
            out = mean_line_s8(p, in + i * r->kept_step[0] + j * r->kept_step[1], out);
        }
    }
    return MR_OK;
}

static void sum_f32(const mr_reduction *r, const float *in, const mr_mean_lanes *at, float *sums)
{
    const uint32_t b = at->b, c = at->c, d = at->d;
    float sum_a = 0, sum_b = 0, sum_c = 0, sum_d = 0;
    for (uint32_t i = 0; i < r->reduced[0]; i++) {
        for (uint32_t j = 0; j < r->reduced[1]; j++) {
            const float *x = in + i * r->reduced_step[0] + j * r->reduced_step[1];
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

static float *mean_line_f32(const mr_mean_f32_params *p, const float *in, float *out)
{
    const mr_reduction *r = &p->reduction;
    for (uint32_t left = r->kept[2]; left > 0;) {
        float sums[4];
        const mr_mean_lanes at = mr_mean_take(r, left);
        sum_f32(r, in, &at, sums);
        for (uint32_t i = 0; i < at.count; i++) {
            *out++ = sums[i] / p->count;
        }
        left -= at.count;
        in += at.count * r->kept_step[2];
    }
    return out;
}

mr_status mr_mean_f32(const mr_context *context, const void *params, mr_band band)
{
    const mr_mean_f32_params *p = params;
    const mr_reduction *r = &p->reduction;
    const float *in = mr_data_at(context, r->input);
    float *out = mr_arena_at(context, r->output);
    (void)band;
    for (uint32_t i = 0; i < r->kept[0]; i++) {
        for (uint32_t j = 0; j < r->kept[1]; j++) {
            out = mean_line_f32(p, in + i * r->kept_step[0] + j * r->kept_step[1], out);
        }
    }
    return MR_OK;
}
