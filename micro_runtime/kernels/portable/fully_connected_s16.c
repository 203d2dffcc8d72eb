/* SPDX-License-Identifier: MIT-0 */
/* Fully connected layers of int16 with int8 weights, four units at a time. */
#include "fully_connected_s16.h"

#include "requantize_double.h"
#include "requantize_s16.h"
#include "unit_block.h"

/* Adds `count` products for each of the units `first` to `first` + 3, from element `start` on. */
static void multiply_block(const mr_fully_connected *layer, const int8_t *weights,
                           const int16_t *input, uint32_t first, uint32_t start, uint32_t count,
                           int32_t sums[MR_UNITS])
{
    const int8_t *w0 = weights + mr_unit_of(layer, first, 0) * layer->depth + start;
    const int8_t *w1 = weights + mr_unit_of(layer, first, 1) * layer->depth + start;
    const int8_t *w2 = weights + mr_unit_of(layer, first, 2) * layer->depth + start;
    const int8_t *w3 = weights + mr_unit_of(layer, first, 3) * layer->depth + start;
    int32_t a = 0, b = 0, c = 0, d = 0;
    input += start;
    for (const int16_t *end = input + count; input != end;) {
        int32_t x = *input++;
        a += x * *w0++;
        b += x * *w1++;
        c += x * *w2++;
        d += x * *w3++;
    }
    sums[0] = a, sums[1] = b, sums[2] = c, sums[3] = d;
}

static int64_t sum_inputs(const int16_t *input, uint32_t depth)
{
    int64_t sum = 0;
    for (uint32_t i = 0; i < depth; i++) {
        sum += input[i];
    }
    return sum;
}

static void connect(const mr_context *context, const mr_fully_connected_s16_params *p,
                    const int16_t *input, int16_t *output)
{
    const mr_fully_connected *layer = &p->layer;
    const int8_t *weights = mr_data_at(context, layer->weights);
    const int64_t *biases = mr_data_at(context, layer->biases);
    const uint32_t *mantissas = mr_data_at(context, p->mantissas);
    const int16_t *shifts = mr_data_at(context, p->shifts);
    int64_t share = 0; /* what a zero point of the weights takes away */
    if (p->weights_zero_point != 0) {
        share = p->weights_zero_point * sum_inputs(input, layer->depth);
    }
    for (uint32_t first = 0; first < layer->units; first += MR_UNITS) {
        int64_t totals[MR_UNITS] = {0};
        for (uint32_t start = 0, count; start < layer->depth; start += count) {
            int32_t sums[MR_UNITS];
            count = layer->depth - start;
            count = count < MR_S16_PRODUCTS ? count : MR_S16_PRODUCTS;
            multiply_block(layer, weights, input, first, start, count, sums);
            mr_carry_s16(totals, sums, MR_UNITS);
        }
        for (uint32_t lane = 0; lane < MR_UNITS && first + lane < layer->units; lane++) {
            uint32_t unit = first + lane, entry = p->per_unit != 0 ? unit : 0;
            int64_t acc = totals[lane] - share + biases[unit];
            int32_t scaled = mr_requantize_double(acc, &mantissas[2u * entry], shifts[entry]);
            output[unit] = mr_output_s16(scaled, p->least, p->most);
        }
    }
}

mr_status mr_fully_connected_s16(const mr_context *context, const void *params, mr_band band)
{
    const mr_fully_connected_s16_params *p = params;
    const int16_t *input = mr_data_at(context, p->layer.input);
    int16_t *output = mr_arena_at(context, p->layer.output);
    (void)band;
    for (uint32_t batch = 0; batch < p->layer.batches; batch++) {
        connect(context, p, input, output);
        input += p->layer.depth;
        output += p->layer.units;
    }
    return MR_OK;
}
