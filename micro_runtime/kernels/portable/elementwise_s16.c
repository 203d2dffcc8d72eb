/* SPDX-License-Identifier: MIT-0 */
/* ADD and MUL of int16: the arithmetic of elementwise.c without zero points. */
#include "elementwise_s16.h"

#include "requantize.h"
#include "spread_runs.h"

#define MR_ADD_HEADROOM_S16 15

static inline int16_t narrow(const mr_add_s16_params *p, int32_t sum)
{
    int32_t value = mr_scale_down(sum * 2, p->output_multiplier, p->output_shift);
    return (int16_t)mr_clamp(value, p->low, p->high);
}

/* The first operand has the larger scale, which is half the common one: it needs no multiplier. */
static void add_pairs(const mr_add_s16_params *p, const int16_t *in1, const int16_t *in2,
                      int16_t *out)
{
    const mr_add_s16_params q = *p; /* a copy: what is stored may not lie in it */
    for (uint32_t i = 0; i < q.spread.length; i++) {
        int32_t wide1 = in1[i] * (1 << (MR_ADD_HEADROOM_S16 - 1));
        int32_t wide2 = in2[i] * (2 << MR_ADD_HEADROOM_S16);
        out[i] = narrow(&q, wide1 + mr_scale_down(wide2, q.multiplier2, q.shift2));
    }
}

static void add_one(const mr_add_s16_params *p, const int16_t *in1, int16_t one, int16_t *out)
{
    const mr_add_s16_params q = *p;
    int32_t fixed = mr_scale_down(one * (2 << MR_ADD_HEADROOM_S16), q.multiplier2, q.shift2);
    for (uint32_t i = 0; i < q.spread.length; i++) {
        int32_t wide1 = in1[i] * (2 << MR_ADD_HEADROOM_S16);
        out[i] = narrow(&q, mr_scale_down(wide1, q.multiplier1, q.shift1) + fixed);
    }
}

static void add_run(const void *params, const void *in1, const void *in2, void *out)
{
    const mr_add_s16_params *p = params;
    if (p->spread.step2 != 0) {
        add_pairs(p, in1, in2, out);
    } else {
        add_one(p, in1, *(const int16_t *)in2, out);
    }
}

mr_status mr_add_s16(const mr_context *context, const void *params, mr_band band)
{
    const mr_add_s16_params *p = params;
    mr_for_each_run(context, &p->spread, band, sizeof(int16_t), p, add_run);
    return MR_OK;
}

static void add_shifted_run(const void *params, const void *in1, const void *in2, void *out)
{
    const mr_add_shifted_s16_params p = *(const mr_add_shifted_s16_params *)params;
    const int16_t *a = in1;
    const int16_t *b = in2;
    int16_t *sum = out;
    for (uint32_t i = 0; i < p.spread.length; i++, b += p.spread.step2) {
        int32_t moved = *b + (*b >> 15) * (p.shift2 != 0); /* halves of negative numbers go down */
        int32_t half = (1 << p.shift2) >> 1;
        int32_t value = mr_clamp(a[i] + ((moved + half) >> p.shift2), INT16_MIN, INT16_MAX);
        sum[i] = (int16_t)mr_clamp(value, p.low, p.high);
    }
}

mr_status mr_add_shifted_s16(const mr_context *context, const void *params, mr_band band)
{
    const mr_add_shifted_s16_params *p = params;
    mr_for_each_run(context, &p->spread, band, sizeof(int16_t), p, add_shifted_run);
    return MR_OK;
}

static void mul_run(const void *params, const void *in1, const void *in2, void *out)
{
    const mr_mul_s16_params p = *(const mr_mul_s16_params *)params;
    const int16_t *a = in1;
    const int16_t *b = in2;
    int16_t *product = out;
    for (uint32_t i = 0; i < p.spread.length; i++, b += p.spread.step2) {
        int32_t value = mr_requantize(a[i] * *b, p.multiplier, p.shift);
        product[i] = (int16_t)mr_clamp(value, p.low, p.high);
    }
}

mr_status mr_mul_s16(const mr_context *context, const void *params, mr_band band)
{
    const mr_mul_s16_params *p = params;
    mr_for_each_run(context, &p->spread, band, sizeof(int16_t), p, mul_run);
    return MR_OK;
}
