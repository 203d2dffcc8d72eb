/* SPDX-License-Identifier: MIT-0 */
/*
 * Convolutions in single precision with Helium: four output channels are a vector, so that each sum
 * takes its terms in the reference's order, the bias last; 20 instructions for 64 operations of
 * four pixels. Vectors flush subnormal numbers to zero.
 */
#include "float_conv.h"

#include "float.h"
#include "kernels/fpu/tiles.h"

#if MR_HELIUM_FLOAT_ASM

/* clang-format off */

_Static_assert(offsetof(mr_products, weights) == 8 && offsetof(mr_products, blocks) == 12 &&
                   offsetof(mr_products, outputs) == 20,
               "the assembly relies on it");

#define LOAD_INPUTS     "ldmia r0!, {r4-r11}\n\t"
#define LOAD(weights)   "vldrw.u32 " weights ", [r1], #16\n\t"

/* Starts sums, adds to them through two vectors. */
#define START(sum, weights, x) "vmul.f32 " sum ", " weights ", " x "\n\t"
#define ADD(sum, product)      "vadd.f32 " sum ", " sum ", " product "\n\t"

#define FIRST_3                 \
    START("q0", "q4", "r4")     \
    START("q1", "q4", "r6")     \
    START("q2", "q4", "r8")
#define FIRST_4 FIRST_3 START("q3", "q4", "r10")

/* A tap: inputs x0 to x3. Ends with a product in q6 or q7 that is not added yet. */
#define TAP_3(weights, x0, x1, x2)  \
    START("q6", weights, x0)        \
    START("q7", weights, x1)        \
    ADD("q0", "q6")                 \
    START("q6", weights, x2)        \
    ADD("q1", "q7")                 \
    ADD("q2", "q6")
#define TAP_4(weights, x0, x1, x2, x3)  \
    START("q6", weights, x0)            \
    START("q7", weights, x1)            \
    ADD("q0", "q6")                     \
    START("q6", weights, x2)            \
    ADD("q1", "q7")                     \
    START("q7", weights, x3)            \
    ADD("q2", "q6")                     \
    ADD("q3", "q7")
#define SECOND_TAP_3 TAP_3("q5", "r5", "r7", "r9")
#define SECOND_TAP_4 TAP_4("q5", "r5", "r7", "r9", "r11")
#define FIRST_TAP_3 TAP_3("q4", "r4", "r6", "r8")
#define FIRST_TAP_4 TAP_4("q4", "r4", "r6", "r8", "r10")

#define BIASES_3 LOAD("q4") ADD("q0", "q4") ADD("q1", "q4") ADD("q2", "q4")
#define BIASES_4 BIASES_3 ADD("q3", "q4")

#define RECTIFIED_3 MR_HELIUM_RECTIFY("q0") MR_HELIUM_RECTIFY("q1") MR_HELIUM_RECTIFY("q2")
#define RECTIFIED_4 RECTIFIED_3 MR_HELIUM_RECTIFY("q3")

/* Pixels that do not exist share the place of the last one that does, which is written last. */
#define STORE(vector, out)              \
    "add    " out ", r2\n\t"            \
    "vstrw.32 " vector ", [" out "]\n\t"
#define STORED_3 STORE("q2", "r6") STORE("q1", "r5") STORE("q0", "r4")
#define STORED_4 STORE("q3", "r7") STORED_3

/*
 * The sums of pixel i are in q(i). r0 is the next input, r1 the next weight, r2 the bytes of output
 * channels before the block, r3 the number of blocks, r12 the products; [sp] is the number of pairs
 * after the first one. Inputs of a pair are in r4 to r11.
 */
#define COMPUTE(N)                          \
    __asm__("push   {r3-r11, lr}\n\t"       \
            "vpush  {d8-d15}\n\t"           \
            "mov    r12, r0\n\t"            \
            "ldmia  r12, {r0-r3}\n\t"       \
            "subs   r1, r0\n\t"             \
            "lsrs   r1, r1, #5\n\t"         \
            "subs   r1, #1\n\t"             \
            "str    r1, [sp, #64]\n\t"      \
            "mov    r1, r2\n\t"             \
            "movs   r2, #0\n"               \
            "1:\n\t"                        \
            "ldr    r0, [r12]\n\t"          \
            "ldr    lr, [sp, #64]\n\t"      \
            LOAD_INPUTS                     \
            LOAD("q4")                      \
            LOAD("q5")                      \
            FIRST_##N                       \
            SECOND_TAP_##N                  \
            "wls    lr, lr, 3f\n"           \
            "2:\n\t"                        \
            LOAD_INPUTS                     \
            LOAD("q4")                      \
            LOAD("q5")                      \
            FIRST_TAP_##N                   \
            SECOND_TAP_##N                  \
            "le     lr, 2b\n"               \
            "3:\n\t"                        \
            BIASES_##N                      \
            "lsls   r4, r3, #31\n\t"        \
            "bpl    4f\n\t"                 \
            RECTIFIED_##N                   \
            "4:\n\t"                        \
            "add    r4, r12, #20\n\t"       \
            "ldmia  r4, {r4-r7}\n\t"        \
            STORED_##N                      \
            "adds   r2, #16\n\t"            \
            "subs   r3, #2\n\t"             \
            "bhs    1b\n\t"                 \
            "vpop   {d8-d15}\n\t"           \
            "pop    {r3-r11, pc}")

/* clang-format on */

__attribute__((naked, noinline)) static void compute_3(const mr_products *work)
{
    (void)work;
    COMPUTE(3);
}

__attribute__((naked, noinline)) static void compute_4(const mr_products *work)
{
    (void)work;
    COMPUTE(4);
}

#else

static void compute_3(const mr_products *work)
{
    mr_compute_pixels(work, 3);
}

static void compute_4(const mr_products *work)
{
    mr_compute_pixels(work, 4);
}

#endif

mr_status mr_conv_2d_f32_helium(const mr_context *context, const void *params, mr_band band)
{
    const mr_compute compute = {compute_3, compute_4};
    mr_convolve_tiles(context, params, band, compute);
    return MR_OK;
}
