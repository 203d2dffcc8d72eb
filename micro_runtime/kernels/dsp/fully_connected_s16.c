/* SPDX-License-Identifier: MIT-0 */
/*
 * Fully connected layers of int16 with int8 weights, four units at a time. Products add up in 32
 * bits as long as they surely fit, and move to 64 before more come.
 */
#include "fully_connected_s16.h"

#include <string.h>

#include "dsp.h"
#include "kernels/portable/requantize_double.h"
#include "kernels/portable/requantize_s16.h"

#define UNITS 4u
#define BLOCK 4u /* elements in a word of weights */

/* Blocks whose products surely fit 32 bits. */
#define MOST_BLOCKS (MR_S16_PRODUCTS / BLOCK)

static inline uint32_t word(const void *at)
{
    uint32_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

static inline int32_t multiply_word(const int8_t *weights, uint32_t x01, uint32_t x23, int32_t sum)
{
    uint32_t four = word(weights);
    sum = mr_smlad(mr_sxtab16(0, four), x01, sum);
    return mr_smlad(mr_sxtab16_ror8(0, four), x23, sum);
}

/* Adds the products of some blocks for four units; returns the weights behind them. */
static const int8_t *multiply_blocks(const int16_t *input, const int16_t *end,
                                     const int8_t *weights, int32_t sums[UNITS])
{
    int32_t a = sums[0], b = sums[1], c = sums[2], d = sums[3];
    for (; input != end; input += BLOCK, weights += UNITS * BLOCK) {
        uint32_t x01 = word(input), x23 = word(input + 2);
        a = multiply_word(weights, x01, x23, a);
        b = multiply_word(weights + BLOCK, x01, x23, b);
        c = multiply_word(weights + 2 * BLOCK, x01, x23, c);
        d = multiply_word(weights + 3 * BLOCK, x01, x23, d);
    }
    sums[0] = a, sums[1] = b, sums[2] = c, sums[3] = d;
    return weights;
}

/* The products of all elements for four units; returns the weights of the next ones. */
static const int8_t *multiply(const int16_t *input, uint32_t depth, const int8_t *weights,
                              int64_t totals[UNITS])
{
    int32_t sums[UNITS] = {0};
    for (uint32_t left = depth / BLOCK, count; left != 0; left -= count) {
        count = left < MOST_BLOCKS ? left : MOST_BLOCKS;
        weights = multiply_blocks(input, input + BLOCK * count, weights, sums);
        input += BLOCK * count;
        mr_carry_s16(totals, sums, UNITS);
    }
    if (depth % BLOCK != 0) {
        int16_t rest[BLOCK] = {0};
        memcpy(rest, input, depth % BLOCK * sizeof(int16_t));
        weights = multiply_blocks(rest, rest + BLOCK, weights, sums);
        mr_carry_s16(totals, sums, UNITS);
    }
    return weights;
}

static void connect(const mr_context *context, const mr_fully_connected_s16_dsp_params *p,
                    const int16_t *input, int16_t *output)
{
    const int8_t *weights = mr_data_at(context, p->weights);
    const int64_t *biases = mr_data_at(context, p->biases);
    const uint32_t *mantissas = mr_data_at(context, p->mantissas);
    const int16_t *shifts = mr_data_at(context, p->shifts);
    for (uint32_t first = 0; first < p->units; first += UNITS) {
        int64_t totals[UNITS] = {0};
        weights = multiply(input, p->depth, weights, totals);
        for (uint32_t lane = 0; lane < UNITS && first + lane < p->units; lane++) {
            uint32_t unit = first + lane, entry = p->per_unit != 0 ? unit : 0;
            int64_t acc = totals[lane] + biases[unit];
            int32_t scaled = mr_requantize_double(acc, &mantissas[2u * entry], shifts[entry]);
            output[unit] = mr_output_s16(scaled, p->least, p->most);
        }
    }
}

mr_status mr_fully_connected_s16_dsp(const mr_context *context, const void *params, mr_band band)
{
    const mr_fully_connected_s16_dsp_params *p = params;
    const int16_t *input = mr_data_at(context, p->input);
    int16_t *output = mr_arena_at(context, p->output);
    (void)band;
    for (uint32_t batch = 0; batch < p->batches; batch++) {
        connect(context, p, input, output);
        input += p->depth;
        output += p->units;
    }
    return MR_OK;
}
