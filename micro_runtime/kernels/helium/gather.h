/* SPDX-License-Identifier: MIT-0 */
/* Copies of windows that cannot be read where they are. */
#ifndef MICROLITH_HELIUM_GATHER_H
#define MICROLITH_HELIUM_GATHER_H

#include "helium.h"
#include "params.h"

/* The window whose left edge is in column `left` (modulo 2^32), row by row and without a gap.
 * `rows` are its rows, `bytes` those of a pixel, `padding` a row of zero points. */
static inline void mr_helium_gather(const mr_window *window, const int8_t *const *rows,
                                    uint32_t left, uint32_t bytes, const int8_t *padding,
                                    int8_t *copy)
{
    uint32_t width = window->kernel_width, in_width = window->in_width;
    if (left < in_width && left + width <= in_width && window->dilation_width == 1) {
        for (uint32_t k = 0; k < window->kernel_height; k++) {
            copy = mr_helium_copy(copy, rows[k] + left * bytes, width * bytes);
        }
        return;
    }
    for (uint32_t k = 0; k < window->kernel_height; k++) {
        for (uint32_t i = 0; i < width; i++) {
            uint32_t column = left + i * window->dilation_width;
            const int8_t *from = column < in_width ? rows[k] + column * bytes : padding;
            copy = mr_helium_copy(copy, from, bytes);
        }
    }
}

#endif
