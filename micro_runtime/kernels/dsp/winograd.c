/* SPDX-License-Identifier: MIT-0 */
/*
 * Winograd's minimal filtering of 3 x 3 windows, exactly: transforms have integer coefficients, and
 * sums are computed modulo 2^32, where odd factors have inverses. A tile of 4 x 4 outputs takes 36
 * products a channel instead of 144, one of 2 x 2 takes 16 instead of 36.
 *
 * Tiles start at the first row of the band. Where a tile reaches over the band or the image,
 * outputs that do not exist share their place with the tile's first one, which is written last.
 * Rows that only they depend on may hold anything: it cancels out.
 */
#include "winograd.h"

#include "dsp.h"
#include "gather.h"
#include "rows.h"
#include "winograd_2x2.h"
#include "winograd_4x4.h"
#include "winograd_tiles.h"

#define MOST_ROWS 6u

typedef struct scheme {
    uint32_t tile;    /* outputs of a tile's row */
    uint32_t outputs; /* bytes of a mr_winograd_output */
    void (*transform)(mr_winograd_tile *tile);
    void (*finish)(const uint32_t *sums, uint32_t stride, const mr_winograd_output *output,
                   int8_t *const *pixels, uint32_t channel);
} scheme;

/* `rows` are those under a row of tiles. */
typedef struct walk {
    const mr_context *context;
    const mr_winograd_s8_params *params;
    const scheme *how;
    const uint8_t *rows[MOST_ROWS];
    uint32_t *slots;
    mr_winograd_tile *tile;
    int8_t **pixels; /* [tile][row][column] */
    int8_t *patch;
} walk;

/* Points the tile at its input, whose left edge is in column `left` (modulo 2^32): in place, or at
 * a copy if it reaches over a side of the image, or pixels are too short to be read as words. */
static void find_input(const walk *at, uint32_t left)
{
    const mr_winograd_s8_params *p = at->params;
    const uint32_t size = at->how->tile + 2, bytes = p->in_channels, width = p->window.in_width;
    if (left < width && left + size <= width && bytes >= 4) {
        for (uint32_t k = 0; k < size; k++) {
            at->tile->rows[k] = at->rows[k] + left * bytes;
        }
        return;
    }
    uint32_t before = (int32_t)left < 0 ? 0u - left : 0;
    uint32_t after = (int32_t)(left + size) > (int32_t)width ? left + size - width : 0;
    int8_t *copy = at->patch;
    for (uint32_t k = 0; k < size; k++, copy += size * bytes) {
        at->tile->rows[k] = (const uint8_t *)copy;
        mr_gather_run((const int8_t *)at->rows[k], left, before, size - before - after, after,
                      bytes, mr_data_at(at->context, p->padding), copy);
    }
}

/* Transforms the input of the tile whose first output is in column `x` for place `slot`. */
static void transform(const walk *at, uint32_t x, uint32_t slot)
{
    const mr_winograd_s8_params *p = at->params;
    mr_winograd_tile *tile = at->tile;
    find_input(at, x - p->window.pad_left);
    tile->first = 0;
    tile->to = at->slots + slot;
    tile->groups = p->in_channels / 4u;
    if (tile->groups != 0) {
        at->how->transform(tile);
    }
    if (p->in_channels % 4u != 0) {
        tile->to += tile->groups * MR_WINOGRAD_WORDS;
        tile->first = p->in_channels < 4 ? 0 : p->in_channels - 4u;
        tile->groups = 1;
        at->how->transform(tile);
    }
}

/* Where the outputs of the tile at `row` and column `x` go; `rows` of its rows exist. */
static void find_pixels(const walk *at, uint32_t row, uint32_t rows, uint32_t x, int8_t **pixels)
{
    const mr_winograd_s8_params *p = at->params;
    const uint32_t size = at->how->tile, left = p->window.out_width - x;
    int8_t *first = mr_row_out(at->context, &p->output, row);
    first += x * p->out_channels;
    for (uint32_t i = 0; i < size; i++) {
        int8_t *line = first;
        if (i != 0 && i < rows) {
            line = mr_row_out(at->context, &p->output, row + i);
            line += x * p->out_channels;
        }
        for (uint32_t j = 0; j < size; j++, line += p->out_channels) {
            *pixels++ = i < rows && j < left ? line : first;
        }
    }
}

/* All output channels of `tiles` tiles. */
static void compute(const walk *at, uint32_t tiles)
{
    const mr_winograd_s8_params *p = at->params;
    const scheme *how = at->how;
    const uint32_t stride = at->tile->stride, size = how->tile + 2;
    const uint32_t *end = at->slots + size * size * stride / sizeof *end;
    const uint8_t *weights = mr_data_at(at->context, p->weights);
    const uint8_t *outputs = mr_data_at(at->context, p->outputs);
    const uint32_t pair_bytes = size * size * (stride - 16);
    for (uint32_t channel = 0; channel < p->out_channels; weights += pair_bytes) {
        mr_winograd_multiply(at->slots, weights, end, p->groups);
        const uint32_t *sums = at->slots + (stride - 16) / sizeof *sums;
        for (uint32_t i = 0; i < MR_WINOGRAD_OUTPUTS && channel < p->out_channels; i++) {
            const mr_winograd_output *output = (const void *)outputs;
            for (uint32_t tile = 0; tile < tiles; tile++) {
                how->finish(sums + MR_WINOGRAD_OUTPUTS * tile + i, stride, output,
                            at->pixels + how->tile * how->tile * tile, channel);
            }
            outputs += how->outputs;
            channel++;
        }
    }
}

static void clamp(const walk *at, uint32_t row, uint32_t rows)
{
    const mr_winograd_s8_params *p = at->params;
    if (p->least != INT8_MIN || p->most != INT8_MAX) {
        for (uint32_t i = 0; i < rows; i++) {
            mr_dsp_clamp(mr_row_out(at->context, &p->output, row + i),
                         p->window.out_width * (uint32_t)p->out_channels, p->least, p->most);
        }
    }
}

static void convolve(const mr_context *context, const mr_winograd_s8_params *p, mr_band band,
                     const scheme *how)
{
    const mr_window *window = &p->window;
    const uint32_t size = how->tile, stride = 16 * (p->groups + 1u);
    walk at = {.context = context, .params = p, .how = how};
    at.slots = mr_arena_at(context, p->scratch);
    at.tile = (void *)(at.slots + (size + 2) * (size + 2) * stride / sizeof *at.slots);
    at.pixels = (int8_t **)(at.tile + 1);
    at.patch = (int8_t *)(at.pixels + MR_WINOGRAD_TILES * size * size);
    at.tile->bytes = p->in_channels;
    at.tile->stride = stride;
    for (uint32_t row = band.first, end = row + band.count, rows; row < end; row += rows) {
        uint32_t below = window->out_height - row % window->out_height;
        rows = end - row < below ? end - row : below;
        rows = rows < size ? rows : size;
        mr_dsp_rows_from(context, &p->input, window, row, mr_data_at(context, p->padding), at.rows,
                         size + 2);
        for (uint32_t x = 0, tiles; x < window->out_width; x += MR_WINOGRAD_TILES * size) {
            for (tiles = 0; tiles < MR_WINOGRAD_TILES; tiles++) {
                uint32_t column = x + tiles * size;
                if (column >= window->out_width) {
                    break;
                }
                transform(&at, column, tiles);
                find_pixels(&at, row, rows, column, at.pixels + size * size * tiles);
            }
            compute(&at, tiles);
        }
        clamp(&at, row, rows);
    }
}

static const scheme rounded_2x2 = {2, 20, transform_2x2, finish_2x2};
static const scheme rounded_4x4 = {4, 80, transform_4x4, finish_4x4};
static const scheme scaled_2x2 = {2, 20, transform_2x2, finish_2x2_scaled};
static const scheme scaled_4x4 = {4, 80, transform_4x4, finish_4x4_scaled};

mr_status mr_winograd_2x2_s8(const mr_context *context, const void *params, mr_band band)
{
    convolve(context, params, band, &rounded_2x2);
    return MR_OK;
}

mr_status mr_winograd_4x4_s8(const mr_context *context, const void *params, mr_band band)
{
    convolve(context, params, band, &rounded_4x4);
    return MR_OK;
}

mr_status mr_winograd_2x2_s8_scaled(const mr_context *context, const void *params, mr_band band)
{
    convolve(context, params, band, &scaled_2x2);
    return MR_OK;
}

mr_status mr_winograd_4x4_s8_scaled(const mr_context *context, const void *params, mr_band band)
{
    convolve(context, params, band, &scaled_4x4);
    return MR_OK;
}
