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

#define PIXELS 3u
#define FIELD  21
#define HALF   (1 << (FIELD - 1))

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

/* All channels of three pixels. Pixels that do not exist share their place with the first one,
 * which is written last. Sizes of weights are in bytes, 16 a block. */
typedef struct job {
    const int32_t *packed;
    const mr_dsp_output *how;
    int8_t *pixels[PIXELS];
    uint32_t channel;
    uint32_t channels;
    uint32_t pair_bytes;
    const int32_t *weights;
    uint32_t part_bytes;
} job;

/*
 * The accumulators start with half a field in the lowest one, so that it never borrows from the
 * next, and the first with one in the highest, which the same half in the middle one takes back.
 */

#if MR_DSP_ASM

/* Offsets in a job, a mr_dsp_output and the stack frame. */
#define PACKED      "0"
#define HOW         "4"
#define PIXEL0      "8"
#define PIXEL1      "12" /* and the third */
#define CHANNEL     "20" /* and the number of them */
#define CHANNELS    "24"
#define PAIR_BYTES  "28"
#define WEIGHTS     "32"
#define PART_BYTES  "36"
#define BIAS        "0"
#define MULTIPLIER  "4" /* and offset */
#define SHIFT       "12"
#define NEXT_OUTPUT "16"
#define JOB         "0"
#define PAIR_END    "4"
#define PART_END    "8"
#define SUMS_A      "12" /* of both channels, without the part that is being summed */
#define SUMS_B      "20"
#define SUMS_C      "28"

_Static_assert(offsetof(job, pixels) == 8 && offsetof(job, channel) == 20 &&
                   offsetof(job, part_bytes) == 36 && sizeof(mr_dsp_output) == 16,
               "the assembly below relies on it");

/* Four taps: weights at r6, inputs at r7, accumulators in r0:r1 and r2:r3. */
#define MULTIPLY_TAPS(first, second)                                                               \
    "ldm r7!, {r4, r5, r12, lr}\n\t"                                                               \
    "smlal r0, r1, r4, " first "\n\t"                                                              \
    "smlal r2, r3, r5, " first "\n\t"                                                              \
    "smlal r0, r1, r12, " second "\n\t"                                                            \
    "smlal r2, r3, lr, " second "\n\t"

#define MULTIPLY_BLOCK "ldm r6!, {r8-r11}\n\t" MULTIPLY_TAPS("r8", "r9") MULTIPLY_TAPS("r10", "r11")

/* mr_dsp_requantize: multiplier, offset and shift in r8 to r10; spoils r7. */
#define REQUANTIZE(sum)                                                                            \
    "add r7, r9, " sum ", asr #31\n\t"                                                             \
    "lsl " sum ", " sum ", #1\n\t"                                                                 \
    "smmlar " sum ", " sum ", r8, r7\n\t"                                                          \
    "asr " sum ", " sum ", r10\n\t"                                                                \
    "ssat " sum ", #8, " sum "\n\t"

/* Two blocks a turn; a part with an odd number starts in the middle of the first turn. */
__attribute__((naked, noinline)) static void compute_pixels(job *work)
{
    (void)work;
    __asm__("push {r4-r11, lr}\n\t"
            "sub sp, #36\n\t"
            "str r0, [sp, #" JOB "]\n\t"
            "ldr r6, [r0, #" WEIGHTS "]\n"

            "1:\n\t" /* a pair of channels */
            "ldr r12, [sp, #" JOB "]\n\t"
            "ldr lr, [r12, #" HOW "]\n\t"
            "ldr r8, [r12, #" PAIR_BYTES "]\n\t"
            "ldr r7, [r12, #" PACKED "]\n\t"
            "ldr r4, [lr, #" BIAS "]\n\t"
            "ldr r5, [lr, #" NEXT_OUTPUT "+" BIAS "]\n\t"
            "add r8, r6\n\t"
            "str r8, [sp, #" PAIR_END "]\n\t"
            "strd r4, r5, [sp, #" SUMS_A "]\n\t"
            "strd r4, r5, [sp, #" SUMS_B "]\n\t"
            "strd r4, r5, [sp, #" SUMS_C "]\n"

            "2:\n\t" /* a part of the window; r8 is the end of the pair, r12 the job */
            "ldr r9, [r12, #" PART_BYTES "]\n\t"
            "sub r10, r8, r6\n\t"
            "cmp r10, r9\n\t"
            "it hi\n\t"
            "movhi r10, r9\n\t"
            "add r9, r6, r10\n\t"
            "str r9, [sp, #" PART_END "]\n\t"
            "mov r0, #1 << 20\n\t"
            "mov r1, #1 << 10\n\t"
            "mov r2, #1 << 20\n\t"
            "mov r3, #0\n\t"
            "tst r10, #16\n\t"
            "bne 4f\n"
            "3:\n\t" MULTIPLY_BLOCK "4:\n\t" MULTIPLY_BLOCK "ldr r12, [sp, #" PART_END "]\n\t"
            "cmp r6, r12\n\t"
            "bne 3b\n\t"

            /* Fields apart: r4 = au + 2^20, r5 = bu + 2^20, r0 = av + 2^20, r1 = bv, r2 = cu,
             * r3 = cv. */
            "ubfx r4, r0, #0, #21\n\t"
            "ubfx r5, r2, #0, #21\n\t"
            "lsr r0, r0, #21\n\t"
            "orr r0, r0, r1, lsl #11\n\t"
            "sub r0, r5\n\t"
            "ubfx r0, r0, #0, #21\n\t"
            "add r8, r5, r0\n\t"
            "asr r1, r1, #10\n\t"
            "sub r1, r1, r8, lsr #21\n\t"
            "lsr r2, r2, #21\n\t"
            "orr r2, r2, r3, lsl #11\n\t"
            "sub r2, r1\n\t"
            "sbfx r2, r2, #0, #21\n\t"
            "add r8, r2, r1\n\t"
            "asr r3, r3, #10\n\t"
            "sub r3, r3, r8, asr #21\n\t"
            "sub r4, #1 << 20\n\t"
            "sub r5, #1 << 20\n\t"
            "sub r0, #1 << 20\n\t"
            "ldrd r8, r9, [sp, #" SUMS_A "]\n\t"
            "ldrd r10, r11, [sp, #" SUMS_B "]\n\t"
            "ldrd r12, lr, [sp, #" SUMS_C "]\n\t"
            "add r4, r8\n\t"
            "add r0, r9\n\t"
            "add r5, r10\n\t"
            "add r1, r11\n\t"
            "add r2, r12\n\t"
            "add r3, lr\n\t"
            "ldrd r12, r8, [sp, #" JOB "]\n\t"
            "cmp r6, r8\n\t"
            "beq 5f\n\t"
            "strd r4, r0, [sp, #" SUMS_A "]\n\t"
            "strd r5, r1, [sp, #" SUMS_B "]\n\t"
            "strd r2, r3, [sp, #" SUMS_C "]\n\t"
            "b 2b\n"

            "5:\n\t" /* both channels of the three pixels */
            "ldr lr, [r12, #" HOW "]\n\t"
            "ldr r11, [r12, #" CHANNEL "]\n\t"
            "ldrd r8, r9, [lr, #" MULTIPLIER "]\n\t"
            "ldr r10, [lr, #" SHIFT "]\n\t" REQUANTIZE("r4") REQUANTIZE("r5")
                REQUANTIZE("r2") "ldrd r8, r9, [lr, #" NEXT_OUTPUT "+" MULTIPLIER "]\n\t"
                                 "ldr r10, [lr, #" NEXT_OUTPUT "+" SHIFT "]\n\t"
                                 "add lr, #2*" NEXT_OUTPUT "\n\t"
                                 "str lr, [r12, #" HOW "]\n\t"
                                 "ldr lr, [r12, #" CHANNELS "]\n\t" REQUANTIZE("r0")
                                     REQUANTIZE("r1")
                                         REQUANTIZE("r3") "add r10, r11, #1\n\t"
                                                          "cmp r10, lr\n\t"
                                                          "ldrd r8, r9, [r12, #" PIXEL1 "]\n\t"
                                                          "ldr r7, [r12, #" PIXEL0 "]\n\t"
                                                          "beq 6f\n\t"
                                                          "strb r3, [r9, r10]\n\t"
                                                          "strb r1, [r8, r10]\n\t"
                                                          "strb r0, [r7, r10]\n"
                                                          "6:\n\t"
                                                          "strb r2, [r9, r11]\n\t"
                                                          "strb r5, [r8, r11]\n\t"
                                                          "strb r4, [r7, r11]\n\t"
                                                          "add r11, #2\n\t"
                                                          "str r11, [r12, #" CHANNEL "]\n\t"
                                                          "cmp r11, lr\n\t"
                                                          "blo 1b\n\t"
                                                          "add sp, #36\n\t"
                                                          "pop {r4-r11, pc}");
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

static void compute_pixels(job *work)
{
    const int32_t *weights = work->weights;
    uint32_t taps = work->pair_bytes / sizeof *weights, part = work->part_bytes / sizeof *weights;
    for (; work->channel < work->channels; work->channel += 2, work->how += 2) {
        int32_t bias0 = work->how[0].bias, bias1 = work->how[1].bias;
        int32_t sums[PIXELS][2] = {{bias0, bias1}, {bias0, bias1}, {bias0, bias1}};
        for (uint32_t tap = 0, count; tap < taps; tap += count, weights += count) {
            count = taps - tap < part ? taps - tap : part;
            multiply(weights, weights + count, work->packed + 2 * tap, sums);
        }
        for (uint32_t pixel = PIXELS; pixel-- > 0;) {
            int8_t *out = work->pixels[pixel] + work->channel;
            out[0] = (int8_t)mr_dsp_requantize(sums[pixel][0], &work->how[0]);
            if (work->channel + 1 < work->channels) {
                out[1] = (int8_t)mr_dsp_requantize(sums[pixel][1], &work->how[1]);
            }
        }
    }
}

#endif

static void finish_pixels(const walk *at, job *work, const source from[PIXELS])
{
    const mr_conv_2d_s8_smlal_params *p = at->params;
    pack(at, from);
    work->channel = 0;
    work->how = mr_data_at(at->context, p->outputs);
    compute_pixels(work);
    if (p->least != INT8_MIN || p->most != INT8_MAX) {
        for (uint32_t pixel = 0; pixel < PIXELS; pixel++) {
            mr_dsp_clamp(work->pixels[pixel], p->out_channels, p->least, p->most);
        }
    }
}

mr_status mr_conv_2d_s8_smlal(const mr_context *context, const void *params, mr_band band)
{
    const mr_conv_2d_s8_smlal_params *p = params;
    const mr_window *window = &p->window;
    const void **tables = mr_arena_at(context, p->scratch);
    walk at = {.context = context, .params = p, .in_bytes = p->in_channels};
    at.packed = (int32_t *)(tables + PIXELS * (uint32_t)window->kernel_height);
    at.copies = (int8_t *)(at.packed + 8u * p->blocks);
    job work = {
        .packed = at.packed,
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
                finish_pixels(&at, &work, from);
                slot = 0;
            }
        }
    }
    if (slot != 0) {
        for (uint32_t rest = slot; rest < PIXELS; rest++) {
            from[rest] = from[0];
            work.pixels[rest] = work.pixels[0];
        }
        finish_pixels(&at, &work, from);
    }
    return MR_OK;
}
