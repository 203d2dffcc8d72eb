/* SPDX-License-Identifier: MIT-0 */
/* Fully connected layers; int8 ones compute four units at a time. */
#include "fully_connected.h"

#include "clamp.h"
#include "requantize.h"
#include "unit_block.h"

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
        for (uint32_t first = 0; first < layer->units; first += MR_UNITS) {
            int32_t sums[MR_UNITS];
            mr_multiply_block_s8(layer, weights, input, first, sums);
            for (uint32_t lane = 0; lane < MR_UNITS; lane++) {
                uint32_t unit = mr_unit_of(layer, first, lane);
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
