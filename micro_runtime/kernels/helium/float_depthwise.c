/* SPDX-License-Identifier: MIT-0 */
/*
 * Depthwise convolutions in single precision with Helium: four channels are a vector, so that each
 * sum takes its terms in the reference's order, the bias last. Vectors flush subnormal numbers to
 * zero.
 */
#include "float_depthwise.h"

#include "float.h"
#include "kernels/fpu/columns.h"

#if MR_HELIUM_FLOAT_ASM

/* clang-format off */

_Static_assert(offsetof(mr_columns_job, pixel_bytes) == 28 && sizeof(mr_columns_job) == 32,
               "the assembly relies on it");

/* Weights of a window's columns in q3 to q5, inputs in q6, sums of the pixels in q0 to q2. */
#define START(weights, sum)     "vmul.f32 " sum ", q6, " weights "\n\t"
#define MULTIPLY(weights, sum)          \
    "vmul.f32 q7, q6, " weights "\n\t"  \
    "vadd.f32 " sum ", " sum ", q7\n\t"
#define STARTED(pixel) START("q3", pixel)
#define FIRST(pixel)   MULTIPLY("q3", pixel)
#define SECOND(pixel)  MULTIPLY("q4", pixel)
#define THIRD(pixel)   MULTIPLY("q5", pixel)
#define LOAD           "vldrw.u32 q6, [r5]\n\t"
#define ADVANCE        "add    r5, r9\n\t"
#define LOAD_WEIGHTS(to) "vldrw.u32 " to ", [r3], #16\n\t"

/* The first column, unless it is outside: negative; and the last one, unless carry is set. */
#define FIRST_COLUMN    \
    "bmi    7f\n\t"     \
    LOAD FIRST("q0")    \
    "7:\n\t"            \
    ADVANCE
#define LAST_COLUMN     \
    "bcs    4f\n\t"     \
    LOAD THIRD("q2")

/* The first column in the first row, which starts the sums: with zeros if it is outside. */
#define STARTED_COLUMN          \
    "vmov.i32 q0, #0\n\t"       \
    "bmi    8f\n\t"             \
    LOAD STARTED("q0")          \
    "8:\n\t"                    \
    ADVANCE

/* FIRST or, in the first row, STARTED products. */
#define COLUMNS_STRIDE_1(COLUMN, FIRST_ONES)            \
    COLUMN                                              \
    LOAD ADVANCE SECOND("q0") FIRST_ONES("q1")          \
    LOAD ADVANCE THIRD("q0") SECOND("q1") FIRST_ONES("q2") \
    LOAD ADVANCE THIRD("q1") SECOND("q2")               \
    LAST_COLUMN

#define COLUMNS_STRIDE_2(COLUMN, FIRST_ONES)            \
    COLUMN                                              \
    LOAD ADVANCE SECOND("q0")                           \
    LOAD ADVANCE THIRD("q0") FIRST_ONES("q1")           \
    LOAD ADVANCE SECOND("q1")                           \
    LOAD ADVANCE THIRD("q1") FIRST_ONES("q2")           \
    LOAD ADVANCE SECOND("q2")                           \
    LAST_COLUMN

/* Finds a row of the input; leaves it out if there is none. Negative if the first column is outside
 * the image, with carry if the last one is. */
#define FIND_ROW(otherwise)                         \
    "ldr    r5, [r2], #4\n\t"                       \
    "cbnz   r5, 3f\n\t"                             \
    otherwise                                       \
    "add    r3, #48\n\t"                            \
    "b      4f\n"                                   \
    "3:\n\t"                                        \
    "add    r5, r4\n\t"                             \
    "lsls   r12, r7, #31\n\t"                       \
    LOAD_WEIGHTS("q3") LOAD_WEIGHTS("q4") LOAD_WEIGHTS("q5")

#define ZEROS "vmov.i32 q0, #0\n\tvmov.i32 q1, #0\n\tvmov.i32 q2, #0\n\t"

/*
 * r0 and r1 are the row pointers and their end, r2 the next one, r3 the next weight, r4 the offset,
 * r5 the next input, r6 the first pixel's output, r7 the flags, r8 the end of offsets, r9 the bytes
 * of a pixel.
 */
#define COMPUTE(COLUMNS_OF_ROW)                     \
    __asm__("push   {r4-r9, lr}\n\t"                \
            "sub    sp, #4\n\t"                     \
            "vpush  {d8-d15}\n\t"                   \
            "ldmia  r0, {r0, r1, r3, r4, r6-r9}\n"  \
            "1:\n\t"                                \
            "mov    r2, r0\n\t"                     \
            FIND_ROW(ZEROS)                         \
            COLUMNS_OF_ROW(STARTED_COLUMN, STARTED) \
            "b      4f\n"                           \
            "2:\n\t"                                \
            FIND_ROW("")                            \
            COLUMNS_OF_ROW(FIRST_COLUMN, FIRST)     \
            "4:\n\t"                                \
            "cmp    r2, r1\n\t"                     \
            "bne    2b\n\t"                         \
            LOAD_WEIGHTS("q3")                      \
            "add    r2, r6, r9\n\t"                 \
            "vadd.f32 q0, q0, q3\n\t"               \
            "vadd.f32 q1, q1, q3\n\t"               \
            "add    r5, r2, r9\n\t"                 \
            "vadd.f32 q2, q2, q3\n\t"               \
            "lsls   r12, r7, #29\n\t"               \
            "bpl    5f\n\t"                         \
            MR_HELIUM_RECTIFY("q0")                 \
            MR_HELIUM_RECTIFY("q1")                 \
            MR_HELIUM_RECTIFY("q2")                 \
            "5:\n\t"                                \
            "vstrw.32 q0, [r6], #16\n\t"            \
            "vstrw.32 q1, [r2]\n\t"                 \
            "vstrw.32 q2, [r5]\n\t"                 \
            "add    r4, #16\n\t"                    \
            "cmp    r4, r8\n\t"                     \
            "bne    1b\n\t"                         \
            "vpop   {d8-d15}\n\t"                   \
            "add    sp, #4\n\t"                     \
            "pop    {r4-r9, pc}")

/* clang-format on */

__attribute__((naked, noinline)) static void compute_stride_1(const mr_columns_job *work)
{
    (void)work;
    COMPUTE(COLUMNS_STRIDE_1);
}

__attribute__((naked, noinline)) static void compute_stride_2(const mr_columns_job *work)
{
    (void)work;
    COMPUTE(COLUMNS_STRIDE_2);
}

#else

static void compute_stride_1(const mr_columns_job *work)
{
    mr_compute_column_pixels(work, 1);
}

static void compute_stride_2(const mr_columns_job *work)
{
    mr_compute_column_pixels(work, 2);
}

#endif

mr_status mr_depthwise_conv_2d_f32_helium(const mr_context *context, const void *params,
                                          mr_band band)
{
    mr_convolve_columns(context, params, band, compute_stride_1);
    return MR_OK;
}

mr_status mr_depthwise_conv_2d_stride2_f32_helium(const mr_context *context, const void *params,
                                                  mr_band band)
{
    mr_convolve_columns(context, params, band, compute_stride_2);
    return MR_OK;
}
