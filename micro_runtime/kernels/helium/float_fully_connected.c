/* SPDX-License-Identifier: MIT-0 */
/*
 * Fully connected layers in single precision with Helium: eight units are two vectors, so that each
 * sum takes its terms in the reference's order, the bias last; 26 instructions for 64 operations.
 * Vectors flush subnormal numbers to zero.
 */
#include "float_fully_connected.h"

#include "float.h"
#include "kernels/fpu/units.h"

#if MR_HELIUM_FLOAT_ASM

/* clang-format off */

_Static_assert(offsetof(mr_units_job, rectified) == 24 && sizeof(mr_units_job) == 28,
               "the assembly relies on it");

/* Adds the products of an input and eight weights to the sums q0 and q1, through two vectors; those
 * of the input before are added meanwhile. */
#define LOAD            \
    "vldrw.u32 q2, [r3], #16\n\t"       \
    "vldrw.u32 q3, [r3], #16\n\t"
#define MULTIPLY(x)                     \
    LOAD                                \
    "vmul.f32 q4, q2, " x "\n\t"        \
    "vmul.f32 q5, q3, " x "\n\t"        \
    "vadd.f32 q0, q0, q4\n\t"           \
    "vadd.f32 q1, q1, q5\n\t"

/* r0 is the first input, r1 the number of groups of four, r2 that of inputs behind them, r3 the next
 * weight, r4 the number of blocks, r5 the output, r6 whether it is rectified, r7 the next input; r8
 * to r11 are inputs. */
__attribute__((naked, noinline)) static void compute(const mr_units_job *work)
{
    (void)work;
    __asm__("push   {r4-r11, lr}\n\t"
            "sub    sp, #4\n\t"
            "vpush  {d8-d15}\n\t"
            "ldmia  r0, {r0-r6}\n\t"
            "subs   r2, r1\n\t"
            "lsrs   r2, r2, #2\n\t"
            "subs   r1, r0\n\t"
            "lsrs   r1, r1, #4\n"
            "1:\n\t"
            "vmov.i32 q0, #0\n\t"
            "vmov.i32 q1, #0\n\t"
            "mov    r7, r0\n\t"
            "wls    lr, r1, 3f\n"
            "2:\n\t"
            "ldmia  r7!, {r8-r11}\n\t"
            MULTIPLY("r8")
            MULTIPLY("r9")
            MULTIPLY("r10")
            MULTIPLY("r11")
            "le     lr, 2b\n"
            "3:\n\t"
            "wls    lr, r2, 5f\n"
            "4:\n\t"
            "ldr    r8, [r7], #4\n\t"
            MULTIPLY("r8")
            "le     lr, 4b\n"
            "5:\n\t"
            LOAD
            "vadd.f32 q0, q0, q2\n\t"
            "vadd.f32 q1, q1, q3\n\t"
            "cbz    r6, 6f\n\t"
            MR_HELIUM_RECTIFY("q0")
            MR_HELIUM_RECTIFY("q1")
            "6:\n\t"
            "vstrw.32 q0, [r5], #16\n\t"
            "vstrw.32 q1, [r5], #16\n\t"
            "subs   r4, #1\n\t"
            "bne    1b\n\t"
            "vpop   {d8-d15}\n\t"
            "add    sp, #4\n\t"
            "pop    {r4-r11, pc}");
}

/* clang-format on */

#else

static void compute(const mr_units_job *work)
{
    mr_compute_units(work);
}

#endif

mr_status mr_fully_connected_f32_helium(const mr_context *context, const void *params, mr_band band)
{
    (void)band;
    mr_connect_units(context, params, compute);
    return MR_OK;
}
