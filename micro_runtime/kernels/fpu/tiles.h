/* SPDX-License-Identifier: MIT-0 */
/*
 * A walk over the output pixels of a convolution in tiles of four, or three, whose windows are
 * copied side by side.
 */
#ifndef MICROLITH_FPU_TILES_H
#define MICROLITH_FPU_TILES_H

#include <stddef.h>

#include "conv.h"
#include "windows.h"

/* Blocks of channels of some pixels; outputs move on. Pixels that do not exist share the place of
 * the last one that does, which is written after them. */
typedef struct mr_products {
    const float *inputs;
    const float *inputs_end;
    const float *weights;
    uint32_t blocks; /* twice their number less one, plus 1 where outputs are rectified */
    uint32_t entry;  /* pairs of code that the first turn of a block's loop leaves out */
    float *outputs[MR_FPU_PIXELS];
} mr_products;

/* Pairs of taps in a turn of the loop. */
#define MR_FPU_TURN 4u

/* The entry of the loop for that many pairs of taps. A single one leaves out the whole turn. */
static inline uint32_t mr_products_entry(uint32_t pairs)
{
    return pairs == 1 ? MR_FPU_TURN : (MR_FPU_TURN - (pairs - 1) % MR_FPU_TURN) % MR_FPU_TURN;
}

static inline void mr_compute_pixel(const mr_products *work, uint32_t pixel)
{
    const float *weights = work->weights;
    float *out = work->outputs[pixel];
    for (uint32_t block = 0; block <= work->blocks / 2; block++) {
        float sums[MR_FPU_LANES] = {0};
        const float *pair = work->inputs + 2 * pixel, *end = work->inputs_end;
        for (; pair < end; pair += MR_FPU_PITCH) {
            for (uint32_t i = 0; i < 2; i++, weights += MR_FPU_LANES) {
                for (uint32_t lane = 0; lane < MR_FPU_LANES; lane++) {
                    sums[lane] += pair[i] * weights[lane];
                }
            }
        }
        for (uint32_t lane = 0; lane < MR_FPU_LANES; lane++, weights++) {
            float sum = sums[lane] + *weights;
            *out++ = work->blocks % 2 != 0 && sum < 0.0f ? 0.0f : sum;
        }
    }
}

/* In plain C, what the assembly of products.h and of other backends computes. */
static inline void mr_compute_pixels(const mr_products *work, uint32_t pixels)
{
    while (pixels-- > 0) {
        mr_compute_pixel(work, pixels);
    }
}

/* What computes the channels of three pixels and of four. */
typedef struct mr_compute {
    void (*three)(const mr_products *);
    void (*four)(const mr_products *);
} mr_compute;

typedef struct mr_walk {
    const mr_conv_2d_f32_fpu_params *params;
    mr_compute compute;
    mr_columns columns;
    float *windows;
    mr_products tile;
} mr_walk;

/* The channels behind the last whole block, of `real` pixels. */
static MR_NOINLINE void mr_compute_rest(const mr_walk *at, void (*compute)(const mr_products *),
                                        uint32_t real)
{
    const mr_conv_2d_f32_fpu_params *p = at->params;
    uint32_t whole = p->group_outputs / MR_FPU_LANES, rest = p->group_outputs % MR_FPU_LANES;
    float block[MR_FPU_PIXELS][MR_FPU_LANES];
    mr_products work = at->tile;
    work.weights += whole * (2 * p->pairs + 1) * MR_FPU_LANES;
    work.blocks = p->rectified;
    for (uint32_t i = 0; i < MR_FPU_PIXELS; i++) {
        work.outputs[i] = block[i];
    }
    compute(&work);
    for (uint32_t i = 0; i < real; i++) {
        float *out = at->tile.outputs[i] + whole * MR_FPU_LANES;
        memcpy(out, block[i], rest * sizeof(float));
    }
}

/* Places for the outputs of pixels, of which `real` exist; returns the one behind them. */
static inline float *mr_place_outputs(mr_products *tile, float *out, uint32_t channels,
                                      uint32_t real)
{
    for (uint32_t i = 0; i < MR_FPU_PIXELS; i++) {
        tile->outputs[i] = out;
        out += i + 1 < real ? channels : 0;
    }
    return out + channels;
}

/* A row of `left` pixels in one group of channels: fours, after as many threes as leave a multiple
 * of four. */
static MR_NOINLINE void mr_convolve_row(mr_walk *at, float *out, uint32_t left)
{
    const mr_conv_2d_f32_fpu_params *p = at->params;
    uint32_t channels = (uint32_t)p->groups * p->group_outputs;
    uint32_t whole = p->group_outputs / MR_FPU_LANES, rest = p->group_outputs % MR_FPU_LANES;
    uint32_t column = 0u - p->window.pad_left;
    int all_rows = mr_has_all_rows(&at->columns);
    for (uint32_t real; left > 0; left -= real) {
        uint32_t pixels = left % MR_FPU_PIXELS == 0 ? 4 : 3;
        void (*compute)(const mr_products *) =
            left % MR_FPU_PIXELS == 0 ? at->compute.four : at->compute.three;
        real = left < pixels ? left : pixels;
        mr_put_windows(&at->columns, all_rows, column, real, at->windows);
        column += real * p->window.stride_width;
        out = real == 4 ? mr_place_outputs(&at->tile, out, channels, 4)
                        : mr_place_outputs(&at->tile, out, channels, real);
        if (whole != 0) {
            compute(&at->tile);
        }
        if (rest != 0) {
            mr_compute_rest(at, compute, real);
        }
    }
}

/* What does not change from row to row. */
static inline void mr_begin(mr_walk *at, const mr_conv_2d_f32_fpu_params *p,
                            const float *const *rows)
{
    at->params = p;
    at->columns.window = &p->window;
    at->columns.rows = rows;
    at->columns.pixel = p->in_channels;
    at->columns.count = p->group_inputs;
    at->columns.run = p->run;
    at->windows = (float *)(rows + p->window.kernel_height);
    at->tile.inputs = at->windows;
    at->tile.inputs_end = at->windows + p->pairs * MR_FPU_PITCH;
    at->tile.blocks = 2 * (p->group_outputs / MR_FPU_LANES - 1u) + p->rectified;
    at->tile.entry = mr_products_entry(p->pairs);
}

/* Computes the rows of `band`. */
static inline void mr_convolve_tiles(const mr_context *context, const mr_conv_2d_f32_fpu_params *p,
                                     mr_band band, mr_compute compute)
{
    const mr_window *window = &p->window;
    const float *weights = mr_data_at(context, p->weights);
    const void **rows = mr_arena_at(context, p->scratch);
    uint32_t blocks = (p->group_outputs + MR_FPU_LANES - 1u) / MR_FPU_LANES;
    uint32_t end = band.first + band.count;
    mr_walk at = {.compute = compute};
    mr_begin(&at, p, (const float *const *)rows);
    for (uint32_t row = band.first, count; row < end; row += count) {
        float *out = mr_row_out(context, &p->output, row);
        count = 1;
        if (p->joins_rows != 0) {
            count = mr_adjacent_rows(context, &p->input, row, end - row);
            count = mr_adjacent_rows(context, &p->output, row, count);
        }
        mr_window_rows(context, &p->input, window, row, NULL, rows);
        at.columns.in_width = count * window->in_width;
        for (uint32_t group = 0; group < p->groups; group++) {
            at.columns.offset = group * p->group_inputs;
            at.tile.weights = weights + group * blocks * (2 * p->pairs + 1) * MR_FPU_LANES;
            mr_convolve_row(&at, out + group * p->group_outputs, count * window->out_width);
        }
        if (p->clamped != 0) {
            uint32_t channels = (uint32_t)p->groups * p->group_outputs;
            mr_fpu_clamp(out, count * window->out_width * channels, p->least, p->most);
        }
    }
}

#endif
