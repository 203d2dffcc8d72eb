/* SPDX-License-Identifier: MIT-0 */
/*
 * Depthwise convolutions in single precision, for windows of three columns. Each sum has a register
 * of its own and takes its terms in the reference's order, the bias last.
 */
#include "depthwise.h"

#include "columns.h"

#if MR_FPU_ASM

/* clang-format off */

_Static_assert(offsetof(mr_columns_job, pixel_bytes) == 28 && sizeof(mr_columns_job) == 32, "the assembly relies on it");

/* Adds the products of four inputs, s12 to s15, and four weights to sums. Spoils s28 to s31. */
#define MULTIPLY(w0, w1, w2, w3, a, b, c, d)    \
    "vmul.f32 s28, s12, " w0 "\n\t"             \
    "vmul.f32 s29, s13, " w1 "\n\t"             \
    "vmul.f32 s30, s14, " w2 "\n\t"             \
    "vmul.f32 s31, s15, " w3 "\n\t"             \
    "vadd.f32 " a ", " a ", s28\n\t"            \
    "vadd.f32 " b ", " b ", s29\n\t"            \
    "vadd.f32 " c ", " c ", s30\n\t"            \
    "vadd.f32 " d ", " d ", s31\n\t"

/* The same for the first products. */
#define START(w0, w1, w2, w3, a, b, c, d)       \
    "vmul.f32 " a ", s12, " w0 "\n\t"           \
    "vmul.f32 " b ", s13, " w1 "\n\t"           \
    "vmul.f32 " c ", s14, " w2 "\n\t"           \
    "vmul.f32 " d ", s15, " w3 "\n\t"

/* Weights of a window's columns, sums of the pixels. */
#define STARTED(pixel) START("s16", "s17", "s18", "s19", pixel)
#define FIRST(pixel)  MULTIPLY("s16", "s17", "s18", "s19", pixel)
#define SECOND(pixel) MULTIPLY("s20", "s21", "s22", "s23", pixel)
#define THIRD(pixel)  MULTIPLY("s24", "s25", "s26", "s27", pixel)
#define ADD_BIASES(pixel) MR_FPU_ADD_BIASES(pixel)
#define STORE_RECTIFIED(to, pixel) MR_FPU_STORE_RECTIFIED(to, pixel)
#define PIXEL_0 "s0", "s1", "s2", "s3"
#define PIXEL_1 "s4", "s5", "s6", "s7"
#define PIXEL_2 "s8", "s9", "s10", "s11"
#define LOAD    "vldmia r5, {s12-s15}\n\t"
#define ADVANCE "add    r5, r9\n\t"

/* The first column, unless it is outside: negative; and the last one, unless carry is set. */
#define FIRST_COLUMN        \
    "bmi    7f\n\t"         \
    LOAD FIRST(PIXEL_0)     \
    "7:\n\t"                \
    ADVANCE
#define LAST_COLUMN         \
    "bcs    4f\n\t"         \
    LOAD THIRD(PIXEL_2)

/* The first column in the first row, which starts the sums: with zeros if it is outside. */
#define STARTED_COLUMN      \
    "bmi    8f\n\t"         \
    LOAD STARTED(PIXEL_0)   \
    "b      9f\n"           \
    "8:\n\t"                \
    "vldmia r1, {s0-s3}\n"  \
    "9:\n\t"                \
    ADVANCE

/* FIRST or, in the first row, STARTED products. */
#define COLUMNS_STRIDE_1(COLUMN, FIRST_ONES)                        \
    COLUMN                                                          \
    LOAD ADVANCE SECOND(PIXEL_0) FIRST_ONES(PIXEL_1)                \
    LOAD ADVANCE THIRD(PIXEL_0) SECOND(PIXEL_1) FIRST_ONES(PIXEL_2) \
    LOAD ADVANCE THIRD(PIXEL_1) SECOND(PIXEL_2)                     \
    LAST_COLUMN

#define COLUMNS_STRIDE_2(COLUMN, FIRST_ONES)                        \
    COLUMN                                                          \
    LOAD ADVANCE SECOND(PIXEL_0)                                    \
    LOAD ADVANCE THIRD(PIXEL_0) FIRST_ONES(PIXEL_1)                 \
    LOAD ADVANCE SECOND(PIXEL_1)                                    \
    LOAD ADVANCE THIRD(PIXEL_1) FIRST_ONES(PIXEL_2)                 \
    LOAD ADVANCE SECOND(PIXEL_2)                                    \
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
    "vldmia r3!, {s16-s27}\n\t"

/*
 * r0 and r1 are the row pointers and their end, where zeros are, r2 the next one, r3 the next weight,
 * r4 the offset, r5 the next input, r6 the first pixel's output, r7 the flags, r8 the end of offsets,
 * r9 the bytes of a pixel. Sums of pixel i are in s(4 i) to s(4 i + 3).
 */
#define COMPUTE(COLUMNS_OF_ROW)                     \
    __asm__("push   {r4-r11, lr}\n\t"               \
            "vpush  {s16-s31}\n\t"                  \
            "ldmia  r0, {r0, r1, r3, r4, r6-r9}\n"  \
            "1:\n\t"                                \
            "mov    r2, r0\n\t"                     \
            FIND_ROW("vldmia r1, {s0-s11}\n\t")     \
            COLUMNS_OF_ROW(STARTED_COLUMN, STARTED) \
            "b      4f\n"                           \
            "2:\n\t"                                \
            FIND_ROW("")                            \
            COLUMNS_OF_ROW(FIRST_COLUMN, FIRST)     \
            "4:\n\t"                                \
            "cmp    r2, r1\n\t"                     \
            "bne    2b\n\t"                         \
            "vldmia r3!, {s24-s27}\n\t"             \
            ADD_BIASES(PIXEL_0)                     \
            ADD_BIASES(PIXEL_1)                     \
            ADD_BIASES(PIXEL_2)                     \
            "add    r2, r6, r9\n\t"                 \
            "add    r5, r2, r9\n\t"                 \
            "tst    r7, #4\n\t"                     \
            "beq    5f\n\t"                         \
            STORE_RECTIFIED("r6", PIXEL_0)          \
            STORE_RECTIFIED("r2", PIXEL_1)          \
            STORE_RECTIFIED("r5", PIXEL_2)          \
            "b      6f\n"                           \
            "5:\n\t"                                \
            "vstmia r6!, {s0-s3}\n\t"               \
            "vstmia r2, {s4-s7}\n\t"                \
            "vstmia r5, {s8-s11}\n"                 \
            "6:\n\t"                                \
            "add    r4, #16\n\t"                    \
            "cmp    r4, r8\n\t"                     \
            "bne    1b\n\t"                         \
            "vpop   {s16-s31}\n\t"                  \
            "pop    {r4-r11, pc}")

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

mr_status mr_depthwise_conv_2d_f32_fpu(const mr_context *context, const void *params, mr_band band)
{
    mr_convolve_columns(context, params, band, compute_stride_1);
    return MR_OK;
}

mr_status mr_depthwise_conv_2d_stride2_f32_fpu(const mr_context *context, const void *params,
                                               mr_band band)
{
    mr_convolve_columns(context, params, band, compute_stride_2);
    return MR_OK;
}
