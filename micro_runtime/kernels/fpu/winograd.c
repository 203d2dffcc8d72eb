/* SPDX-License-Identifier: MIT-0 */
/*
 * Winograd's F(2 x 2, 3 x 3) in single precision: 16 products instead of 36 for four output pixels.
 * Four tiles of 2 x 2 pixels are computed at a time, in each of 16 places as the windows of four
 * pixels with one tap a channel. Results differ from the reference's in their last bits.
 */
#include "winograd.h"

#include "products.h"
#include "winograd_2x2.h"

#define TILES  4u
#define PLACES 16u

/* Columns of inputs under all tiles. */
#define COLUMNS (2u * TILES + 2u)

typedef struct strip {
    const mr_conv_2d_winograd_f32_fpu_params *params;
    const float *weights;
    const float *biases;
    const float *rows[4];
    float *inputs; /* [place][pair of channels][tile][2]; zeros while columns are transformed */
    float *halves; /* inputs transformed along the columns: [4][COLUMNS][channel] */
    float *sums;   /* [tile][place][channel], where the halves were */
    float *outputs[2];
} strip;

/* Transforms `count` columns from `first` on, which are `column` of the image, along the columns;
 * those outside the image with `inside` 0. */
static MR_NOINLINE void transform_run(const strip *at, uint32_t first, uint32_t count,
                                      uint32_t column, int inside)
{
    uint32_t channels = at->params->in_channels;
    mr_sources_4 from;
    mr_places_4 to;
    for (uint32_t k = 0; k < 4; k++) {
        int zero = !inside || at->rows[k] == NULL;
        from.at[k] = zero ? at->inputs : at->rows[k] + column * channels;
        to.at[k] = at->halves + (k * COLUMNS + first) * channels;
    }
    mr_transform_rows(&from, count * channels, &to);
}

/* The inputs of `tiles` from the one on whose leftmost column is `left` (modulo 2^32). */
static MR_NOINLINE void transform_inputs(const strip *at, uint32_t left, uint32_t tiles)
{
    uint32_t channels = at->params->in_channels, width = at->params->window.in_width;
    uint32_t columns = 2 * tiles + 2, before = 0, after = 0;
    if ((int32_t)left < 0) {
        before = 0u - left < columns ? 0u - left : columns;
    }
    if ((int32_t)(left + columns) > (int32_t)width) {
        after = left + columns - width;
        after = after < columns - before ? after : columns - before;
    }
    memset(at->inputs, 0, columns * channels * sizeof(float));
    transform_run(at, 0, before, 0, 0);
    transform_run(at, before, columns - before - after, left + before, 1);
    transform_run(at, columns - after, after, 0, 0);
    for (uint32_t k = 0; k < 4; k++) {
        for (uint32_t tile = 0; tile < tiles; tile++) {
            mr_sources_4 from;
            mr_places_4 to;
            for (uint32_t i = 0; i < 4; i++) {
                from.at[i] = at->halves + (k * COLUMNS + 2 * tile + i) * channels;
                to.at[i] = at->inputs + (4 * k + i) * channels * TILES + 2 * tile;
            }
            mr_transform_columns(&from, channels, &to);
        }
    }
}

/* Sums of products of `outputs` channels from `first` on, in all places. */
static MR_NOINLINE void multiply(const strip *at, uint32_t tiles, uint32_t first, uint32_t outputs)
{
    uint32_t inputs = at->params->in_channels;
    mr_products work = {
        .inputs = at->inputs,
        .weights = at->weights + first * (inputs + 1u),
        .blocks = 2 * (outputs / MR_FPU_LANES - 1u),
        .entry = mr_products_entry(inputs / 2),
    };
    for (uint32_t place = 0; place < PLACES; place++) {
        work.inputs_end = work.inputs + inputs * TILES;
        for (uint32_t i = 0; i < TILES; i++) {
            uint32_t tile = i < tiles ? i : tiles - 1;
            work.outputs[i] = at->sums + (tile * PLACES + place) * outputs;
        }
        if (tiles < TILES) {
            mr_compute_3(&work);
        } else {
            mr_compute_4(&work);
        }
        work.inputs = work.inputs_end;
        work.weights += at->params->out_channels * (inputs + 1u);
    }
}

/* The same channels of `tiles` from column `x` on, in `rows` rows. */
static MR_NOINLINE void transform_outputs(const strip *at, uint32_t x, uint32_t tiles,
                                          uint32_t rows, uint32_t first, uint32_t outputs)
{
    const mr_conv_2d_winograd_f32_fpu_params *p = at->params;
    for (uint32_t tile = 0; tile < tiles; tile++, x += 2) {
        float *sums = at->sums + tile * PLACES * outputs;
        float *unused = sums + 8 * outputs; /* of the second half, which was added to the first */
        mr_invert_rows(sums, 4 * outputs);
        for (uint32_t row = 0; row < rows; row++) {
            float *out = at->outputs[row] + x * p->out_channels + first;
            float *next = x + 1 < p->window.out_width ? out + p->out_channels : unused;
            mr_invert_columns(sums + row * 4 * outputs, at->biases + first, outputs, p->rectified,
                              out, next);
        }
    }
}

/* `tiles` from column `x` on, in `rows` rows: as many channels at a time as sums have room. */
static void compute_tiles(const strip *at, uint32_t x, uint32_t tiles, uint32_t rows)
{
    const mr_conv_2d_winograd_f32_fpu_params *p = at->params;
    transform_inputs(at, x - p->window.pad_left, tiles);
    for (uint32_t first = 0, outputs; first < p->out_channels; first += outputs) {
        outputs = p->out_channels - first;
        outputs = outputs < p->outputs_at_once ? outputs : p->outputs_at_once;
        multiply(at, tiles, first, outputs);
        transform_outputs(at, x, tiles, rows, first, outputs);
    }
}

/* Finds the inputs and outputs of output row `row` and, if `rows` is 2, the one after it. */
static MR_NOINLINE void find_rows(const mr_context *context, strip *at, uint32_t row, uint32_t rows)
{
    const mr_conv_2d_winograd_f32_fpu_params *p = at->params;
    const mr_window *window = &p->window;
    uint32_t first = row / window->out_height * window->in_height;
    uint32_t y = row % window->out_height - window->pad_top;
    for (uint32_t k = 0; k < 4; k++, y++) {
        int needed = k < 2 + rows && y < window->in_height;
        at->rows[k] = needed ? mr_row_in(context, &p->input, first + y) : NULL;
    }
    for (uint32_t i = 0; i < rows; i++) {
        at->outputs[i] = mr_row_out(context, &p->output, row + i);
    }
}

mr_status mr_conv_2d_winograd_f32_fpu(const mr_context *context, const void *params, mr_band band)
{
    const mr_conv_2d_winograd_f32_fpu_params *p = params;
    const mr_window *window = &p->window;
    uint32_t width = window->out_width, end = band.first + band.count;
    strip at = {
        .params = p,
        .weights = mr_data_at(context, p->weights),
        .biases = mr_data_at(context, p->biases),
        .inputs = mr_arena_at(context, p->scratch),
    };
    at.halves = at.inputs + PLACES * TILES * p->in_channels;
    at.sums = at.halves;
    for (uint32_t row = band.first, rows; row < end; row += rows) {
        rows = end - row < 2 || window->out_height - row % window->out_height < 2 ? 1 : 2;
        find_rows(context, &at, row, rows);
        for (uint32_t x = 0; x < width; x += 2 * TILES) {
            uint32_t tiles = (width - x + 1) / 2;
            tiles = tiles < TILES ? tiles : TILES;
            compute_tiles(&at, x, tiles, rows);
        }
    }
    return MR_OK;
}
