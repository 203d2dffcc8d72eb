/* SPDX-License-Identifier: MIT-0 */
#ifndef MICROLITH_DSP_ROWS_H
#define MICROLITH_DSP_ROWS_H

#include "kernel.h"

/* The `count` input rows from the top of output row `row`'s window on, those under the rows after
 * it included; `padding` outside the image. */
static inline void mr_dsp_rows_from(const mr_context *context, const mr_rows *input,
                                    const mr_window *window, uint32_t row, const uint8_t *padding,
                                    const uint8_t **rows, uint32_t count)
{
    uint32_t first = row / window->out_height * window->in_height;
    uint32_t y = row % window->out_height * window->stride_height - window->pad_top;
    for (uint32_t k = 0; k < count; k++, y++) {
        rows[k] = y < window->in_height ? mr_row_in(context, input, first + y) : padding;
    }
}

static inline void mr_dsp_fill(uint32_t *to, uint32_t word, uint32_t count)
{
    for (; count != 0; count--) {
        *to++ = word;
    }
}

/* How many of the rows from `row` on, before `end`, go together: two of one image, or one. */
static inline uint32_t mr_dsp_pair(const mr_window *window, uint32_t row, uint32_t end)
{
    return end - row < 2 || window->out_height - row % window->out_height < 2 ? 1 : 2;
}

#endif
