/* SPDX-License-Identifier: MIT-0 */
/*
 * Depthwise convolutions in single precision, for windows of three columns. Three output pixels in
 * four channels are computed at a time: a row of the window is loaded once for all of them, and so
 * are the weights of the row. Each sum has a register of its own and takes its terms in the
 * reference's order, the bias last.
 */
#include "depthwise.h"

#include <stddef.h>
#include <string.h>

#include "fpu.h"

/* Pixels that are computed together. */
#define PIXELS 3u

/* Columns of a window. */
#define COLUMNS 3u

/* Channels from `offset` to `end` of some pixels, both in bytes from a row's start to the leftmost
 * column of the first window. */
typedef struct job {
    const float *const *rows; /* NULL outside the image; then PIXELS * MR_FPU_LANES zeros */
    const float *const *rows_end;
    const float *weights;
    int32_t offset;
    float *output;
    uint32_t flags;
    int32_t end;
    uint32_t pixel_bytes;
} job;

#define LEFT      1u /* the first column lies outside the image */
#define RIGHT     2u /* the last one does */
#define RECTIFIED 4u

#if MR_FPU_ASM

/* clang-format off */

_Static_assert(offsetof(job, pixel_bytes) == 28 && sizeof(job) == 32, "the assembly relies on it");

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

__attribute__((naked, noinline)) static void compute_stride_1(const job *work)
{
    (void)work;
    COMPUTE(COLUMNS_STRIDE_1);
}

__attribute__((naked, noinline)) static void compute_stride_2(const job *work)
{
    (void)work;
    COMPUTE(COLUMNS_STRIDE_2);
}

#else

/* A pixel whose first column is `column` pixels right of the leftmost one. */
static void compute_pixel(const job *work, uint32_t pixel, uint32_t column)
{
    const float *weights = work->weights;
    uint32_t channels = work->pixel_bytes / (uint32_t)sizeof(float);
    uint32_t first = (work->flags & LEFT) != 0 && pixel == 0 ? 1 : 0;
    uint32_t end = (work->flags & RIGHT) != 0 && pixel == PIXELS - 1u ? COLUMNS - 1u : COLUMNS;
    float *out = work->output + pixel * channels;
    for (int32_t offset = work->offset; offset != work->end; offset += 4 * (int32_t)sizeof(float)) {
        float sums[MR_FPU_LANES] = {0};
        int32_t start = offset / (int32_t)sizeof(float) + (int32_t)(column * channels);
        for (const float *const *row = work->rows; row != work->rows_end; row++) {
            for (uint32_t i = *row != NULL ? first : end; i < end; i++) {
                const float *in = *row + start + (int32_t)(i * channels);
                for (uint32_t lane = 0; lane < MR_FPU_LANES; lane++) {
                    sums[lane] += in[lane] * weights[i * MR_FPU_LANES + lane];
                }
            }
            weights += COLUMNS * MR_FPU_LANES;
        }
        for (uint32_t lane = 0; lane < MR_FPU_LANES; lane++) {
            float sum = sums[lane] + *weights++;
            *out++ = (work->flags & RECTIFIED) != 0 && sum < 0.0f ? 0.0f : sum;
        }
    }
}

static void compute_pixels(const job *work, uint32_t stride)
{
    for (uint32_t pixel = 0; pixel < PIXELS; pixel++) {
        compute_pixel(work, pixel, pixel * stride);
    }
}

static void compute_stride_1(const job *work)
{
    compute_pixels(work, 1);
}

static void compute_stride_2(const job *work)
{
    compute_pixels(work, 2);
}

#endif

/* Three pixels from column `x` of an output row on, in all channels. `work` is the row's. */
static inline void compute_tile(const mr_depthwise_conv_2d_f32_fpu_params *p, job *work,
                                float *output, uint32_t x, void (*compute)(const job *))
{
    const mr_window *window = &p->window;
    uint32_t rest = p->channels % MR_FPU_LANES;
    int32_t left = (int32_t)(x * window->stride_width) - (int32_t)window->pad_left;
    work->offset = left * (int32_t)work->pixel_bytes;
    work->end = work->offset + (int32_t)((p->channels - rest) * sizeof(float));
    work->output = output + x * p->channels;
    work->flags = p->rectified != 0 ? RECTIFIED : 0;
    work->flags |= left < 0 ? LEFT : 0;
    work->flags |= p->overhang != 0 && x + PIXELS == window->out_width ? RIGHT : 0;
    compute(work);
    if (rest != 0) {
        job last = *work;
        last.weights +=
            p->channels / MR_FPU_LANES * (COLUMNS * window->kernel_height + 1u) * MR_FPU_LANES;
        last.end = last.offset + (int32_t)last.pixel_bytes;
        last.offset = last.end - (int32_t)(MR_FPU_LANES * sizeof(float));
        last.output += p->channels - MR_FPU_LANES;
        compute(&last);
    }
}

static inline void convolve(const mr_context *context, const mr_depthwise_conv_2d_f32_fpu_params *p,
                            mr_band band, void (*compute)(const job *))
{
    const mr_window *window = &p->window;
    const void **rows = mr_arena_at(context, p->scratch);
    job work = {
        .rows = (const float *const *)rows,
        .rows_end = (const float *const *)rows + window->kernel_height,
        .weights = mr_data_at(context, p->weights),
        .pixel_bytes = p->channels * (uint32_t)sizeof(float),
    };
    memset(rows + window->kernel_height, 0, PIXELS * MR_FPU_LANES * sizeof(float));
    for (uint32_t row = band.first; row < band.first + band.count; row++) {
        float *output = mr_row_out(context, &p->output, row);
        uint32_t x = 0;
        mr_window_rows(context, &p->input, window, row, NULL, rows);
        for (; x + PIXELS <= window->out_width; x += PIXELS) {
            compute_tile(p, &work, output, x, compute);
        }
        if (x != window->out_width) { /* a rest is computed together with pixels before it */
            compute_tile(p, &work, output, window->out_width - PIXELS, compute);
        }
        if (p->clamped != 0) {
            mr_fpu_clamp(output, window->out_width * p->channels, p->least, p->most);
        }
    }
}

mr_status mr_depthwise_conv_2d_f32_fpu(const mr_context *context, const void *params, mr_band band)
{
    convolve(context, params, band, compute_stride_1);
    return MR_OK;
}

mr_status mr_depthwise_conv_2d_stride2_f32_fpu(const mr_context *context, const void *params,
                                               mr_band band)
{
    convolve(context, params, band, compute_stride_2);
    return MR_OK;
}
