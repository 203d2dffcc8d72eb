/* SPDX-License-Identifier: MIT-0 */
/*
 * Copies of windows, side by side: taps in pairs, [pair][pixel][2], so that one instruction loads
 * two taps of all pixels. Taps outside the image are zeros, which add nothing to a sum.
 */
#ifndef MICROLITH_FPU_WINDOWS_H
#define MICROLITH_FPU_WINDOWS_H

#include <string.h>

#include "fpu.h"
#include "kernel.h"

/* Pixels whose windows lie side by side. */
#define MR_FPU_PIXELS 4u

/* Floats from one pair of taps to the next one of the same pixel. */
#define MR_FPU_PITCH (2u * MR_FPU_PIXELS)

/* Where the next tap of a window goes: the second of its pair if `odd`. */
typedef struct mr_tap {
    float *pair;
    uint32_t odd;
} mr_tap;

#if MR_FPU_ASM
/* clang-format off */
#define MR_COPY_PAIRS(registers, stores, bytes)                 \
    __asm__ volatile("vldmia %[from]!, {" registers "}\n\t"     \
                     stores                                     \
                     "add %[to], %[to], #" bytes                \
                     : [from] "+r"(from), [to] "+r"(to)         \
                     :                                          \
                     : "s0", "s1", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", \
                       "s12", "s13", "s14", "s15", "memory")
#define MR_STORE_2 "vstr d0, [%[to]]\n\tvstr d1, [%[to], #32]\n\t"
#define MR_STORE_4 MR_STORE_2 "vstr d2, [%[to], #64]\n\tvstr d3, [%[to], #96]\n\t"
#define MR_STORE_8 MR_STORE_4 "vstr d4, [%[to], #128]\n\tvstr d5, [%[to], #160]\n\t" \
                   "vstr d6, [%[to], #192]\n\tvstr d7, [%[to], #224]\n\t"
/* clang-format on */
#endif

static inline float *mr_copy_pairs(float *to, const float *from, uint32_t pairs)
{
#if MR_FPU_ASM
    for (; pairs >= 8; pairs -= 8) {
        MR_COPY_PAIRS("s0-s15", MR_STORE_8, "256");
    }
    if ((pairs & 4u) != 0) {
        MR_COPY_PAIRS("s0-s7", MR_STORE_4, "128");
    }
    if ((pairs & 2u) != 0) {
        MR_COPY_PAIRS("s0-s3", MR_STORE_2, "64");
    }
    if ((pairs & 1u) != 0) {
        MR_COPY_PAIRS("s0-s1", "vstr d0, [%[to]]\n\t", "32");
    }
#else
    for (; pairs > 0; pairs--, from += 2, to += MR_FPU_PITCH) {
        memcpy(to, from, 2 * sizeof(float));
    }
#endif
    return to;
}

/* `count` taps that lie behind each other. */
static inline mr_tap mr_put(mr_tap at, const float *from, uint32_t count)
{
    if (at.odd != 0 && count > 0) {
        at.pair[1] = *from++;
        at = (mr_tap){at.pair + MR_FPU_PITCH, 0};
        count--;
    }
    if (at.odd == 0) {
        at.pair = mr_copy_pairs(at.pair, from, count / 2);
        at.odd = count % 2;
        if (at.odd != 0) {
            at.pair[0] = from[count - 1];
        }
    }
    return at;
}

static inline mr_tap mr_put_zeros(mr_tap at, uint32_t count)
{
    for (; count > 0; count--) {
        at.pair[at.odd] = 0.0f;
        at.pair += at.odd != 0 ? MR_FPU_PITCH : 0;
        at.odd ^= 1u;
    }
    return at;
}

/* What a window consists of: rows of `pixel` floats, of which a window takes `count` a column. */
typedef struct mr_columns {
    const mr_window *window;
    uint32_t in_width;
    uint32_t pixel;
    uint32_t count;
} mr_columns;

/* The columns of one row under the window that starts in column `left` (modulo 2^32). */
static inline mr_tap mr_put_row(mr_tap at, const mr_columns *columns, const float *row,
                                uint32_t left)
{
    uint32_t width = columns->window->kernel_width, count = columns->count;
    if (columns->window->dilation_width == 1 && count == columns->pixel) {
        uint32_t before = (int32_t)left < 0 ? 0u - left : 0, end = left + width;
        before = before < width ? before : width;
        uint32_t after = (int32_t)end > (int32_t)columns->in_width ? end - columns->in_width : 0;
        after = after < width - before ? after : width - before;
        at = mr_put_zeros(at, before * count);
        at = mr_put(at, row + (left + before) * count, (width - before - after) * count);
        return mr_put_zeros(at, after * count);
    }
    for (; width > 0; width--, left += columns->window->dilation_width) {
        at = left < columns->in_width ? mr_put(at, row + left * columns->pixel, count)
                                      : mr_put_zeros(at, count);
    }
    return at;
}

/* The window that starts in column `left`. `rows` under it are NULL outside the image; `offset` is
 * the first float of a pixel that it takes. */
static inline void mr_put_window(const mr_columns *columns, const float *const *rows,
                                 uint32_t offset, uint32_t left, float *to)
{
    mr_tap at = {to, 0};
    uint32_t height = columns->window->kernel_height, width = columns->window->kernel_width;
    if (left < columns->in_width && left + width <= columns->in_width &&
        columns->window->dilation_width == 1 && columns->count == columns->pixel) {
        for (uint32_t k = 0; k < height; k++) {
            at = rows[k] == NULL
                     ? mr_put_zeros(at, width * columns->count)
                     : mr_put(at, rows[k] + left * columns->count, width * columns->count);
        }
    } else {
        for (uint32_t k = 0; k < height; k++) {
            at = rows[k] == NULL ? mr_put_zeros(at, width * columns->count)
                                 : mr_put_row(at, columns, rows[k] + offset, left);
        }
    }
    if (at.odd != 0) {
        at.pair[1] = 0.0f;
    }
}

#endif
