/* SPDX-License-Identifier: MIT-0 */
/* Quantisation at run time: what kernels/portable/dynamic_range.h does, in fewer instructions. */
#ifndef MICROLITH_FPU_QUANTISE_H
#define MICROLITH_FPU_QUANTISE_H

#include <string.h>

#include "fpu.h"
#include "kernel.h"
#include "kernels/dsp/dsp.h"
#include "kernels/portable/dynamic_range.h"

#define MR_SIGN 0x80000000u

static inline float mr_float_of(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* The extremes of numbers and 0. As integers, positive floats are ordered as they are, negative
 * ones in reverse and beyond all positive ones. */
static inline mr_extremes mr_find_extremes_and_zero(const float *reals, uint32_t count)
{
    uint32_t furthest = MR_SIGN; /* the least number, if any is negative */
    int32_t most = 0;
    for (const float *end = reals + count; reals != end; reals++) {
        uint32_t bits;
        memcpy(&bits, reals, sizeof bits);
        furthest = bits > furthest ? bits : furthest;
        most = (int32_t)bits > most ? (int32_t)bits : most;
    }
    return (mr_extremes){mr_float_of(furthest), mr_float_of((uint32_t)most)};
}

#if MR_FPU_ASM && MR_DSP_ASM

/* clang-format off */

/* Two numbers from s registers: multiplied by s8, a half of their sign added, converted. */
#define MR_SCALE(a, b)                              \
    "vmul.f32 " a ", " a ", s8\n\t"                 \
    "vmul.f32 " b ", " b ", s8\n\t"                 \
    "vmov   r4, r5, " a ", " b "\n\t"               \
    "and    r4, r4, #0x80000000\n\t"                \
    "and    r5, r5, #0x80000000\n\t"                \
    "orr    r4, r4, #0x3f000000\n\t"                \
    "orr    r5, r5, #0x3f000000\n\t"                \
    "vmov   s9, s10, r4, r5\n\t"                    \
    "vadd.f32 " a ", " a ", s9\n\t"                 \
    "vadd.f32 " b ", " b ", s10\n\t"                \
    "vcvt.s32.f32 " a ", " a "\n\t"                 \
    "vcvt.s32.f32 " b ", " b "\n\t"                 \
    "vmov   r4, r5, " a ", " b "\n\t"               \
    "qadd   r4, r4, %[zero]\n\t"                    \
    "qadd   r5, r5, %[zero]\n\t"                    \
    "ssat   r4, #8, r4\n\t"                         \
    "ssat   r5, #8, r5\n\t"                         \
    "strb   r4, [%[to]], #1\n\t"                    \
    "strb   r5, [%[to]], #1\n\t"

/* clang-format on */

/* Numbers in groups of four, by adding a half. Symmetric quantisation does not reach -128: no
 * number times the inverse scale is beyond -127.5. */
static MR_NOINLINE void mr_quantise_fours(const float *reals, uint32_t fours, mr_quantisation how,
                                          int8_t *to)
{
    const float *end = reals + 4 * fours;
    __asm__ volatile(
        "vmov s8, %[inverse]\n"
        "1:\n\t"
        "vldmia %[reals]!, {s0-s3}\n\t" MR_SCALE("s0", "s1")
            MR_SCALE("s2", "s3") "cmp %[reals], %[end]\n\t"
                                 "bne 1b"
        : [reals] "+r"(reals), [to] "+r"(to)
        : [end] "r"(end), [inverse] "r"(how.inverse_scale), [zero] "r"(how.range.zero_point)
        : "r4", "r5", "s0", "s1", "s2", "s3", "s8", "s9", "s10", "cc", "memory");
}

#else

static void mr_quantise_fours(const float *reals, uint32_t fours, mr_quantisation how, int8_t *to)
{
    int32_t zero_point = how.range.zero_point;
    float least = (float)(how.least - zero_point), most = (float)(127 - zero_point);
    for (uint32_t i = 0; i < 4 * fours; i++) {
        int32_t steps = mr_add_half_clamped(reals[i] * how.inverse_scale, least, most);
        to[i] = (int8_t)(steps + zero_point);
    }
}

#endif

/* How all numbers of an image or a vector are quantised. */
static inline mr_quantisation mr_quantisation_of(const float *reals, uint32_t count, int asymmetric)
{
    mr_extremes found = mr_find_extremes_and_zero(reals, count);
    return asymmetric ? mr_asymmetric_quantisation(found) : mr_symmetric_quantisation(found);
}

/* The first `count` of `left` numbers, where these are the rest of an image or a vector: a multiple
 * of four, or all of them. The last `left % 8` are rounded as the C library does. */
static MR_NOINLINE void mr_quantise_part(const float *reals, uint32_t count, uint32_t left,
                                         mr_quantisation how, int8_t *to)
{
    uint32_t rounded = left % 8, halves = left - rounded;
    halves = halves < count ? halves : count;
    if (halves > 0) {
        mr_quantise_fours(reals, halves / 4, how, to);
    }
    mr_quantise(reals + halves, count - halves, how, to + halves);
}

#endif
