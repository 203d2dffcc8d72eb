/* SPDX-License-Identifier: MIT-0 */
/*
 * A walk over the output pixels of a depthwise convolution with windows of three columns, in tiles
 * of three pixels and four channels: a row of the window and its weights are loaded once for a
 * tile.
 */
#ifndef MICROLITH_FPU_COLUMNS_H
#define MICROLITH_FPU_COLUMNS_H

#include <stddef.h>
#include <string.h>

#include "depthwise.h"
#include "fpu.h"

/* Pixels that are computed together. */
#define MR_COLUMN_PIXELS 3u

/* Columns of a window. */
#define MR_COLUMNS 3u

/* Channels from `offset` to `end` of some pixels, both in bytes from a row's start to the leftmost
 * column of the first window. */
typedef struct mr_columns_job {
    const float *const
        *rows; /* NULL outside the image; then MR_COLUMN_PIXELS * MR_FPU_LANES zeros */
    const float *const *rows_end;
    const float *weights;
    int32_t offset;
    float *output;
    uint32_t flags;
    int32_t end;
    uint32_t pixel_bytes;
} mr_columns_job;

#define MR_LEFT      1u /* the first column lies outside the image */
#define MR_RIGHT     2u /* the last one does */
#define MR_RECTIFIED 4u

/* A pixel whose first column is `column` pixels right of the leftmost one. */
static inline void mr_compute_column_pixel(const mr_columns_job *work, uint32_t pixel,
                                           uint32_t column)
{
    const float *weights = work->weights;
    uint32_t channels = work->pixel_bytes / (uint32_t)sizeof(float);
    uint32_t first = (work->flags & MR_LEFT) != 0 && pixel == 0 ? 1 : 0;
    uint32_t end = (work->flags & MR_RIGHT) != 0 && pixel == MR_COLUMN_PIXELS - 1u ? MR_COLUMNS - 1u
                                                                                   : MR_COLUMNS;
    float *out = work->output + pixel * channels;
    for (int32_t offset = work->offset; offset != work->end; offset += 4 * (int32_t)sizeof(float)) {
        float sums[MR_FPU_LANES] = {0};
        int32_t start = offset / (int32_t)sizeof(float) + (int32_t)(column * channels);
        for (const float *const *row = work->rows; row != work->rows_end; row++) {
            for (uint32_t i = *row != NULL ? first : end; i < end; i++) {
                const float *in = *row + start + (int32_t)(i * channels);
                for (uint32_t lane = 0; lane < MR_FPU_LANES; lane++) {
                    sums[lane] += in[lane] * weights[i * MR_FPU_LANES + lane];
                }
            }
            weights += MR_COLUMNS * MR_FPU_LANES;
        }
        for (uint32_t lane = 0; lane < MR_FPU_LANES; lane++) {
            float sum = sums[lane] + *weights++;
            *out++ = (work->flags & MR_RECTIFIED) != 0 && sum < 0.0f ? 0.0f : sum;
        }
    }
}

/* In plain C, what the assembly of depthwise.c and of other backends computes. */
static inline void mr_compute_column_pixels(const mr_columns_job *work, uint32_t stride)
{
    for (uint32_t pixel = 0; pixel < MR_COLUMN_PIXELS; pixel++) {
        mr_compute_column_pixel(work, pixel, pixel * stride);
    }
}

/* Three pixels from column `x` of an output row on, in all channels. `work` is the row's. */
static inline void mr_compute_columns(const mr_depthwise_conv_2d_f32_fpu_params *p,
                                      mr_columns_job *work, float *output, uint32_t x,
                                      void (*compute)(const mr_columns_job *))
{
    const mr_window *window = &p->window;
    uint32_t rest = p->channels % MR_FPU_LANES;
    int32_t left = (int32_t)(x * window->stride_width) - (int32_t)window->pad_left;
    work->offset = left * (int32_t)work->pixel_bytes;
    work->end = work->offset + (int32_t)((p->channels - rest) * sizeof(float));
    work->output = output + x * p->channels;
    work->flags = p->rectified != 0 ? MR_RECTIFIED : 0;
    work->flags |= left < 0 ? MR_LEFT : 0;
    work->flags |= p->overhang != 0 && x + MR_COLUMN_PIXELS == window->out_width ? MR_RIGHT : 0;
    compute(work);
    if (rest != 0) {
        mr_columns_job last = *work;
        last.weights +=
            p->channels / MR_FPU_LANES * (MR_COLUMNS * window->kernel_height + 1u) * MR_FPU_LANES;
        last.end = last.offset + (int32_t)last.pixel_bytes;
        last.offset = last.end - (int32_t)(MR_FPU_LANES * sizeof(float));
        last.output += p->channels - MR_FPU_LANES;
        compute(&last);
    }
}

static inline void mr_convolve_columns(const mr_context *context,
                                       const mr_depthwise_conv_2d_f32_fpu_params *p, mr_band band,
                                       void (*compute)(const mr_columns_job *))
{
    const mr_window *window = &p->window;
    const void **rows = mr_arena_at(context, p->scratch);
    mr_columns_job work = {
        .rows = (const float *const *)rows,
        .rows_end = (const float *const *)rows + window->kernel_height,
        .weights = mr_data_at(context, p->weights),
        .pixel_bytes = p->channels * (uint32_t)sizeof(float),
    };
    memset(rows + window->kernel_height, 0, MR_COLUMN_PIXELS * MR_FPU_LANES * sizeof(float));
    for (uint32_t row = band.first; row < band.first + band.count; row++) {
        float *output = mr_row_out(context, &p->output, row);
        uint32_t x = 0;
        mr_window_rows(context, &p->input, window, row, NULL, rows);
        for (; x + MR_COLUMN_PIXELS <= window->out_width; x += MR_COLUMN_PIXELS) {
            mr_compute_columns(p, &work, output, x, compute);
        }
        if (x != window->out_width) { /* a rest is computed together with pixels before it */
            mr_compute_columns(p, &work, output, window->out_width - MR_COLUMN_PIXELS, compute);
        }
        if (p->clamped != 0) {
            mr_fpu_clamp(output, window->out_width * p->channels, p->least, p->most);
        }
    }
}

#endif
