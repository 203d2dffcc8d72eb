/* SPDX-License-Identifier: MIT-0 */
/*
 * Fully connected layers in single precision, eight units at a time: 69 instructions for 64
 * operations. Each sum has a register of its own and takes its terms in the reference's order, the
 * bias last.
 */
#include "fully_connected.h"

#include "units.h"

#if MR_FPU_ASM

/* clang-format off */

_Static_assert(offsetof(mr_units_job, rectified) == 24 && sizeof(mr_units_job) == 28, "the assembly relies on it");

/* Adds the products of the input `x` and eight weights to the sums s0 to s7. */
#define MULTIPLY_4(x, w0, w1, w2, w3, a, b, c, d)   \
    "vmul.f32 s28, " w0 ", " x "\n\t"               \
    "vmul.f32 s29, " w1 ", " x "\n\t"               \
    "vmul.f32 s30, " w2 ", " x "\n\t"               \
    "vmul.f32 s31, " w3 ", " x "\n\t"               \
    "vadd.f32 " a ", " a ", s28\n\t"                \
    "vadd.f32 " b ", " b ", s29\n\t"                \
    "vadd.f32 " c ", " c ", s30\n\t"                \
    "vadd.f32 " d ", " d ", s31\n\t"
#define MULTIPLY(x, w0, w1, w2, w3, w4, w5, w6, w7)                 \
    MULTIPLY_4(x, w0, w1, w2, w3, "s0", "s1", "s2", "s3")           \
    MULTIPLY_4(x, w4, w5, w6, w7, "s4", "s5", "s6", "s7")
#define MULTIPLY_TWO(x, y)                                                          \
    "vldmia r3!, {s12-s27}\n\t"                                                     \
    MULTIPLY(x, "s12", "s13", "s14", "s15", "s16", "s17", "s18", "s19")             \
    MULTIPLY(y, "s20", "s21", "s22", "s23", "s24", "s25", "s26", "s27")

/* r0 is the first input, r1 and r2 are the ends of groups and of all, r3 is the next weight, r4 the
 * number of blocks, r5 the output, r6 whether it is rectified, r7 the next input. */
__attribute__((naked, noinline)) static void compute(const mr_units_job *work)
{
    (void)work;
    __asm__("push   {r4-r11, lr}\n\t"
            "vpush  {s16-s31}\n\t"
            "ldmia  r0, {r0-r6}\n\t"
            "movs   r8, #0\n"
            "1:\n\t"
            "vmov   d0, r8, r8\n\t"
            "vmov   d1, r8, r8\n\t"
            "vmov   d2, r8, r8\n\t"
            "vmov   d3, r8, r8\n\t"
            "mov    r7, r0\n\t"
            "cmp    r7, r1\n\t"
            "beq    3f\n"
            "2:\n\t"
            "vldmia r7!, {s8-s11}\n\t"
            MULTIPLY_TWO("s8", "s9")
            MULTIPLY_TWO("s10", "s11")
            "cmp    r7, r1\n\t"
            "bne    2b\n"
            "3:\n\t"
            "cmp    r7, r2\n\t"
            "beq    5f\n"
            "4:\n\t"
            "vldmia r7!, {s8}\n\t"
            "vldmia r3!, {s12-s19}\n\t"
            MULTIPLY("s8", "s12", "s13", "s14", "s15", "s16", "s17", "s18", "s19")
            "cmp    r7, r2\n\t"
            "bne    4b\n"
            "5:\n\t"
            "vldmia r3!, {s24-s27}\n\t"
            MR_FPU_ADD_BIASES("s0", "s1", "s2", "s3")
            "vldmia r3!, {s24-s27}\n\t"
            MR_FPU_ADD_BIASES("s4", "s5", "s6", "s7")
            "cbz    r6, 6f\n\t"
            MR_FPU_STORE_RECTIFIED("r5", "s0", "s1", "s2", "s3")
            MR_FPU_STORE_RECTIFIED("r5", "s4", "s5", "s6", "s7")
            "b      7f\n"
            "6:\n\t"
            "vstmia r5!, {s0-s7}\n"
            "7:\n\t"
            "subs   r4, #1\n\t"
            "bne    1b\n\t"
            "vpop   {s16-s31}\n\t"
            "pop    {r4-r11, pc}");
}

/* clang-format on */

#else

static void compute(const mr_units_job *work)
{
    mr_compute_units(work);
}

#endif

mr_status mr_fully_connected_f32_fpu(const mr_context *context, const void *params, mr_band band)
{
    (void)band;
    mr_connect_units(context, params, compute);
    return MR_OK;
}
