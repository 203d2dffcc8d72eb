/* SPDX-License-Identifier: MIT-0 */
/* Depthwise convolutions, four channels at a time with their sums in registers. */
#include "depthwise.h"

#include "clamp.h"
#include "depthwise_taps.h"
#include "requantize.h"

static void compute_pixel_s8(const mr_context *context, const void *params, const void *const *taps,
                             void *output)
{
    const mr_depthwise_conv_2d_s8_params *p = params;
    uint32_t channels = p->conv.channels;
    const int8_t *weights = mr_data_at(context, p->conv.weights);
    const int32_t *biases = mr_data_at(context, p->conv.biases);
    const int32_t *multipliers = mr_data_at(context, p->multipliers);
    const int8_t *shifts = mr_data_at(context, p->shifts);
    for (uint32_t channel = 0; channel < channels; channel = mr_next_block(channel, channels)) {
        int32_t sums[MR_DEPTHWISE_LANES];
        int8_t *out = (int8_t *)output + channel;
        mr_multiply_taps_s8(&p->conv, taps, weights, channel, sums);
        for (uint32_t i = 0; i < MR_DEPTHWISE_LANES; i++) {
            int32_t acc = mr_wrapping_add(sums[i], biases[channel + i]);
            acc = mr_requantize(acc, multipliers[channel + i], shifts[channel + i]);
            out[i] = mr_output_s8(acc, p->output_zero_point, p->least, p->most);
        }
    }
}

mr_status mr_depthwise_conv_2d_s8(const mr_context *context, const void *params, mr_band band)
{
    const mr_depthwise_conv_2d_s8_params *p = params;
    const mr_pixel_kernel kernel = {compute_pixel_s8, sizeof(int8_t), sizeof(int8_t)};
    mr_convolve_depthwise(context, &p->conv, params, band, kernel);
    return MR_OK;
}

static void compute_pixel_f32(const mr_context *context, const void *params,
                              const void *const *taps, void *output)
{
    const mr_depthwise_conv_2d_f32_params *p = params;
    const void *const *end = taps + mr_count_taps(&p->conv);
    uint32_t channels = p->conv.channels;
    const float *weights = mr_data_at(context, p->conv.weights);
    const float *biases = mr_data_at(context, p->conv.biases);
    for (uint32_t channel = 0; channel < channels; channel = mr_next_block(channel, channels)) {
        const float *w = weights + channel;
        float a = 0.0f, b = 0.0f, c = 0.0f, d = 0.0f;
        for (const void *const *tap = taps; tap != end; tap++, w += channels) {
            const float *x = (const float *)*tap + channel;
            a += x[0] * w[0];
            b += x[1] * w[1];
            c += x[2] * w[2];
            d += x[3] * w[3];
        }
        const float sums[MR_DEPTHWISE_LANES] = {a, b, c, d};
        float *out = (float *)output + channel;
        for (uint32_t i = 0; i < MR_DEPTHWISE_LANES; i++) {
            out[i] = mr_clamp_float(sums[i] + biases[channel + i], p->least, p->most);
        }
    }
}

mr_status mr_depthwise_conv_2d_f32(const mr_context *context, const void *params, mr_band band)
{
    const mr_depthwise_conv_2d_f32_params *p = params;
    const mr_pixel_kernel kernel = {compute_pixel_f32, sizeof(float), sizeof(float)};
    mr_convolve_depthwise(context, &p->conv, params, band, kernel);
    return MR_OK;
}
