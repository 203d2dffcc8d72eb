/* SPDX-License-Identifier: MIT-0 */
/*
 * What the kernels for cores with a floating-point unit share. Products are multiplied, rounded and
 * then added, in the reference's order: VMUL and VADD, since a fused multiply-add rounds once and
 * the chained one (VMLA) takes longer than both. All that is assembly stands beside the C that says
 * what it does.
 */
#ifndef MICROLITH_FPU_H
#define MICROLITH_FPU_H

#include <stdint.h>

#if defined(__ARM_FP) && defined(__thumb2__) && defined(__GNUC__)
#define MR_FPU_ASM ((__ARM_FP & 4) != 0)
#else
#define MR_FPU_ASM 0
#endif

/* Channels that are computed together. */
#define MR_FPU_LANES 4u

/* clang-format off */

/* Adds the products of the factor `x` and four weights, s24 to s27, to sums. Spoils s28 to s31. */
#define MR_FPU_MULTIPLY(x, a, b, c, d)      \
    "vmul.f32 s28, s24, " x "\n\t"          \
    "vmul.f32 s29, s25, " x "\n\t"          \
    "vmul.f32 s30, s26, " x "\n\t"          \
    "vmul.f32 s31, s27, " x "\n\t"          \
    "vadd.f32 " a ", " a ", s28\n\t"        \
    "vadd.f32 " b ", " b ", s29\n\t"        \
    "vadd.f32 " c ", " c ", s30\n\t"        \
    "vadd.f32 " d ", " d ", s31\n\t"

/* The same for the first products. */
#define MR_FPU_START(x, a, b, c, d)         \
    "vmul.f32 " a ", s24, " x "\n\t"        \
    "vmul.f32 " b ", s25, " x "\n\t"        \
    "vmul.f32 " c ", s26, " x "\n\t"        \
    "vmul.f32 " d ", s27, " x "\n\t"

/* Adds the biases s24 to s27. */
#define MR_FPU_ADD_BIASES(a, b, c, d)       \
    "vadd.f32 " a ", " a ", s24\n\t"        \
    "vadd.f32 " b ", " b ", s25\n\t"        \
    "vadd.f32 " c ", " c ", s26\n\t"        \
    "vadd.f32 " d ", " d ", s27\n\t"

/* Stores four numbers at `to`, and moves that on; zeros for negative ones, whose sign clears all
 * their bits. Spoils r10 to r12 and lr. */
#define MR_FPU_STORE_RECTIFIED(to, a, b, c, d)  \
    "vmov   r10, r11, " a ", " b "\n\t"         \
    "vmov   r12, lr, " c ", " d "\n\t"          \
    "bic    r10, r10, r10, asr #31\n\t"         \
    "bic    r11, r11, r11, asr #31\n\t"         \
    "bic    r12, r12, r12, asr #31\n\t"         \
    "bic    lr, lr, lr, asr #31\n\t"            \
    "stmia  " to "!, {r10, r11, r12, lr}\n\t"

/* clang-format on */

/* Limits outputs; what is not a number stays so, as in the reference. */
static inline void mr_fpu_clamp(float *out, uint32_t count, float least, float most)
{
    for (const float *end = out + count; out != end; out++) {
        float value = *out < least ? least : *out;
        *out = value > most ? most : value;
    }
}

#endif
