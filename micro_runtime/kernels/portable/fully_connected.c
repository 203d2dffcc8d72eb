/* SPDX-License-Identifier: MIT-0 */
/*
 * Fully connected layers. Four units are computed at a time, so that an input is loaded once for
 * four weights; past the last unit a lane repeats it, which spares a loop of its own.
 */
#include "fully_connected.h"

#include "clamp.h"
#include "requantize.h"

#define LANES 4u

/* The unit of lane `lane` in the block that starts at `first`. */
static uint32_t unit_of(const mr_fully_connected *layer, uint32_t first, uint32_t lane)
{
    uint32_t unit = first + lane;
    return unit < layer->units ? unit : layer->units - 1u;
}

typedef int32_t scale_unit(const mr_context *context, const void *params, uint32_t unit,
                           int32_t acc);

static int32_t sum_inputs(const int8_t *input, uint32_t depth)
{
    int32_t sum = 0;
    for (uint32_t i = 0; i < depth; i++) {
        sum += input[i];
    }
    return sum;
}

static void multiply_block_s8(const mr_fully_connected *layer, const int8_t *weights,
                              const int8_t *input, uint32_t first, int32_t sums[LANES])
{
    const int8_t *w0 = weights + unit_of(layer, first, 0) * layer->depth;
    const int8_t *w1 = weights + unit_of(layer, first, 1) * layer->depth;
    const int8_t *w2 = weights + unit_of(layer, first, 2) * layer->depth;
    const int8_t *w3 = weights + unit_of(layer, first, 3) * layer->depth;
    int32_t a = 0, b = 0, c = 0, d = 0;
    for (const int8_t *end = input + layer->depth; input != end;) {
        int32_t x = *input++;
        a += x * *w0++;
        b += x * *w1++;
        c += x * *w2++;
        d += x * *w3++;
    }
    sums[0] = a, sums[1] = b, sums[2] = c, sums[3] = d;
}

static void connect_s8(const mr_context *context, const mr_quantised_layer *quantised,
                       const void *params, scale_unit *scale)
{
    const mr_fully_connected *layer = &quantised->layer;
    const int8_t *input = mr_data_at(context, layer->input);
    const int8_t *weights = mr_data_at(context, layer->weights);
    const int32_t *biases = mr_data_at(context, layer->biases);
    int8_t *output = mr_arena_at(context, layer->output);
    for (uint32_t batch = 0; batch < layer->batches; batch++) {
        int32_t shift = 0; /* what a zero point of the weights takes away */
        if (quantised->weights_zero_point != 0) {
            shift = quantised->weights_zero_point * sum_inputs(input, layer->depth);
        }
        for (uint32_t first = 0; first < layer->units; first += LANES) {
            int32_t sums[LANES];
            multiply_block_s8(layer, weights, input, first, sums);
            for (uint32_t lane = 0; lane < LANES; lane++) {
                uint32_t unit = unit_of(layer, first, lane);
                int32_t acc = mr_wrapping_add(sums[lane] - shift, biases[unit]);
                acc = scale(context, params, unit, acc);
                output[unit] = mr_output_s8(acc, quantised->output_zero_point, quantised->least,
                                            quantised->most);
            }
        }
        input += layer->depth;
        output += layer->units;
    }
}

static int32_t scale_by_multiplier(const mr_context *context, const void *params, uint32_t unit,
                                   int32_t acc)
{
    const mr_fully_connected_s8_params *p = params;
    const int32_t *multipliers = mr_data_at(context, p->multipliers);
    const int8_t *shifts = mr_data_at(context, p->shifts);
    uint32_t entry = p->per_unit != 0 ? unit : 0;
    return mr_requantize_single(acc, multipliers[entry], shifts[entry]);
}

mr_status mr_fully_connected_s8(const mr_context *context, const void *params, mr_band band)
{
    const mr_fully_connected_s8_params *p = params;
    (void)band;
    connect_s8(context, &p->layer, params, scale_by_multiplier);
    return MR_OK;
}

static int32_t scale_by_mantissa(const mr_context *context, const void *params, uint32_t unit,
                                 int32_t acc)
{
    const mr_fully_connected_wide_s8_params *p = params;
    const uint32_t *mantissas = mr_data_at(context, p->mantissas);
    const int16_t *shifts = mr_data_at(context, p->shifts);
    uint32_t entry = p->per_unit != 0 ? unit : 0;
    return mr_requantize_wide(acc, &mantissas[2u * entry], shifts[entry]);
}

mr_status mr_fully_connected_wide_s8(const mr_context *context, const void *params, mr_band band)
{
    const mr_fully_connected_wide_s8_params *p = params;
    (void)band;
    connect_s8(context, &p->layer, params, scale_by_mantissa);
    return MR_OK;
}

mr_status mr_fully_connected_f32(const mr_context *context, const void *params, mr_band band)
{
    const mr_fully_connected_f32_params *p = params;
    const mr_fully_connected *layer = &p->layer;
    const float *input = mr_data_at(context, layer->input);
    const float *biases = mr_data_at(context, layer->biases);
    float *output = mr_arena_at(context, layer->output);
    (void)band;
    for (uint32_t batch = 0; batch < layer->batches; batch++, input += layer->depth) {
        const float *weights = mr_data_at(context, layer->weights);
        for (uint32_t unit = 0; unit < layer->units; unit++) {
            float sum = 0.0f;
            for (uint32_t i = 0; i < layer->depth; i++) {
                sum += input[i] * *weights++;
            }
            *output++ = mr_clamp_float(sum + biases[unit], p->least, p->most);
        }
    }
    return MR_OK;
}
