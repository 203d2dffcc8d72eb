/* SPDX-License-Identifier: MIT-0 */
/*
 * Convolutions with SMLAL, three products to an instruction. With z = 2^21, inputs a, b, c of three
 * pixels and weights u, v of two channels, packed into words,
 *
 *     (a + bz)(u + vz) = au + (bu + av)z + bv z^2
 *     (b + cz)(u + vz) = bu + (cu + bv)z + cv z^2
 *
 * so that two accumulators of 64 bits sum all six products of the pixels and channels: 11
 * instructions for 24 products. The sums come apart again as long as each stays within 2^20; a
 * window whose weights could exceed that is summed in parts.
 */
#include "conv_smlal.h"

#include "dsp.h"
#include "gather.h"
#include "pixels.h"

#define FIELD 21
#define HALF  (1 << (FIELD - 1))

/* --------------------------------------------------------------------------- windows */

typedef struct walk {
    const mr_context *context;
    const mr_conv_2d_s8_smlal_params *params;
    const int8_t **rows;
    int8_t *copies;  /* a window for each pixel */
    int32_t *packed; /* [tap][a + bz, b + cz] */
    uint32_t in_bytes;
} walk;

/* Window of a pixel: run k starts at rows[k] + offset or, when `rows` is null, at copy + k * run.
 */
typedef struct source {
    const int8_t *const *rows;
    const int8_t *copy;
    uint32_t offset;
} source;

/* The window of output column `x`, read in place if it is a rectangle of the image. */
static source find_window(const walk *at, const int8_t *const *rows, uint32_t x, uint32_t slot)
{
    const mr_window *window = &at->params->window;
    uint32_t left = x * window->stride_width - window->pad_left;
    int inside = left < window->in_width && left + window->kernel_width <= window->in_width;
    if (inside && window->dilation_width == 1) {
        return (source){.rows = rows, .offset = left * at->in_bytes};
    }
    int8_t *copy = at->copies + 4u * at->params->blocks * slot;
    mr_gather(window, rows, left, at->in_bytes, mr_data_at(at->context, at->params->padding), copy);
    return (source){.copy = copy};
}

static const int8_t *run_of(const source *from, uint32_t k, uint32_t run)
{
    return from->rows != NULL ? from->rows[k] + from->offset : from->copy + k * run;
}

static void pack(const walk *at, const source from[PIXELS])
{
    const mr_window *window = &at->params->window;
    uint32_t run = window->kernel_width * at->in_bytes;
    int32_t *to = at->packed;
    for (uint32_t k = 0; k < window->kernel_height; k++) {
        const int8_t *a = run_of(&from[0], k, run), *b = run_of(&from[1], k, run);
        const int8_t *c = run_of(&from[2], k, run);
        for (const int8_t *end = a + run; a != end; to += 2) {
            int32_t middle = *b++;
            to[0] = *a++ + middle * (1 << FIELD);
            to[1] = middle + *c++ * (1 << FIELD);
        }
    }
}

/* --------------------------------------------------------------------------- products */

/*
 * The accumulators start with half a field in the lowest one, so that it never borrows from the
 * next, and the first with one in the highest, which the same half in the middle one takes back.
 */

#if MR_DSP_ASM

/* clang-format off */

/* Offsets in the stack frame. */
#define JOB      "0"
#define PAIR_END "4"
#define PART_END "8"
#define SUMS_A   "12" /* of both channels, without the part that is being summed */
#define SUMS_B   "20"
#define SUMS_C   "28"

/* Two taps: inputs at r7, accumulators in r0:r1 and r2:r3. */
#define MULTIPLY_TAPS(first, second)            \
    "ldm    r7!, {r4, r5, r12, lr}\n\t"         \
    "smlal  r0, r1, r4, " first "\n\t"          \
    "smlal  r2, r3, r5, " first "\n\t"          \
    "smlal  r0, r1, r12, " second "\n\t"        \
    "smlal  r2, r3, lr, " second "\n\t"

/* Four: weights at r6. */
#define MULTIPLY_BLOCK                          \
    "ldm    r6!, {r8-r11}\n\t"                  \
    MULTIPLY_TAPS("r8", "r9")                   \
    MULTIPLY_TAPS("r10", "r11")

/*
 * All channels of three pixels. Two blocks a turn; a part with an odd number starts in the middle of
 * the first turn. Then the fields come apart: r4 = au + 2^20, r5 = bu + 2^20, r0 = av + 2^20,
 * r1 = bv, r2 = cu, r3 = cv.
 */
#define COMPUTE_PIXELS(REQUANTIZE)                      \
    __asm__("push   {r4-r11, lr}\n\t"                   \
            "sub    sp, #36\n\t"                        \
            "str    r0, [sp, #" JOB "]\n\t"             \
            "mov    r12, r0\n\t"                        \
            "ldr    r6, [r0, #" JOB_WEIGHTS "]\n"       \
            "1:\n\t" /* a pair of channels */           \
            "ldr    lr, [r12, #" JOB_HOW "]\n\t"        \
            "ldr    r8, [r12, #" JOB_PAIR_BYTES "]\n\t" \
            "ldr    r7, [r12, #" JOB_INPUTS "]\n\t"     \
            "ldr    r4, [lr, #" OUT_BIAS "]\n\t"        \
            "ldr    r5, [lr, #" OUT_NEXT "+" OUT_BIAS "]\n\t" \
            "add    r8, r6\n\t"                         \
            "str    r8, [sp, #" PAIR_END "]\n\t"        \
            "strd   r4, r5, [sp, #" SUMS_A "]\n\t"      \
            "strd   r4, r5, [sp, #" SUMS_B "]\n\t"      \
            "strd   r4, r5, [sp, #" SUMS_C "]\n"        \
            "2:\n\t" /* a part of the window; r8 is the end of the pair, r12 the job */ \
            "ldr    r9, [r12, #" JOB_PART_BYTES "]\n\t" \
            "sub    r10, r8, r6\n\t"                    \
            "cmp    r10, r9\n\t"                        \
            "it     hi\n\t"                             \
            "movhi  r10, r9\n\t"                        \
            "add    r9, r6, r10\n\t"                    \
            "str    r9, [sp, #" PART_END "]\n\t"        \
            "mov    r0, #1 << 20\n\t"                   \
            "mov    r1, #1 << 10\n\t"                   \
            "mov    r2, #1 << 20\n\t"                   \
            "mov    r3, #0\n\t"                         \
            "tst    r10, #16\n\t"                       \
            "bne    4f\n"                               \
            "3:\n\t"                                    \
            MULTIPLY_BLOCK                              \
            "4:\n\t"                                    \
            MULTIPLY_BLOCK                              \
            "ldr    r12, [sp, #" PART_END "]\n\t"       \
            "cmp    r6, r12\n\t"                        \
            "bne    3b\n\t"                             \
            "ubfx   r4, r0, #0, #21\n\t"                \
            "ubfx   r5, r2, #0, #21\n\t"                \
            "lsr    r0, r0, #21\n\t"                    \
            "orr    r0, r0, r1, lsl #11\n\t"            \
            "sub    r0, r5\n\t"                         \
            "ubfx   r0, r0, #0, #21\n\t"                \
            "add    r8, r5, r0\n\t"                     \
            "asr    r1, r1, #10\n\t"                    \
            "sub    r1, r1, r8, lsr #21\n\t"            \
            "lsr    r2, r2, #21\n\t"                    \
            "orr    r2, r2, r3, lsl #11\n\t"            \
            "sub    r2, r1\n\t"                         \
            "sbfx   r2, r2, #0, #21\n\t"                \
            "add    r8, r2, r1\n\t"                     \
            "asr    r3, r3, #10\n\t"                    \
            "sub    r3, r3, r8, asr #21\n\t"            \
            "sub    r4, #1 << 20\n\t"                   \
            "sub    r5, #1 << 20\n\t"                   \
            "sub    r0, #1 << 20\n\t"                   \
            "ldrd   r8, r9, [sp, #" SUMS_A "]\n\t"      \
            "ldrd   r10, r11, [sp, #" SUMS_B "]\n\t"    \
            "ldrd   r12, lr, [sp, #" SUMS_C "]\n\t"     \
            "add    r4, r8\n\t"                         \
            "add    r0, r9\n\t"                         \
            "add    r5, r10\n\t"                        \
            "add    r1, r11\n\t"                        \
            "add    r2, r12\n\t"                        \
            "add    r3, lr\n\t"                         \
            "ldrd   r12, r8, [sp, #" JOB "]\n\t"        \
            "cmp    r6, r8\n\t"                         \
            "beq    5f\n\t"                             \
            "strd   r4, r0, [sp, #" SUMS_A "]\n\t"      \
            "strd   r5, r1, [sp, #" SUMS_B "]\n\t"      \
            "strd   r2, r3, [sp, #" SUMS_C "]\n\t"      \
            "b      2b\n"                               \
            "5:\n\t"                                    \
            FINISH_PAIR(REQUANTIZE, "r4", "r0", "r5", "r1", "r2", "r3", "1b") \
            "add    sp, #36\n\t"                        \
            "pop    {r4-r11, pc}")

/* clang-format on */

__attribute__((naked, noinline)) static void compute_rounded(mr_dsp_job *work)
{
    (void)work;
    COMPUTE_PIXELS(ROUND_TWICE);
}

__attribute__((naked, noinline)) static void compute_scaled(mr_dsp_job *work)
{
    (void)work;
    COMPUTE_PIXELS(SCALE_UP);
}

#else

/* The field of `bits` from its lowest bit, sign-extended. */
static int32_t field(int64_t bits)
{
    return (int32_t)((uint32_t)bits << (32 - FIELD)) >> (32 - FIELD);
}

/* Adds the six sums of [weights, end) to `sums`. */
static void multiply(const int32_t *weights, const int32_t *end, const int32_t *packed,
                     int32_t sums[PIXELS][2])
{
    int64_t first = HALF, second = HALF;
    for (; weights != end; weights++, packed += 2) {
        first += (int64_t)packed[0] * *weights;
        second += (int64_t)packed[1] * *weights;
    }
    int32_t au = field(first - HALF), bu = field(second - HALF);
    int64_t rest1 = first >> FIELD, rest2 = second >> FIELD;
    int32_t av = field(rest1 - bu);
    int32_t bv = (int32_t)((rest1 - (bu + av)) >> FIELD);
    int32_t cu = field(rest2 - bv);
    int32_t cv = (int32_t)((rest2 - (cu + bv)) >> FIELD);
    sums[0][0] += au, sums[0][1] += av;
    sums[1][0] += bu, sums[1][1] += bv;
    sums[2][0] += cu, sums[2][1] += cv;
}

static void compute(mr_dsp_job *work, int32_t (*requantize)(int32_t, const mr_dsp_output *))
{
    const int32_t *weights = work->weights, *packed = work->inputs;
    uint32_t taps = work->pair_bytes / sizeof *weights, part = work->part_bytes / sizeof *weights;
    for (; work->channel < work->channels; work->channel += 2, work->how += 2) {
        int32_t sums[PIXELS][2] = {{0}};
        for (uint32_t tap = 0, count; tap < taps; tap += count, weights += count) {
            count = taps - tap < part ? taps - tap : part;
            multiply(weights, weights + count, packed + 2 * tap, sums);
        }
        mr_dsp_finish_pair(work, sums, requantize);
    }
}

static void compute_rounded(mr_dsp_job *work)
{
    compute(work, mr_dsp_requantize);
}

static void compute_scaled(mr_dsp_job *work)
{
    compute(work, mr_dsp_scale_up);
}

#endif

typedef void compute_pixels(mr_dsp_job *work);

static void finish_pixels(const walk *at, mr_dsp_job *work, const source from[PIXELS],
                          compute_pixels *compute)
{
    const mr_conv_2d_s8_smlal_params *p = at->params;
    pack(at, from);
    work->channel = 0;
    work->how = mr_data_at(at->context, p->outputs);
    compute(work);
    if (p->least != INT8_MIN || p->most != INT8_MAX) {
        for (uint32_t pixel = 0; pixel < PIXELS; pixel++) {
            mr_dsp_clamp(work->pixels[pixel], p->out_channels, p->least, p->most);
        }
    }
}

static void convolve(const mr_context *context, const mr_conv_2d_s8_smlal_params *p, mr_band band,
                     compute_pixels *compute)
{
    const mr_window *window = &p->window;
    const void **tables = mr_arena_at(context, p->scratch);
    walk at = {.context = context, .params = p, .in_bytes = p->in_channels};
    at.packed = (int32_t *)(tables + PIXELS * (uint32_t)window->kernel_height);
    at.copies = (int8_t *)(at.packed + 8u * p->blocks);
    mr_dsp_job work = {
        .inputs = at.packed,
        .channels = p->out_channels,
        .pair_bytes = 16u * p->blocks,
        .weights = mr_data_at(context, p->weights),
        .part_bytes = 16u * p->part_blocks,
    };
    source from[PIXELS] = {{0}, {0}, {0}};
    uint32_t slot = 0;
    for (uint32_t row = band.first; row < band.first + band.count; row++) {
        /* Three pixels lie in at most three rows: each has its own table. */
        const void **rows = tables + row % PIXELS * window->kernel_height;
        int8_t *out = mr_row_out(context, &p->output, row);
        mr_window_rows(context, &p->input, window, row, mr_data_at(context, p->padding), rows);
        for (uint32_t x = 0; x < window->out_width; x++, out += p->out_channels) {
            from[slot] = find_window(&at, (const int8_t *const *)rows, x, slot);
            work.pixels[slot++] = out;
            if (slot == PIXELS) {
                finish_pixels(&at, &work, from, compute);
                slot = 0;
            }
        }
    }
    if (slot != 0) {
        for (uint32_t rest = slot; rest < PIXELS; rest++) {
            from[rest] = from[0];
            work.pixels[rest] = work.pixels[0];
        }
        finish_pixels(&at, &work, from, compute);
    }
}

mr_status mr_conv_2d_s8_smlal(const mr_context *context, const void *params, mr_band band)
{
    convolve(context, params, band, compute_rounded);
    return MR_OK;
}

mr_status mr_conv_2d_s8_smlal_scaled(const mr_context *context, const void *params, mr_band band)
{
    convolve(context, params, band, compute_scaled);
    return MR_OK;
}
