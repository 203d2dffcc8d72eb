/* SPDX-License-Identifier: MIT-0 */
/*
 * Products of the windows of four pixels, or three, with the weights of four output channels at a
 * time: 67 instructions for 64 operations. Each sum has a register of its own.
 */
#ifndef MICROLITH_FPU_PRODUCTS_H
#define MICROLITH_FPU_PRODUCTS_H

#include "tiles.h"

#if MR_FPU_ASM

/* clang-format off */

_Static_assert(offsetof(mr_products, entry) == 16 && sizeof(mr_products) == 36, "the assembly relies on it");

/* A pair of taps: inputs in s16 to s23, weights in s24 to s27. */
#define LOAD_PAIR   "vldmia r1!, {s16-s23}\n\t" LOAD_TAP
#define LOAD_TAP    "vldmia r3!, {s24-s27}\n\t"

#define TAP_OF_3(OPERATION, x0, x1, x2)             \
    OPERATION(x0, "s0", "s1", "s2", "s3")           \
    OPERATION(x1, "s4", "s5", "s6", "s7")           \
    OPERATION(x2, "s8", "s9", "s10", "s11")
#define FIRST_3(OPERATION)  TAP_OF_3(OPERATION, "s16", "s18", "s20")
#define SECOND_3(OPERATION) TAP_OF_3(OPERATION, "s17", "s19", "s21")
#define FIRST_4(OPERATION)  FIRST_3(OPERATION) OPERATION("s22", "s12", "s13", "s14", "s15")
#define SECOND_4(OPERATION) SECOND_3(OPERATION) OPERATION("s23", "s12", "s13", "s14", "s15")

#define BIASES_3                                    \
    MR_FPU_ADD_BIASES("s0", "s1", "s2", "s3")       \
    MR_FPU_ADD_BIASES("s4", "s5", "s6", "s7")       \
    MR_FPU_ADD_BIASES("s8", "s9", "s10", "s11")
#define BIASES_4 BIASES_3 MR_FPU_ADD_BIASES("s12", "s13", "s14", "s15")

#define RECTIFIED_3                                         \
    MR_FPU_STORE_RECTIFIED("r8", "s8", "s9", "s10", "s11")  \
    MR_FPU_STORE_RECTIFIED("r7", "s4", "s5", "s6", "s7")    \
    MR_FPU_STORE_RECTIFIED("r6", "s0", "s1", "s2", "s3")
#define RECTIFIED_4 MR_FPU_STORE_RECTIFIED("r9", "s12", "s13", "s14", "s15") RECTIFIED_3

#define STORED_3                    \
    "vstmia r8!, {s8-s11}\n\t"      \
    "vstmia r7!, {s4-s7}\n\t"       \
    "vstmia r6!, {s0-s3}\n\t"
#define STORED_4 "vstmia r9!, {s12-s15}\n\t" STORED_3

#define NEXT_PAIR(N)                        \
    LOAD_PAIR FIRST_##N(MR_FPU_MULTIPLY)    \
    LOAD_TAP SECOND_##N(MR_FPU_MULTIPLY)

/* Bytes of NEXT_PAIR: all of its instructions have four. */
#define PAIR_BYTES_3 "204"
#define PAIR_BYTES_4 "268"

/*
 * Sums of pixel i are in s(4 i) to s(4 i + 3). r0 is the first input, r1 the next one, r2 their end,
 * r3 the next weight, r4 the number of blocks, r5 where their loop is entered, r6 to r9 the outputs.
 * The first pair starts the sums; others come TURN in a turn.
 */
#define COMPUTE(N)                                  \
    __asm__("push   {r4-r11, lr}\n\t"               \
            "vpush  {s16-s31}\n\t"                  \
            "ldmia  r0, {r1-r9}\n\t"                \
            "mov    r0, r1\n\t"                     \
            "movs   r10, #" PAIR_BYTES_##N "\n\t"   \
            "adr    r11, 2f\n\t"                    \
            "mla    r5, r5, r10, r11\n\t"           \
            "orr    r5, #1\n"                       \
            "1:\n\t"                                \
            "mov    r1, r0\n\t"                     \
            LOAD_PAIR FIRST_##N(MR_FPU_START)       \
            LOAD_TAP SECOND_##N(MR_FPU_MULTIPLY)    \
            "bx     r5\n\t"                         \
            ".p2align 2\n"                          \
            "2:\n\t"                                \
            NEXT_PAIR(N)                            \
            NEXT_PAIR(N)                            \
            NEXT_PAIR(N)                            \
            NEXT_PAIR(N)                            \
            "cmp    r1, r2\n\t"                     \
            "bne    2b\n\t"                         \
            LOAD_TAP                                \
            BIASES_##N                              \
            "tst    r4, #1\n\t"                     \
            "beq    3f\n\t"                         \
            RECTIFIED_##N                           \
            "subs   r4, #2\n\t"                     \
            "bhs    1b\n\t"                         \
            "b      4f\n"                           \
            "3:\n\t"                                \
            STORED_##N                              \
            "subs   r4, #2\n\t"                     \
            "bhs    1b\n"                           \
            "4:\n\t"                                \
            "vpop   {s16-s31}\n\t"                  \
            "pop    {r4-r11, pc}")

/* clang-format on */

__attribute__((naked, noinline)) static void mr_compute_3(const mr_products *work)
{
    (void)work;
    COMPUTE(3);
}

__attribute__((naked, noinline)) static void mr_compute_4(const mr_products *work)
{
    (void)work;
    COMPUTE(4);
}

#else

static void mr_compute_3(const mr_products *work)
{
    mr_compute_pixels(work, 3);
}

static void mr_compute_4(const mr_products *work)
{
    mr_compute_pixels(work, 4);
}

#endif

#endif
