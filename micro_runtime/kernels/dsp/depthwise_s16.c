/* SPDX-License-Identifier: MIT-0 */
/* Depthwise convolutions of int16 with int8 weights, four channels at a time. */
#include "depthwise_s16.h"

#include <string.h>

#include "kernels/portable/depthwise_taps.h"
#include "outputs_s16.h"

#define LANES MR_DEPTHWISE_LANES

/* The word at a place that need not be aligned. */
static inline uint32_t word(const void *at)
{
    uint32_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

static inline int32_t low(uint32_t word)
{
    return (int16_t)word;
}

static inline int32_t high(uint32_t word)
{
    return (int32_t)word >> 16;
}

/* Adds the products of all taps for four channels, the first `at` bytes into a pixel; returns the
 * weights behind them. */
static inline const int16_t *multiply_taps(const void *const *tap, const void *const *end,
                                           uint32_t at, const int16_t *weights, int32_t *sums)
{
    int32_t a = sums[0], b = sums[1], c = sums[2], d = sums[3];
    for (; tap != end; tap++, weights += LANES) {
        const uint8_t *x = (const uint8_t *)*tap + at;
        uint32_t x01 = word(x), x23 = word(x + 4), w01 = word(weights), w23 = word(weights + 2);
        a += low(x01) * low(w01);
        b += high(x01) * high(w01);
        c += low(x23) * low(w23);
        d += high(x23) * high(w23);
    }
    sums[0] = a, sums[1] = b, sums[2] = c, sums[3] = d;
    return weights;
}

static void compute_pixel(const mr_context *context, const void *params, const void *const *taps,
                          void *output)
{
    const mr_depthwise_conv_2d_s16_dsp_params *p = params;
    const void *const *end = taps + mr_count_taps(&p->conv);
    const uint32_t channels = p->conv.channels;
    const int16_t *weights = mr_data_at(context, p->conv.weights);
    const mr_dsp_output *outputs = mr_data_at(context, p->conv.biases);
    for (uint32_t channel = 0; channel < channels; channel = mr_next_block(channel, channels)) {
        const mr_dsp_output *how = outputs + channel;
        int16_t *out = (int16_t *)output + channel;
        int32_t sums[LANES] = {how[0].bias, how[1].bias, how[2].bias, how[3].bias};
        uint32_t at = channel * (uint32_t)sizeof(int16_t);
        weights = multiply_taps(taps, end, at, weights, sums);
        out[0] = (int16_t)mr_dsp_output_s16(sums[0], &how[0]);
        out[1] = (int16_t)mr_dsp_output_s16(sums[1], &how[1]);
        out[2] = (int16_t)mr_dsp_output_s16(sums[2], &how[2]);
        out[3] = (int16_t)mr_dsp_output_s16(sums[3], &how[3]);
    }
    if (p->least != INT16_MIN || p->most != INT16_MAX) {
        mr_dsp_clamp_s16(output, channels, p->least, p->most);
    }
}

mr_status mr_depthwise_conv_2d_s16_dsp(const mr_context *context, const void *params, mr_band band)
{
    const mr_depthwise_conv_2d_s16_dsp_params *p = params;
    const mr_pixel_kernel kernel = {compute_pixel, sizeof(int16_t), sizeof(int16_t)};
    mr_convolve_depthwise(context, &p->conv, params, band, kernel);
    return MR_OK;
}
