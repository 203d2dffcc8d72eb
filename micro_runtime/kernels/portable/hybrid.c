/* SPDX-License-Identifier: MIT-0 */
/* The sums are those of the int8 kernels; what differs comes before and after them. */
#include "hybrid.h"

#include <string.h>

#include "clamp.h"
#include "conv_pairs.h"
#include "depthwise_taps.h"
#include "dynamic_range.h"
#include "pair_sums.h"
#include "unit_block.h"

typedef mr_dynamic_range quantise(const float *reals, uint32_t count, int8_t *quantised);

/* A layer at work on one image or vector, whose range it knows. */
typedef struct job {
    const mr_hybrid *hybrid; /* the first member of the layer's parameters */
    const float *scales;
    const int32_t *weight_sums;
    mr_dynamic_range range;
} job;

static job begin(const mr_context *context, const mr_hybrid *hybrid)
{
    return (job){
        .hybrid = hybrid,
        .scales = mr_data_at(context, hybrid->scales),
        .weight_sums = mr_data_at(context, hybrid->weight_sums),
    };
}

/* An output from its sum of products of quantised numbers, each factor rounded where the reference
 * rounds it. */
static float real_output(const job *at, uint32_t channel, int32_t sum, float bias)
{
    const mr_hybrid *hybrid = at->hybrid;
    float scale = at->scales[hybrid->per_channel != 0 ? channel : 0];
    if (at->range.zero_point != 0) {
        sum -= at->range.zero_point * at->weight_sums[channel];
    }
    float real = hybrid->scales_first != 0 ? (float)sum * scale * at->range.scale
                                           : (float)sum * (scale * at->range.scale);
    return mr_clamp_float(real + bias, hybrid->least, hybrid->most);
}

/* Quantises an image and gives `padding_bytes` of padding, if windows need it, its zero point. */
static void take_image(const mr_context *context, job *at, uint32_t image, const mr_rows *rows,
                       mr_ref padding, uint32_t padding_bytes, quantise *run)
{
    uint32_t count = rows->pitch * rows->capacity;
    const float *reals = mr_data_at(context, at->hybrid->input);
    at->range = run(reals + image * count, count, mr_arena_at(context, rows->base));
    if (padding != 0) {
        memset(mr_arena_at(context, padding), at->range.zero_point, padding_bytes);
    }
}

/* ---------------------------------------------------------------------- convolutions */

static void compute_pair(const mr_context *context, const void *params, const mr_pair *pixels)
{
    static const int32_t zeros[MR_LANES];
    const job *at = params;
    const mr_conv_2d_hybrid_params *p = (const void *)at->hybrid;
    uint32_t outputs = p->conv.group_outputs, channel = pixels->group * outputs;
    uint32_t blocks = (outputs + MR_LANES - 1u) / MR_LANES * pixels->group;
    const int8_t *weights = mr_data_at(context, p->conv.weights);
    const float *biases = mr_data_at(context, p->conv.biases);
    float *out0 = pixels->outputs[0], *out1 = pixels->outputs[1];
    weights += blocks * MR_LANES * pixels->rows * pixels->run;
    biases += blocks * MR_LANES;
    for (uint32_t left = outputs, lanes; left != 0; left -= lanes, biases += MR_LANES) {
        mr_pair_sums total;
        mr_clear_sums(&total, zeros, zeros);
        weights = mr_multiply_windows(pixels, weights, &total);
        lanes = left < MR_LANES ? left : MR_LANES;
        for (uint32_t lane = 0; lane < lanes; lane++, channel++) {
            *out0++ = real_output(at, channel, mr_first_sum(&total, lane), biases[lane]);
            *out1++ = real_output(at, channel, mr_second_sum(&total, lane), biases[lane]);
        }
    }
}

static mr_status convolve(const mr_context *context, const mr_conv_2d_hybrid_params *p,
                          quantise *run)
{
    static const mr_pair_kernel kernel = {compute_pair, sizeof(int8_t), sizeof(float)};
    const mr_conv_2d *conv = &p->conv;
    uint32_t height = conv->window.out_height;
    job at = begin(context, &p->hybrid);
    for (uint32_t image = 0; image < p->batches; image++) {
        take_image(context, &at, image, &conv->input, conv->padding, conv->input.pitch, run);
        mr_convolve(context, conv, &at, (mr_band){image * height, height}, kernel);
    }
    return MR_OK;
}

mr_status mr_conv_2d_hybrid(const mr_context *context, const void *params, mr_band band)
{
    (void)band;
    return convolve(context, params, mr_quantise_symmetric);
}

mr_status mr_conv_2d_hybrid_asymmetric(const mr_context *context, const void *params, mr_band band)
{
    (void)band;
    return convolve(context, params, mr_quantise_asymmetric);
}

static void compute_pixel(const mr_context *context, const void *params, const void *const *taps,
                          void *output)
{
    const job *at = params;
    const mr_depthwise_conv_2d_hybrid_params *p = (const void *)at->hybrid;
    uint32_t channels = p->conv.channels;
    const int8_t *weights = mr_data_at(context, p->conv.weights);
    const float *biases = mr_data_at(context, p->conv.biases);
    for (uint32_t channel = 0; channel < channels; channel = mr_next_block(channel, channels)) {
        int32_t sums[MR_DEPTHWISE_LANES];
        float *out = (float *)output + channel;
        mr_multiply_taps_s8(&p->conv, taps, weights, channel, sums);
        for (uint32_t i = 0; i < MR_DEPTHWISE_LANES; i++) {
            out[i] = real_output(at, channel + i, sums[i], biases[channel + i]);
        }
    }
}

mr_status mr_depthwise_conv_2d_hybrid(const mr_context *context, const void *params, mr_band band)
{
    const mr_depthwise_conv_2d_hybrid_params *p = params;
    const mr_pixel_kernel kernel = {compute_pixel, sizeof(int8_t), sizeof(float)};
    const mr_depthwise_conv_2d *conv = &p->conv;
    uint32_t height = conv->window.out_height;
    job at = begin(context, &p->hybrid);
    (void)band;
    for (uint32_t image = 0; image < p->batches; image++) {
        take_image(context, &at, image, &conv->input, conv->padding, conv->channels,
                   mr_quantise_asymmetric);
        mr_convolve_depthwise(context, conv, &at, (mr_band){image * height, height}, kernel);
    }
    return MR_OK;
}

/* ------------------------------------------------------------------- fully connected */

static mr_status connect(const mr_context *context, const mr_fully_connected_hybrid_params *p,
                         quantise *run)
{
    const mr_fully_connected *layer = &p->layer;
    const float *input = mr_data_at(context, p->hybrid.input);
    const int8_t *weights = mr_data_at(context, layer->weights);
    const float *biases = mr_data_at(context, layer->biases);
    int8_t *quantised = mr_arena_at(context, layer->input);
    float *output = mr_arena_at(context, layer->output);
    job at = begin(context, &p->hybrid);
    for (uint32_t batch = 0; batch < layer->batches; batch++, input += layer->depth) {
        at.range = run(input, layer->depth, quantised);
        for (uint32_t first = 0; first < layer->units; first += MR_UNITS) {
            int32_t sums[MR_UNITS];
            mr_multiply_block_s8(layer, weights, quantised, first, sums);
            for (uint32_t lane = 0; lane < MR_UNITS; lane++) {
                uint32_t unit = mr_unit_of(layer, first, lane);
                output[unit] = real_output(&at, unit, sums[lane], biases[unit]);
            }
        }
        output += layer->units;
    }
    return MR_OK;
}

mr_status mr_fully_connected_hybrid(const mr_context *context, const void *params, mr_band band)
{
    (void)band;
    return connect(context, params, mr_quantise_symmetric);
}

mr_status mr_fully_connected_hybrid_asymmetric(const mr_context *context, const void *params,
                                               mr_band band)
{
    (void)band;
    return connect(context, params, mr_quantise_asymmetric);
}
