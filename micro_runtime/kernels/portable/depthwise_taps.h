/* SPDX-License-Identifier: MIT-0 */
/*
 * A walk over the output pixels of a depthwise convolution. The taps of a pixel's window are found
 * once for all channels; one outside the image is the pixel of padding. When the channels are no
 * multiple of four, the last block overlaps the one before.
 */
#ifndef MICROLITH_PORTABLE_DEPTHWISE_TAPS_H
#define MICROLITH_PORTABLE_DEPTHWISE_TAPS_H

#include "depthwise.h"

#define MR_DEPTHWISE_LANES 4u

/* What computes a pixel's outputs, and the bytes of an element that it reads and writes. */
typedef struct mr_pixel_kernel {
    void (*compute)(const mr_context *context, const void *params, const void *const *taps,
                    void *output);
    uint32_t input_bytes;
    uint32_t output_bytes;
} mr_pixel_kernel;

static inline void mr_find_taps(const mr_window *window, uint32_t out_x, uint32_t pixel_bytes,
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

/* Computes the rows of `band`. `params` are handed to the kernel. Not inline: one copy a file. */
static void mr_convolve_depthwise(const mr_context *context, const mr_depthwise_conv_2d *conv,
                                  const void *params, mr_band band, mr_pixel_kernel kernel)
{
    const mr_window *window = &conv->window;
    uint32_t in_bytes = conv->channels * kernel.input_bytes;
    uint32_t out_bytes = conv->channels * kernel.output_bytes;
    /* Without padding, no row may look like it: the arena's first one is at reference 0, too. */
    const void *padding = conv->padding != 0 ? mr_data_at(context, conv->padding) : NULL;
    const void **rows = mr_arena_at(context, conv->scratch);
    const void **taps = rows + window->kernel_height;
    for (uint32_t row = band.first; row < band.first + band.count; row++) {
        uint8_t *output = mr_row_out(context, &conv->output, row);
        mr_window_rows(context, &conv->input, window, row, padding, rows);
        for (uint32_t x = 0; x < window->out_width; x++, output += out_bytes) {
            mr_find_taps(window, x, in_bytes, padding, (const void *const *)rows, taps);
            kernel.compute(context, params, (const void *const *)taps, output);
        }
    }
}

/* First channel of the block after the one at `channel`. */
static inline uint32_t mr_next_block(uint32_t channel, uint32_t channels)
{
    uint32_t last = channels - MR_DEPTHWISE_LANES;
    uint32_t next = channel + MR_DEPTHWISE_LANES;
    return next < channels && next > last ? last : next;
}

static inline uint32_t mr_count_taps(const mr_depthwise_conv_2d *conv)
{
    return (uint32_t)conv->window.kernel_height * conv->window.kernel_width;
}

/* Sums of products for the four channels from `channel` on. */
static inline void mr_multiply_taps_s8(const mr_depthwise_conv_2d *conv, const void *const *taps,
                                       const int8_t *weights, uint32_t channel,
                                       int32_t sums[MR_DEPTHWISE_LANES])
{
    const void *const *end = taps + mr_count_taps(conv);
    const int8_t *w = weights + channel;
    int32_t a = 0, b = 0, c = 0, d = 0;
    for (const void *const *tap = taps; tap != end; tap++, w += conv->channels) {
        const int8_t *x = (const int8_t *)*tap + channel;
        a += x[0] * w[0];
        b += x[1] * w[1];
        c += x[2] * w[2];
        d += x[3] * w[3];
    }
    sums[0] = a, sums[1] = b, sums[2] = c, sums[3] = d;
}

#endif
