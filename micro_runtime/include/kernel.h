/* SPDX-License-Identifier: MIT-0 */
/* What a kernel sees: where memory is, which output rows to compute, and how to find input rows. */
#ifndef MICROLITH_KERNEL_H
#define MICROLITH_KERNEL_H

#include <stddef.h>
#include <stdint.h>

#include "microlith.h"
#include "params.h"

/* A function of a header that is called from several places, or from none. */
#if defined(__GNUC__)
#define MR_NOINLINE __attribute__((noinline, unused))
#else
#define MR_NOINLINE
#endif

static inline void *mr_arena_at(const mr_context *context, mr_ref ref)
{
    return context->arena + ref;
}

/* Data that is only read may lie in the arena or among the constants. */
static inline const void *mr_data_at(const mr_context *context, mr_ref ref)
{
    const uint8_t *base = (ref & MR_CONST_BIT) != 0 ? context->constants : context->arena;
    return base + (ref & ~MR_CONST_BIT);
}

/* A row that has an offset of its own. */
static inline void *mr_row_listed(const mr_context *context, const mr_rows *rows, uint32_t row)
{
    const uint16_t *offsets = mr_data_at(context, rows->base);
    return context->arena + MR_ROW_UNIT * offsets[row];
}

static inline const void *mr_row_in(const mr_context *context, const mr_rows *rows, uint32_t row)
{
    if (rows->capacity == 0) {
        return mr_row_listed(context, rows, row);
    }
    return (const uint8_t *)mr_data_at(context, rows->base) + row % rows->capacity * rows->pitch;
}

static inline void *mr_row_out(const mr_context *context, const mr_rows *rows, uint32_t row)
{
    if (rows->capacity == 0) {
        return mr_row_listed(context, rows, row);
    }
    return (uint8_t *)mr_arena_at(context, rows->base) + row % rows->capacity * rows->pitch;
}

/* How many rows from `row` on, at most `most`, lie one behind the other. */
static inline uint32_t mr_adjacent_rows(const mr_context *context, const mr_rows *rows,
                                        uint32_t row, uint32_t most)
{
    uint32_t count = 1;
    if (rows->capacity != 0) {
        count = rows->capacity - row % rows->capacity;
        return count < most ? count : most;
    }
    const uint8_t *next = mr_row_listed(context, rows, row);
    while (count < most && mr_row_listed(context, rows, row + count) == (next += rows->pitch)) {
        count++;
    }
    return count;
}

/*
 * The input rows under a window: table[k] is the row that the window's k-th row reads for output
 * row `out_row` (images of a batch are numbered through), or `padding` outside the image.
 */
static inline void mr_window_rows(const mr_context *context, const mr_rows *input,
                                  const mr_window *window, uint32_t out_row, const void *padding,
                                  const void **table)
{
    uint32_t image = out_row / window->out_height;
    uint32_t y = out_row % window->out_height;
    int32_t in_y = (int32_t)(y * window->stride_height) - (int32_t)window->pad_top;
    uint32_t first = image * window->in_height;
    for (uint32_t k = 0; k < window->kernel_height; k++, in_y += window->dilation_height) {
        uint32_t inside = (uint32_t)in_y < window->in_height;
        table[k] = inside ? mr_row_in(context, input, first + (uint32_t)in_y) : padding;
    }
}

#endif
