/* SPDX-License-Identifier: MIT-0 */
#include "elementwise.h"

#include "requantize.h"
#include "spread_runs.h"

#define MR_ADD_HEADROOM 20

static inline int8_t narrow(const mr_add_s8_params *p, int32_t sum)
{
    int32_t value = mr_scale_down(sum * 2, p->output_multiplier, p->output_shift);
    return (int8_t)mr_clamp(value + p->output_offset, p->low, p->high);
}

/* The first operand has the larger scale, which is half the common one: it needs no multiplier. */
static void add_pairs_s8(const mr_add_s8_params *p, const int8_t *in1, const int8_t *in2,
                         int8_t *out)
{
    const mr_add_s8_params q = *p; /* a copy: stores of int8_t may alias anything */
    int32_t offset1 = q.offset1 * (1 << (MR_ADD_HEADROOM - 1));
    int32_t offset2 = q.offset2 * (2 << MR_ADD_HEADROOM);
    for (uint32_t i = 0; i < q.spread.length; i++) {
        int32_t wide1 = in1[i] * (1 << (MR_ADD_HEADROOM - 1)) + offset1;
        int32_t wide2 = in2[i] * (2 << MR_ADD_HEADROOM) + offset2;
        out[i] = narrow(&q, wide1 + mr_scale_down(wide2, q.multiplier2, q.shift2));
    }
}

static void add_one_s8(const mr_add_s8_params *p, const int8_t *in1, int8_t one, int8_t *out)
{
    const mr_add_s8_params q = *p;
    int32_t offset1 = q.offset1 * (2 << MR_ADD_HEADROOM);
    int32_t wide2 = (one + q.offset2) * (2 << MR_ADD_HEADROOM);
    int32_t fixed = mr_scale_down(wide2, q.multiplier2, q.shift2);
    for (uint32_t i = 0; i < q.spread.length; i++) {
        int32_t wide1 = in1[i] * (2 << MR_ADD_HEADROOM) + offset1;
        out[i] = narrow(&q, mr_scale_down(wide1, q.multiplier1, q.shift1) + fixed);
    }
}

static void add_run_s8(const void *params, const void *in1, const void *in2, void *out)
{
    const mr_add_s8_params *p = params;
    if (p->spread.step2 != 0) {
        add_pairs_s8(p, in1, in2, out);
    } else {
        add_one_s8(p, in1, *(const int8_t *)in2, out);
    }
}

mr_status mr_add_s8(const mr_context *context, const void *params, mr_band band)
{
    const mr_add_s8_params *p = params;
    mr_for_each_run(context, &p->spread, band, sizeof(int8_t), p, add_run_s8);
    return MR_OK;
}

static inline int8_t scale_product(const mr_mul_s8_params *p, int32_t product)
{
    int32_t value = mr_requantize(product, p->multiplier, p->shift);
    return (int8_t)mr_clamp(value + p->output_offset, p->low, p->high);
}

static void mul_run_s8(const void *params, const void *in1, const void *in2, void *out)
{
    const mr_mul_s8_params p = *(const mr_mul_s8_params *)params;
    const int8_t *a = in1;
    const int8_t *b = in2;
    int8_t *product = out;
    uint32_t step2 = p.spread.step2;
    for (uint32_t i = 0; i < p.spread.length; i++, b += step2) {
        product[i] = scale_product(&p, (a[i] + p.offset1) * (*b + p.offset2));
    }
}

mr_status mr_mul_s8(const mr_context *context, const void *params, mr_band band)
{
    const mr_mul_s8_params *p = params;
    mr_for_each_run(context, &p->spread, band, sizeof(int8_t), p, mul_run_s8);
    return MR_OK;
}

/* Clamps as the reference does: without a fused activation an infinity becomes the largest finite
 * number; NaN stays. */
static inline float clamp_f32(float value, float low, float high)
{
    value = value < low ? low : value;
    return value > high ? high : value;
}

static void add_run_f32(const void *params, const void *in1, const void *in2, void *out)
{
    const mr_elementwise_f32_params *p = params;
    const float *a = in1;
    const float *b = in2;
    float *sum = out;
    for (uint32_t i = 0; i < p->spread.length; i++, b += p->spread.step2) {
        sum[i] = clamp_f32(a[i] + *b, p->low, p->high);
    }
}

static void mul_run_f32(const void *params, const void *in1, const void *in2, void *out)
{
    const mr_elementwise_f32_params *p = params;
    const float *a = in1;
    const float *b = in2;
    float *product = out;
    for (uint32_t i = 0; i < p->spread.length; i++, b += p->spread.step2) {
        product[i] = clamp_f32(a[i] * *b, p->low, p->high);
    }
}

mr_status mr_add_f32(const mr_context *context, const void *params, mr_band band)
{
    const mr_elementwise_f32_params *p = params;
    mr_for_each_run(context, &p->spread, band, sizeof(float), p, add_run_f32);
    return MR_OK;
}

mr_status mr_mul_f32(const mr_context *context, const void *params, mr_band band)
{
    const mr_elementwise_f32_params *p = params;
    mr_for_each_run(context, &p->spread, band, sizeof(float), p, mul_run_f32);
    return MR_OK;
}
