/* SPDX-License-Identifier: MIT-0 */
/* Windows that are read where they are, if they can be. */
#ifndef MICROLITH_DSP_WINDOWS_H
#define MICROLITH_DSP_WINDOWS_H

#include <stddef.h>
#include <stdint.h>

#include "gather.h"
#include "params.h"

/* A window: row k starts at rows[k] + offset or, when `rows` is null, at copy + k * its bytes. */
typedef struct mr_dsp_source {
    const int8_t *const *rows;
    const int8_t *copy;
    uint32_t offset;
} mr_dsp_source;

/* The window of output column `x`, whose rows are `rows`, pixels of `bytes`: copied to `copy` if it
 * is no rectangle of the image, or `always`. */
static inline mr_dsp_source mr_dsp_find_window(const mr_window *window, const int8_t *const *rows,
                                               uint32_t x, uint32_t bytes, const int8_t *padding,
                                               uint32_t always, int8_t *copy)
{
    uint32_t left = x * window->stride_width - window->pad_left;
    int inside = left < window->in_width && left + window->kernel_width <= window->in_width;
    if (inside && !always) {
        return (mr_dsp_source){.rows = rows, .offset = left * bytes};
    }
    mr_gather(window, rows, left, bytes, padding, copy);
    return (mr_dsp_source){.copy = copy};
}

static inline const int8_t *mr_dsp_window_row(const mr_dsp_source *from, uint32_t k, uint32_t bytes)
{
    return from->rows != NULL ? from->rows[k] + from->offset : from->copy + k * bytes;
}

#endif
