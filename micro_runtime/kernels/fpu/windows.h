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
    if (pairs % 8 != 0) {
        if ((pairs & 4u) != 0) {
            MR_COPY_PAIRS("s0-s7", MR_STORE_4, "128");
        }
        if ((pairs & 2u) != 0) {
            MR_COPY_PAIRS("s0-s3", MR_STORE_2, "64");
        }
        if ((pairs & 1u) != 0) {
            MR_COPY_PAIRS("s0-s1", "vstr d0, [%[to]]\n\t", "32");
        }
    }
    for (uint32_t eights = pairs / 8; eights > 0; eights--) {
        MR_COPY_PAIRS("s0-s15", MR_STORE_8, "256");
    }
#else
    for (; pairs > 0; pairs--, from += 2, to += MR_FPU_PITCH) {
        memcpy(to, from, 2 * sizeof(float));
    }
#endif
    return to;
}

/* `count` taps, at least one, that lie behind each other. */
static inline mr_tap mr_put(mr_tap at, const float *from, uint32_t count)
{
    if (at.odd != 0) {
        at.pair[1] = *from++;
        at.pair += MR_FPU_PITCH;
        count--;
    }
    at.pair = mr_copy_pairs(at.pair, from, count / 2);
    at.odd = count % 2;
    if (at.odd != 0) {
        at.pair[0] = from[count - 1];
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

/* What windows consist of: `count` floats from `offset` on of each pixel, which has `pixel`. Where
 * that is all of them and columns are adjacent, a row of a window is a `run` of floats; otherwise
 * that is 0. Rows under the windows are NULL outside the image. */
typedef struct mr_columns {
    const mr_window *window;
    const float *const *rows;
    uint32_t in_width;
    uint32_t pixel;
    uint32_t count;
    uint32_t run;
    uint32_t offset;
} mr_columns;

/* Four places in the image, whose floats go side by side. */
typedef struct mr_sources {
    const float *a, *b, *c, *d;
} mr_sources;

/* One float from each source. */
static inline mr_sources mr_put_singles(mr_sources from, float *to)
{
    to[0] = *from.a++;
    to[2] = *from.b++;
    to[4] = *from.c++;
    to[6] = *from.d++;
    return from;
}

/* Two floats from each source; returns the end of what was put. */
static inline float *mr_put_pair(mr_sources *from, float *to)
{
#if MR_FPU_ASM
    __asm__ volatile(
        "vldmia %[a]!, {d0}\n\t"
        "vldmia %[b]!, {d1}\n\t"
        "vldmia %[c]!, {d2}\n\t"
        "vldmia %[d]!, {d3}\n\t"
        "vstmia %[to]!, {d0-d3}"
        : [a] "+r"(from->a), [b] "+r"(from->b), [c] "+r"(from->c), [d] "+r"(from->d), [to] "+r"(to)
        :
        : "s0", "s1", "s2", "s3", "s4", "s5", "s6", "s7", "memory");
    return to;
#else
    *from = mr_put_singles(mr_put_singles(*from, to), to + 1);
    return to + MR_FPU_PITCH;
#endif
}

/* The windows of `pixels`, all inside the image, from the one on that starts in column `left`;
 * where they are less than four, the last one again. */
static MR_NOINLINE void mr_put_inside(const mr_columns *columns, uint32_t left, uint32_t pixels,
                                      float *to)
{
    const float *const *row = columns->rows, *const *end = row + columns->window->kernel_height;
    uint32_t step = columns->window->stride_width * columns->pixel;
    uint32_t second = pixels > 1 ? step : 0, third = pixels > 2 ? 2 * step : second;
    uint32_t fourth = pixels > 3 ? 3 * step : third;
    uint32_t odd = 0;
    for (; row != end; row++) {
        const float *first = *row + left * columns->pixel;
        mr_sources from = {first, first + second, first + third, first + fourth};
        uint32_t count = columns->run;
        if (odd != 0) {
            from = mr_put_singles(from, to + 1);
            to += MR_FPU_PITCH;
            count--;
        }
        for (uint32_t pairs = count / 2; pairs > 0; pairs--) {
            to = mr_put_pair(&from, to);
        }
        odd = count % 2;
        if (odd != 0) {
            from = mr_put_singles(from, to);
        }
    }
    for (uint32_t i = 0; i < MR_FPU_PIXELS && odd != 0; i++) {
        to[2 * i + 1] = 0.0f;
    }
}

/* The columns of one row under the window that starts in column `left` (modulo 2^32). */
static mr_tap mr_put_row(mr_tap at, const mr_columns *columns, const float *row, uint32_t left)
{
    uint32_t dilation = columns->window->dilation_width;
    for (uint32_t i = columns->window->kernel_width; i > 0; i--, left += dilation) {
        at = left < columns->in_width
                 ? mr_put(at, row + left * columns->pixel + columns->offset, columns->count)
                 : mr_put_zeros(at, columns->count);
    }
    return at;
}

/* The same where a row is a run. */
static mr_tap mr_put_run(mr_tap at, const mr_columns *columns, const float *row, uint32_t left)
{
    uint32_t width = columns->window->kernel_width, end = left + width, before = 0, after = 0;
    if ((int32_t)left < 0) {
        before = 0u - left < width ? 0u - left : width;
    }
    if ((int32_t)end > (int32_t)columns->in_width) {
        after = end - columns->in_width < width - before ? end - columns->in_width : width - before;
    }
    at = mr_put_zeros(at, before * columns->pixel);
    if (before + after < width) {
        at = mr_put(at, row + (left + before) * columns->pixel,
                    (width - before - after) * columns->pixel);
    }
    return mr_put_zeros(at, after * columns->pixel);
}

/* The window that starts in column `left`, whatever it looks like. */
static MR_NOINLINE void mr_put_any(const mr_columns *columns, uint32_t left, float *window)
{
    mr_tap at = {window, 0};
    for (uint32_t k = 0; k < columns->window->kernel_height; k++) {
        const float *row = columns->rows[k];
        if (row == NULL) {
            at = mr_put_zeros(at, columns->window->kernel_width * columns->count);
        } else {
            at = columns->run != 0 ? mr_put_run(at, columns, row, left)
                                   : mr_put_row(at, columns, row, left);
        }
    }
    if (at.odd != 0) {
        at.pair[1] = 0.0f;
    }
}

/* Whether all rows under the windows are inside the image. */
static inline int mr_has_all_rows(const mr_columns *columns)
{
    const float *const *row = columns->rows, *const *end = row + columns->window->kernel_height;
    while (row != end && *row != NULL) {
        row++;
    }
    return row == end;
}

/* The windows of `pixels` from the one on that starts in column `left`. */
static inline void mr_put_windows(const mr_columns *columns, int all_rows, uint32_t left,
                                  uint32_t pixels, float *windows)
{
    const mr_window *window = columns->window;
    uint32_t end = left + (pixels - 1) * window->stride_width + window->kernel_width;
    if (all_rows && columns->run != 0 && left < columns->in_width && end <= columns->in_width) {
        mr_put_inside(columns, left, pixels, windows);
        return;
    }
    for (uint32_t i = 0; i < pixels; i++, left += window->stride_width) {
        mr_put_any(columns, left, windows + 2 * i);
    }
}

#endif
