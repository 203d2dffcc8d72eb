/* SPDX-License-Identifier: MIT-0 */
/*
 * A walk over the output pixels of a convolution, two side by side, that finds their windows. A
 * window's row is one run of kernel_width * channels elements in the input and in the weights
 * alike; windows that are not, or whose runs are short, are copied to the scratch first.
 */
#ifndef MICROLITH_PORTABLE_CONV_PAIRS_H
#define MICROLITH_PORTABLE_CONV_PAIRS_H

#include <string.h>

#include "conv.h"

#define MR_LANES 4u

/*
 * Two output pixels side by side, in one group of channels. Each window is `rows` runs of `run`
 * elements: run k of window i starts offsets[i] bytes after starts[i][k].
 */
typedef struct mr_pair {
    const void *const *starts[2];
    uint32_t offsets[2];
    uint32_t rows;
    uint32_t run;
    uint32_t group;
    void *outputs[2];
} mr_pair;

/* What computes the pixels' outputs, and the bytes of an element that it reads and writes. */
typedef struct mr_pair_kernel {
    void (*compute)(const mr_context *context, const void *params, const mr_pair *at);
    uint32_t input_bytes;
    uint32_t output_bytes;
} mr_pair_kernel;

typedef struct mr_walk {
    const mr_context *context;
    const mr_conv_2d *conv;
    const void **rows;
    uint32_t in_width;
    uint32_t pixel_bytes;
    uint32_t group_bytes;
} mr_walk;

/* Copies the window whose left edge is in column `x`. */
static inline void mr_gather(const mr_walk *at, uint32_t x, uint32_t group, uint8_t *copy)
{
    const mr_window *window = &at->conv->window;
    const uint8_t *padding = mr_data_at(at->context, at->conv->padding);
    for (uint32_t k = 0; k < window->kernel_height; k++) {
        const uint8_t *row = (const uint8_t *)at->rows[k] + group * at->group_bytes;
        for (uint32_t i = 0; i < window->kernel_width; i++, copy += at->group_bytes) {
            uint32_t column = x + i * window->dilation_width;
            int inside = column < at->in_width;
            memcpy(copy, inside ? row + column * at->pixel_bytes : padding, at->group_bytes);
        }
    }
}

/* The windows of the output pixels in columns x[0] and x[1]. */
static inline void mr_find_windows(const mr_walk *at, const uint32_t x[2], uint32_t group,
                                   mr_pair *found)
{
    const mr_conv_2d *conv = at->conv;
    const mr_window *window = &conv->window;
    uint32_t run = (uint32_t)window->kernel_width * conv->group_inputs;
    uint32_t bytes = window->kernel_height * window->kernel_width * at->group_bytes;
    uint8_t *copy = (uint8_t *)(at->rows + window->kernel_height + 2);
    int in_place = !conv->gathers;
    uint32_t left[2];
    for (uint32_t i = 0; i < 2; i++) {
        left[i] = x[i] * window->stride_width - window->pad_left;
        in_place &= left[i] < at->in_width && left[i] + window->kernel_width <= at->in_width;
    }
    found->rows = in_place ? window->kernel_height : 1;
    found->run = in_place ? run : window->kernel_height * run;
    found->group = group;
    for (uint32_t i = 0; i < 2; i++, copy += bytes) {
        const void **copied = at->rows + window->kernel_height + i;
        *copied = copy;
        found->starts[i] = (const void *const *)(in_place ? at->rows : copied);
        found->offsets[i] = in_place ? left[i] * at->pixel_bytes : 0;
        if (!in_place) {
            mr_gather(at, left[i], group, copy);
        }
    }
}

static inline void mr_convolve_row(const mr_walk *at, const void *params, mr_pair_kernel kernel,
                                   uint8_t *out, uint32_t width)
{
    const mr_conv_2d *conv = at->conv;
    uint32_t group_bytes = conv->group_outputs * kernel.output_bytes;
    uint32_t pixel_bytes = conv->groups * group_bytes;
    for (uint32_t group = 0; group < conv->groups; group++, out += group_bytes) {
        for (uint32_t x = 0; x < width; x += 2) {
            /* An odd last pixel is computed twice. */
            const uint32_t columns[2] = {x, x + 1 < width ? x + 1 : x};
            mr_pair pixels;
            mr_find_windows(at, columns, group, &pixels);
            pixels.outputs[0] = out + columns[0] * pixel_bytes;
            pixels.outputs[1] = out + columns[1] * pixel_bytes;
            kernel.compute(at->context, params, &pixels);
        }
    }
}

/* Computes the rows of `band`. `params` are handed to the kernel. */
static inline void mr_convolve(const mr_context *context, const mr_conv_2d *conv,
                               const void *params, mr_band band, mr_pair_kernel kernel)
{
    const mr_window *window = &conv->window;
    const void *padding = mr_data_at(context, conv->padding);
    mr_walk at = {
        .context = context,
        .conv = conv,
        .rows = mr_arena_at(context, conv->scratch),
        .pixel_bytes = conv->in_channels * kernel.input_bytes,
        .group_bytes = conv->group_inputs * kernel.input_bytes,
    };
    uint32_t end = band.first + band.count;
    for (uint32_t row = band.first, count; row < end; row += count) {
        count = 1;
        if (conv->joins_rows) {
            count = mr_adjacent_rows(context, &conv->input, row, end - row);
            count = mr_adjacent_rows(context, &conv->output, row, count);
        }
        mr_window_rows(context, &conv->input, window, row, padding, at.rows);
        at.in_width = count * window->in_width;
        mr_convolve_row(&at, params, kernel, mr_row_out(context, &conv->output, row),
                        count * window->out_width);
    }
}

#endif
