/* SPDX-License-Identifier: MIT-0 */
/* Depthwise convolutions of int16 with int8 weights, four channels at a time. */
#include "depthwise_s16.h"

#include "depthwise_taps.h"
#include "requantize_s16.h"

#define LANES MR_DEPTHWISE_LANES

/* Adds the products of some taps for the four channels from `channel` on. */
static void multiply_taps(uint32_t channels, const void *const *taps, const void *const *end,
                          const int8_t *w, uint32_t channel, int32_t sums[LANES])
{
    int32_t a = 0, b = 0, c = 0, d = 0;
    w += channel;
    for (; taps != end; taps++, w += channels) {
        const int16_t *x = (const int16_t *)*taps + channel;
        a += x[0] * w[0];
        b += x[1] * w[1];
        c += x[2] * w[2];
        d += x[3] * w[3];
    }
    sums[0] = a, sums[1] = b, sums[2] = c, sums[3] = d;
}

static void compute_pixel(const mr_context *context, const void *params, const void *const *taps,
                          void *output)
{
    const mr_depthwise_conv_2d_s16_params *p = params;
    uint32_t channels = p->conv.channels, count = mr_count_taps(&p->conv);
    const int64_t *biases = mr_data_at(context, p->conv.biases);
    const int32_t *multipliers = mr_data_at(context, p->multipliers);
    const int8_t *shifts = mr_data_at(context, p->shifts);
    for (uint32_t channel = 0; channel < channels; channel = mr_next_block(channel, channels)) {
        const int8_t *weights = mr_data_at(context, p->conv.weights);
        int64_t totals[LANES];
        int16_t *out = (int16_t *)output + channel;
        for (uint32_t i = 0; i < LANES; i++) {
            totals[i] = biases[channel + i];
        }
        for (uint32_t tap = 0, some; tap < count; tap += some, weights += some * channels) {
            int32_t sums[LANES];
            some = count - tap < MR_S16_PRODUCTS ? count - tap : MR_S16_PRODUCTS;
            multiply_taps(channels, taps + tap, taps + tap + some, weights, channel, sums);
            mr_carry_s16(totals, sums, LANES);
        }
        for (uint32_t i = 0; i < LANES; i++) {
            int32_t acc =
                mr_requantize_s64(totals[i], multipliers[channel + i], shifts[channel + i]);
            out[i] = mr_output_s16(acc, p->least, p->most);
        }
    }
}

mr_status mr_depthwise_conv_2d_s16(const mr_context *context, const void *params, mr_band band)
{
    const mr_depthwise_conv_2d_s16_params *p = params;
    const mr_pixel_kernel kernel = {compute_pixel, sizeof(int16_t), sizeof(int16_t)};
    mr_convolve_depthwise(context, &p->conv, params, band, kernel);
    return MR_OK;
}
