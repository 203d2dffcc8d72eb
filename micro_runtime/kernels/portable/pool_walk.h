/* SPDX-License-Identifier: MIT-0 */
/* A walk over the output pixels of a pool. Functions are not inline: one copy a file. */
#ifndef MICROLITH_PORTABLE_POOL_WALK_H
#define MICROLITH_PORTABLE_POOL_WALK_H

#include "pooling.h"

/*
 * Walks over the output pixels of a band. Of the input, `columns` pixels from pixel `first` on, in
 * each of rows[0] to rows[row_count - 1], lie under the pixel's window and inside the image.
 */
typedef struct mr_pool_walk {
    const mr_context *context;
    const mr_pool *pool;
    const void **rows;
    uint32_t row_count;
    uint32_t first;
    uint32_t columns;
    uint32_t out_row;
    uint32_t rows_left;
    uint32_t out_x;
    uint8_t *out;
} mr_pool_walk;

static mr_pool_walk mr_pool_start(const mr_context *context, const mr_pool *pool, mr_band band)
{
    return (mr_pool_walk){
        .context = context,
        .pool = pool,
        .rows = mr_arena_at(context, pool->row_table),
        .out_row = band.first,
        .rows_left = band.count,
    };
}

/* Finds the window's input rows and drops those outside the image. */
static void mr_pool_rows(mr_pool_walk *at)
{
    const mr_window *window = &at->pool->window;
    const void **rows = at->rows;
    uint32_t inside = 0;
    mr_window_rows(at->context, &at->pool->input, window, at->out_row, NULL, rows);
    for (uint32_t k = 0; k < window->kernel_height; k++) {
        if (rows[k] != NULL) {
            rows[inside++] = rows[k];
        }
    }
    at->row_count = inside;
}

static void mr_pool_columns(mr_pool_walk *at)
{
    const mr_window *window = &at->pool->window;
    int32_t left = (int32_t)(at->out_x * window->stride_width) - window->pad_left;
    int32_t right = left + window->kernel_width;
    left = left < 0 ? 0 : left;
    right = right > window->in_width ? window->in_width : right;
    at->first = (uint32_t)left;
    at->columns = (uint32_t)(right - left);
}

/* Goes to the next pixel; returns where its channels go, or null when the band is done. */
static void *mr_pool_next(mr_pool_walk *at, uint32_t pixel_bytes)
{
    if (at->rows_left == 0) {
        return NULL;
    }
    if (at->out_x == 0) {
        mr_pool_rows(at);
        at->out = mr_row_out(at->context, &at->pool->output, at->out_row);
    }
    mr_pool_columns(at);
    void *out = at->out;
    at->out += pixel_bytes;
    at->out_x++;
    if (at->out_x == at->pool->window.out_width) {
        at->out_x = 0;
        at->out_row++;
        at->rows_left--;
    }
    return out;
}

/* Offset of lane `index` where `last` is the offset of the last channel. */
static inline uint32_t mr_pool_lane(uint32_t index, uint32_t last)
{
    return index < last ? index : last;
}

#endif
