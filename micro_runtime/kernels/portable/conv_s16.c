/* SPDX-License-Identifier: MIT-0 */
/*
 * Convolutions of int16 with int8 weights: two output pixels side by side, four channels at a time,
 * as in conv.c. Products add up in 32 bits as long as they surely fit, and move to 64 before more
 * come.
 */
#include "conv_s16.h"

#include "conv_pairs.h"
#include "requantize_s16.h"

#define SUMS (2u * MR_LANES)

typedef int32_t scale_sum(int64_t acc, int32_t multiplier, int32_t shift);

/* Adds `count` products for each lane and pixel; returns the weights behind them. */
static inline const int8_t *multiply_run(const int16_t *x0, const int16_t *x1,
                                         const int8_t *weights, uint32_t count, int32_t *sums)
{
    int32_t a0 = sums[0], b0 = sums[1], c0 = sums[2], d0 = sums[3];
    int32_t a1 = sums[4], b1 = sums[5], c1 = sums[6], d1 = sums[7];
    for (const int8_t *end = weights + count * MR_LANES; weights != end; weights += MR_LANES) {
        int32_t x = *x0++, y = *x1++;
        a0 += x * weights[0], a1 += y * weights[0];
        b0 += x * weights[1], b1 += y * weights[1];
        c0 += x * weights[2], c1 += y * weights[2];
        d0 += x * weights[3], d1 += y * weights[3];
    }
    sums[0] = a0, sums[1] = b0, sums[2] = c0, sums[3] = d0;
    sums[4] = a1, sums[5] = b1, sums[6] = c1, sums[7] = d1;
    return weights;
}

/* Adds the products of both windows with a block of weights; returns the next block. */
static const int8_t *multiply_windows(const mr_pair *at, const int8_t *weights, int64_t *totals)
{
    int32_t sums[SUMS] = {0};
    uint32_t room = MR_S16_PRODUCTS;
    for (uint32_t k = 0; k < at->rows; k++) {
        const int16_t *x0 = (const void *)((const uint8_t *)at->starts[0][k] + at->offsets[0]);
        const int16_t *x1 = (const void *)((const uint8_t *)at->starts[1][k] + at->offsets[1]);
        for (uint32_t left = at->run, count; left != 0; left -= count) {
            if (room == 0) {
                mr_carry_s16(totals, sums, SUMS);
                room = MR_S16_PRODUCTS;
            }
            count = left < room ? left : room;
            weights = multiply_run(x0, x1, weights, count, sums);
            x0 += count, x1 += count, room -= count;
        }
    }
    mr_carry_s16(totals, sums, SUMS);
    return weights;
}

static inline void compute_pair(const mr_context *context, const mr_conv_2d_s16_params *p,
                                const mr_pair *at, scale_sum *scale)
{
    uint32_t outputs = p->conv.group_outputs, first = at->group * outputs;
    uint32_t blocks = (outputs + MR_LANES - 1u) / MR_LANES * at->group;
    const int8_t *weights = mr_data_at(context, p->conv.weights);
    const int64_t *biases = mr_data_at(context, p->conv.biases);
    const int32_t *multipliers = (const int32_t *)mr_data_at(context, p->multipliers) + first;
    const int8_t *shifts = (const int8_t *)mr_data_at(context, p->shifts) + first;
    int16_t *out0 = at->outputs[0], *out1 = at->outputs[1];
    weights += blocks * MR_LANES * at->rows * at->run;
    biases += blocks * MR_LANES;
    for (uint32_t left = outputs, lanes; left != 0; left -= lanes, biases += MR_LANES) {
        int64_t totals[SUMS];
        for (uint32_t lane = 0; lane < MR_LANES; lane++) {
            totals[lane] = totals[MR_LANES + lane] = biases[lane];
        }
        weights = multiply_windows(at, weights, totals);
        lanes = left < MR_LANES ? left : MR_LANES;
        for (uint32_t lane = 0; lane < lanes; lane++) {
            int32_t multiplier = *multipliers++, shift = *shifts++;
            int32_t acc0 = scale(totals[lane], multiplier, shift);
            int32_t acc1 = scale(totals[MR_LANES + lane], multiplier, shift);
            *out0++ = mr_output_s16(acc0, p->least, p->most);
            *out1++ = mr_output_s16(acc1, p->least, p->most);
        }
    }
}

static void compute_pair_s64(const mr_context *context, const void *params, const mr_pair *at)
{
    compute_pair(context, params, at, mr_requantize_s64);
}

mr_status mr_conv_2d_s16(const mr_context *context, const void *params, mr_band band)
{
    const mr_conv_2d_s16_params *p = params;
    const mr_pair_kernel kernel = {compute_pair_s64, sizeof(int16_t), sizeof(int16_t)};
    mr_convolve(context, &p->conv, params, band, kernel);
    return MR_OK;
}

static void compute_pair_narrow(const mr_context *context, const void *params, const mr_pair *at)
{
    compute_pair(context, params, at, mr_requantize_narrow);
}

mr_status mr_conv_2d_narrow_s16(const mr_context *context, const void *params, mr_band band)
{
    const mr_conv_2d_s16_params *p = params;
    const mr_pair_kernel kernel = {compute_pair_narrow, sizeof(int16_t), sizeof(int16_t)};
    mr_convolve(context, &p->conv, params, band, kernel);
    return MR_OK;
}
