/* SPDX-License-Identifier: MIT-0 */
#include "elementwise.h"

#include "requantize.h"

#define MR_ADD_HEADROOM 20

/* Computes one run: element i of both operands is read before element i of the output is written,
 * so that the output may lie over an operand. */
typedef void run_function(const void *params, const void *in1, const void *in2, void *out);

static void for_each_run(const mr_context *context, const mr_spread *spread, mr_band band,
                         uint32_t element_size, const void *params, run_function *run)
{
    uint32_t step1 = spread->run_step[0] * element_size;
    uint32_t step2 = spread->run_step[1] * element_size;
    uint32_t out_step = spread->length * element_size;
    for (uint32_t row = band.first; row < band.first + band.count; row++) {
        uint32_t image = row / spread->lines;
        uint32_t line = row % spread->lines;
        uint32_t row1 = image * spread->image_step[0] + line * spread->line_step[0];
        uint32_t row2 = image * spread->image_step[1] + line * spread->line_step[1];
        const uint8_t *in1 = mr_row_in(context, &spread->input1, row1);
        const uint8_t *in2 = mr_row_in(context, &spread->input2, row2);
        uint8_t *out = mr_row_out(context, &spread->output, row);
        for (uint32_t i = 0; i < spread->runs; i++) {
            run(params, in1, in2, out);
            in1 += step1;
            in2 += step2;
            out += out_step;
        }
    }
}

/*
 * value * multiplier / 2^(32 + shift), rounded twice like mr_requantize, of which this is a case:
 * it is faster because shift >= 1 and the bits of headroom allow doubling the value beforehand.
 */
static inline int32_t scale_down(int32_t value, int32_t multiplier, int32_t shift)
{
    int32_t high = (int32_t)(((int64_t)value * multiplier + ((int64_t)1 << 31)) >> 32);
    return (((high + (high >> 31)) >> (shift - 1)) + 1) >> 1;
}

static inline int8_t narrow(const mr_add_s8_params *p, int32_t sum)
{
    int32_t value = scale_down(sum * 2, p->output_multiplier, p->output_shift);
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
        out[i] = narrow(&q, wide1 + scale_down(wide2, q.multiplier2, q.shift2));
    }
}

static void add_one_s8(const mr_add_s8_params *p, const int8_t *in1, int8_t one, int8_t *out)
{
    const mr_add_s8_params q = *p;
    int32_t offset1 = q.offset1 * (2 << MR_ADD_HEADROOM);
    int32_t wide2 = (one + q.offset2) * (2 << MR_ADD_HEADROOM);
    int32_t fixed = scale_down(wide2, q.multiplier2, q.shift2);
    for (uint32_t i = 0; i < q.spread.length; i++) {
        int32_t wide1 = in1[i] * (2 << MR_ADD_HEADROOM) + offset1;
        out[i] = narrow(&q, scale_down(wide1, q.multiplier1, q.shift1) + fixed);
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
    for_each_run(context, &p->spread, band, sizeof(int8_t), p, add_run_s8);
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
    for_each_run(context, &p->spread, band, sizeof(int8_t), p, mul_run_s8);
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
    for_each_run(context, &p->spread, band, sizeof(float), p, add_run_f32);
    return MR_OK;
}

mr_status mr_mul_f32(const mr_context *context, const void *params, mr_band band)
{
    const mr_elementwise_f32_params *p = params;
    for_each_run(context, &p->spread, band, sizeof(float), p, mul_run_f32);
    return MR_OK;
}
