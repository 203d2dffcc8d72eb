/* SPDX-License-Identifier: MIT-0 */
/*
 * What Helium kernels share: when there is assembly, the rows of their output tables, and copies of
 * bytes. All that is assembly stands beside the C that says what it does.
 */
#ifndef MICROLITH_HELIUM_H
#define MICROLITH_HELIUM_H

#include <stdint.h>
#include <string.h>

#include "kernel.h"

#if defined(__ARM_FEATURE_MVE) && defined(__GNUC__)
#define MR_HELIUM_ASM 1
#else
#define MR_HELIUM_ASM 0
#endif

/* A function with a stack frame of its own, so that others stay small. */
#if defined(__GNUC__)
#define MR_APART __attribute__((noinline))
#else
#define MR_APART
#endif

/* Bytes of a vector. */
#define MR_VECTOR 16u

/*
 * How sums of one output channel become int8: exactly what two roundings, gemmlowp's doubling high
 * multiply and rounding shift by `right` = -shift >= 1, plus the zero point give. `offset` is
 * (zero point << right) + (1 << (right - 1)); nothing overflows while |sum| < 2^30.
 *
 * VQRDMLAH adds the doubling high multiply to an accumulator. That starts with the offset, less one
 * for negative sums, whose halves so round down as gemmlowp's do. A negative sum whose product
 * rounds to zero loses one as well, which the half in the offset outweighs.
 */
typedef struct mr_helium_output {
    int32_t bias;
    int32_t multiplier;
    int32_t offset;
    int32_t shift; /* negative: to the right */
} mr_helium_output;

/* clang-format off */

/* Assembly of the same for four sums in the vector `sums`, bias included, to the vector `to`, not
 * yet saturated; the other fields are registers. */
#define MR_HELIUM_SCALE(to, sums, multiplier, offset, shift)    \
    "vshr.s32     " to ", " sums ", #31\n\t"                    \
    "vadd.i32     " to ", " to ", " offset "\n\t"               \
    "vqrdmlah.s32 " to ", " sums ", " multiplier "\n\t"         \
    "vshl.s32     " to ", " shift "\n\t"

/* For outputs that are clamped to the zero point or more: what negative sums become is at most the
 * zero point, however their halves round. */
#define MR_HELIUM_SCALE_RECTIFIED(to, sums, multiplier, offset, shift) \
    "vdup.32      " to ", " offset "\n\t"                              \
    "vqrdmlah.s32 " to ", " sums ", " multiplier "\n\t"                \
    "vshl.s32     " to ", " shift "\n\t"

/* clang-format on */

static inline int8_t mr_helium_requantize(int32_t sum, const mr_helium_output *output)
{
    int32_t biased = (int32_t)((uint32_t)sum + (uint32_t)output->bias);
    int32_t high = (int32_t)(((int64_t)biased * output->multiplier + (1 << 30)) >> 31);
    int32_t value = (high + output->offset + (biased >> 31)) >> -output->shift;
    return (int8_t)(value < INT8_MIN ? INT8_MIN : value > INT8_MAX ? INT8_MAX : value);
}

/*
 * The same without an offset, for a zero point that is added to 16-bit results: `multiplier` and
 * the zero point fit what mr_helium_output says. With a zero point of -128 negative sums become the
 * zero point however their halves round.
 */
typedef struct mr_helium_scaling {
    int32_t bias;
    int32_t multiplier;
    int32_t shift; /* negative: to the right */
} mr_helium_scaling;

static inline int8_t mr_helium_scale(int32_t sum, const mr_helium_scaling *scaling, int32_t zero)
{
    mr_helium_output output = {scaling->bias, scaling->multiplier, 0, scaling->shift};
    output.offset = zero * (1 << -scaling->shift) + (1 << (-scaling->shift - 1));
    return mr_helium_requantize(sum, &output);
}

/* Rows of a tensor in turn. Start with zeros for the last two. */
typedef struct mr_helium_rows {
    const mr_context *context;
    const mr_rows *rows;
    const int8_t *next;
    uint32_t adjacent; /* rows from `next` on that lie one behind the other */
} mr_helium_rows;

/* The row, which must be the one after the last one unless `adjacent` is zero. */
static inline const int8_t *mr_helium_next_row(mr_helium_rows *at, uint32_t row)
{
    if (at->adjacent == 0) {
        at->next = mr_row_in(at->context, at->rows, row);
        at->adjacent = at->rows->capacity == 0 ? 1 : at->rows->capacity - row % at->rows->capacity;
    }
    const int8_t *found = at->next;
    at->next += at->rows->pitch;
    at->adjacent--;
    return found;
}

/* Copies bytes that do not overlap; returns the end of the copy. */
static inline int8_t *mr_helium_copy(int8_t *to, const int8_t *from, uint32_t bytes)
{
#if MR_HELIUM_ASM
    int8_t *end = to + bytes;
    __asm__ volatile("wlstp.8 lr, %[bytes], 2f\n"
                     "1:\n\t"
                     "vldrb.u8 q0, [%[from]], #16\n\t"
                     "vstrb.8 q0, [%[to]], #16\n\t"
                     "letp lr, 1b\n"
                     "2:"
                     : [to] "+r"(to), [from] "+r"(from)
                     : [bytes] "r"(bytes)
                     : "lr", "q0", "memory");
    return end;
#else
    memcpy(to, from, bytes);
    return to + bytes;
#endif
}

static inline void mr_helium_fill(int8_t *to, uint32_t bytes, int8_t value)
{
#if MR_HELIUM_ASM
    __asm__ volatile("vdup.8 q0, %[value]\n\t"
                     "wlstp.8 lr, %[bytes], 2f\n"
                     "1:\n\t"
                     "vstrb.8 q0, [%[to]], #16\n\t"
                     "letp lr, 1b\n"
                     "2:"
                     : [to] "+r"(to)
                     : [bytes] "r"(bytes), [value] "r"(value)
                     : "lr", "q0", "memory");
#else
    memset(to, value, bytes);
#endif
}

/* Narrows the range of outputs that an activation bounds. */
static inline void mr_helium_clamp(int8_t *out, uint32_t count, int32_t least, int32_t most)
{
#if MR_HELIUM_ASM
    __asm__ volatile("vdup.8 q1, %[least]\n\t"
                     "vdup.8 q2, %[most]\n\t"
                     "wlstp.8 lr, %[count], 2f\n"
                     "1:\n\t"
                     "vldrb.u8 q0, [%[out]]\n\t"
                     "vmax.s8 q0, q0, q1\n\t"
                     "vmin.s8 q0, q0, q2\n\t"
                     "vstrb.8 q0, [%[out]], #16\n\t"
                     "letp lr, 1b\n"
                     "2:"
                     : [out] "+r"(out)
                     : [count] "r"(count), [least] "r"(least), [most] "r"(most)
                     : "lr", "q0", "q1", "q2", "memory");
#else
    for (const int8_t *end = out + count; out != end; out++) {
        int32_t value = *out < least ? least : *out;
        *out = (int8_t)(value > most ? most : value);
    }
#endif
}

#endif
