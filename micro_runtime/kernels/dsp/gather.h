/* SPDX-License-Identifier: MIT-0 */
/* Copies of windows that cannot be read where they are. */
#ifndef MICROLITH_DSP_GATHER_H
#define MICROLITH_DSP_GATHER_H

#include <stdint.h>
#include <string.h>

#include "dsp.h"
#include "params.h"

/* Most runs are of a few bytes: too few to call memcpy for them. */
static MR_NOINLINE void mr_copy_run(int8_t *to, const int8_t *from, uint32_t bytes)
{
    if (bytes >= 32) {
        memcpy(to, from, bytes);
        return;
    }
    for (; bytes >= 4; bytes -= 4, to += 4, from += 4) {
        uint32_t four;
        memcpy(&four, from, sizeof four);
        memcpy(to, &four, sizeof four);
    }
    if ((bytes & 2) != 0) {
        *to++ = *from++;
        *to++ = *from++;
    }
    if ((bytes & 1) != 0) {
        *to = *from;
    }
}

/* Columns of a row of the window, `bytes` each: `before` lie left of the image, `inside` in it. */
static inline void mr_gather_run(const int8_t *row, uint32_t left, uint32_t before, uint32_t inside,
                                 uint32_t after, uint32_t bytes, const int8_t *padding,
                                 int8_t *copy)
{
    if (before != 0) {
        mr_copy_run(copy, padding, before * bytes);
    }
    mr_copy_run(copy + before * bytes, row + (left + before) * bytes, inside * bytes);
    if (after != 0) {
        mr_copy_run(copy + (before + inside) * bytes, padding, after * bytes);
    }
}

/* The window whose left edge is in column `left` (modulo 2^32), row by row and without a gap.
 * `rows` are its rows, `bytes` those of a pixel. */
static MR_NOINLINE void mr_gather(const mr_window *window, const int8_t *const *rows, uint32_t left,
                                  uint32_t bytes, const int8_t *padding, int8_t *copy)
{
    uint32_t width = window->kernel_width, in_width = window->in_width;
    if (window->dilation_width == 1) {
        uint32_t before = (int32_t)left < 0 ? 0u - left : 0;
        before = before < width ? before : width;
        uint32_t end = left + width;
        uint32_t after = (int32_t)end > (int32_t)in_width ? end - in_width : 0;
        after = after < width - before ? after : width - before;
        for (uint32_t k = 0; k < window->kernel_height; k++, copy += width * bytes) {
            mr_gather_run(rows[k], left, before, width - before - after, after, bytes, padding,
                          copy);
        }
        return;
    }
    for (uint32_t k = 0; k < window->kernel_height; k++) {
        for (uint32_t i = 0; i < width; i++, copy += bytes) {
            uint32_t column = left + i * window->dilation_width;
            mr_copy_run(copy, column < in_width ? rows[k] + column * bytes : padding, bytes);
        }
    }
}

#endif
