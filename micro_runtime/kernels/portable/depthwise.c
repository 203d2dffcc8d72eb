/* SPDX-License-Identifier: MIT-0 */
/*
 * Depthwise convolutions, four channels at a time with their sums in registers. The taps of an
 * output pixel's window are found once for all channels; one outside the image is the pixel of
 * padding. When the channels are no multiple of four, the last block overlaps the one before.
 */
#include "depthwise.h"

#include "clamp.h"
#include "requantize.h"

#define LANES 4u

typedef void compute_pixel(const mr_context *context, const void *params, const void *const *taps,
                           void *output);

static void find_taps(const mr_window *window, uint32_t out_x, uint32_t pixel_bytes,
                      const void *padding, const void *const *rows, const void **taps)
{
    uint32_t left = out_x * window->stride_width - window->pad_left;
    for (uint32_t k = 0; k < window->kernel_height; k++) {
        const uint8_t *row = rows[k];
        for (uint32_t i = 0, x = left; i < window->kernel_width; i++, x += window->dilation_width) {
            int inside = row != padding && x < window->in_width;
            *taps++ = inside ? row + x * pixel_bytes : padding;
        }
    }
}

static void convolve(const mr_context *context, const mr_depthwise_conv_2d *conv,
                     const void *params, mr_band band, compute_pixel *compute, uint32_t element)
{
    const mr_window *window = &conv->window;
    uint32_t pixel_bytes = conv->channels * element;
    const void *padding = mr_data_at(context, conv->padding);
    const void **rows = mr_arena_at(context, conv->scratch);
    const void **taps = rows + window->kernel_height;
    for (uint32_t row = band.first; row < band.first + band.count; row++) {
        uint8_t *output = mr_row_out(context, &conv->output, row);
        mr_window_rows(context, &conv->input, window, row, padding, rows);
        for (uint32_t x = 0; x < window->out_width; x++, output += pixel_bytes) {
            find_taps(window, x, pixel_bytes, padding, (const void *const *)rows, taps);
            compute(context, params, (const void *const *)taps, output);
        }
    }
}

/* First channel of the block after the one at `channel`. */
static uint32_t next_block(uint32_t channel, uint32_t channels)
{
    uint32_t last = channels - LANES;
    uint32_t next = channel + LANES;
    return next < channels && next > last ? last : next;
}

static uint32_t count_taps(const mr_depthwise_conv_2d *conv)
{
    return (uint32_t)conv->window.kernel_height * conv->window.kernel_width;
}

static void compute_pixel_s8(const mr_context *context, const void *params, const void *const *taps,
                             void *output)
{
    const mr_depthwise_conv_2d_s8_params *p = params;
    const void *const *end = taps + count_taps(&p->conv);
    uint32_t channels = p->conv.channels;
    const int8_t *weights = mr_data_at(context, p->conv.weights);
    const int32_t *biases = mr_data_at(context, p->conv.biases);
    const int32_t *multipliers = mr_data_at(context, p->multipliers);
    const int8_t *shifts = mr_data_at(context, p->shifts);
    for (uint32_t channel = 0; channel < channels; channel = next_block(channel, channels)) {
        const int8_t *w = weights + channel;
        int32_t a = 0, b = 0, c = 0, d = 0;
        for (const void *const *tap = taps; tap != end; tap++, w += channels) {
            const int8_t *x = (const int8_t *)*tap + channel;
            a += x[0] * w[0];
            b += x[1] * w[1];
            c += x[2] * w[2];
            d += x[3] * w[3];
        }
        const int32_t sums[LANES] = {a, b, c, d};
        int8_t *out = (int8_t *)output + channel;
        for (uint32_t i = 0; i < LANES; i++) {
            int32_t acc = mr_wrapping_add(sums[i], biases[channel + i]);
            acc = mr_requantize(acc, multipliers[channel + i], shifts[channel + i]);
            out[i] = mr_output_s8(acc, p->output_zero_point, p->least, p->most);
        }
    }
}

mr_status mr_depthwise_conv_2d_s8(const mr_context *context, const void *params, mr_band band)
{
    const mr_depthwise_conv_2d_s8_params *p = params;
    convolve(context, &p->conv, params, band, compute_pixel_s8, sizeof(int8_t));
    return MR_OK;
}

static void compute_pixel_f32(const mr_context *context, const void *params,
                              const void *const *taps, void *output)
{
    const mr_depthwise_conv_2d_f32_params *p = params;
    const void *const *end = taps + count_taps(&p->conv);
    uint32_t channels = p->conv.channels;
    const float *weights = mr_data_at(context, p->conv.weights);
    const float *biases = mr_data_at(context, p->conv.biases);
    for (uint32_t channel = 0; channel < channels; channel = next_block(channel, channels)) {
        const float *w = weights + channel;
        float a = 0.0f, b = 0.0f, c = 0.0f, d = 0.0f;
        for (const void *const *tap = taps; tap != end; tap++, w += channels) {
            const float *x = (const float *)*tap + channel;
            a += x[0] * w[0];
            b += x[1] * w[1];
            c += x[2] * w[2];
            d += x[3] * w[3];
        }
        const float sums[LANES] = {a, b, c, d};
        float *out = (float *)output + channel;
        for (uint32_t i = 0; i < LANES; i++) {
            out[i] = mr_clamp_float(sums[i] + biases[channel + i], p->least, p->most);
        }
    }
}

mr_status mr_depthwise_conv_2d_f32(const mr_context *context, const void *params, mr_band band)
{
    const mr_depthwise_conv_2d_f32_params *p = params;
    convolve(context, &p->conv, params, band, compute_pixel_f32, sizeof(float));
    return MR_OK;
}
