/* SPDX-License-Identifier: MIT-0 */
/*
 * Depthwise convolutions of 3 x 3 taps at stride 2 with SMLAD, two output rows at a time. The five
 * input rows under them are widened, four channels at once, to pairs of 16 bits: columns 0 and 1,
 * columns 2 and 3 and so on. The third column under an output is the first one under the next, so
 * that a pair ends the sums of one output column and starts those of the next: 28.5 instructions
 * for 18 products and two outputs. Inputs and weights are raised as in depthwise_3x3.c.
 */
#include "depthwise_3x3_stride2.h"

#include <string.h>

#include "dsp.h"
#include "rows.h"

#define LANES        4u
#define INPUT_ROWS   5u
#define PAIR_WORDS   20u /* [row][channel] */
#define OUTPUT_SHIFT 13  /* "13" in the assembly */
#define RAISED_BYTES 0x07f807f8u
#define UPPER_BYTES  0xff00ff00u

/* What the words of a channel are, see the header. */
typedef struct channel_constants {
    int32_t multiplier;
    int32_t offset;
    uint32_t weights[3];
    int32_t bias;
} channel_constants;

/* Two rows of outputs, or one that is its own neighbour. */
typedef struct job {
    ptrdiff_t pitch; /* from the first row to the second, or 0 */
    uint32_t channels;
    uint32_t *end; /* of the widened pairs inside the image */
    const uint8_t *rows[INPUT_ROWS];
    uint32_t raised_bytes;
    uint32_t *pairs;
    int8_t *out;
    const channel_constants *constants;
    uint32_t pairs_bytes; /* of all widened pairs */
    uint32_t odd;         /* whether the number of output columns is */
} job;

#if MR_DSP_ASM

_Static_assert(offsetof(job, rows) == 12 && offsetof(job, raised_bytes) == 32 &&
                   offsetof(job, odd) == 52 && sizeof(job) == 56 && sizeof(channel_constants) == 24,
               "the assembly below relies on it");

/* Places on the stack: twice the bias, the job, what else changes. */
#define JOB         "8"
#define PITCH       "8"
#define CHANNELS    "12"
#define PAIRS_END   "16"
#define ROWS        "20" /* and raised_bytes */
#define PAIRS       "44" /* and output */
#define CONSTANTS   "52"
#define PAIRS_BYTES "56"
#define ODD         "60"
#define END         "64"
#define PLACE       "68" /* of the next channel in the pairs and in the output */
#define LEFT        "76"
#define CHANNEL     "80"
#define FRAME       "84"

/* One instruction a line. */
/* clang-format off */

/* Four channels of a pair of columns of one row. Indices of the columns are r5 and r6. */
#define WIDEN_PAIR(row)                                                                            \
    "ldr r7, [" row ", r5]\n\t"                                                                    \
    "ldr r8, [" row ", r6]\n\t"                                                                    \
    "eor r7, #0x80808080\n\t"                                                                      \
    "eor r8, #0x80808080\n\t"                                                                      \
    "pkhbt r9, r7, r8, lsl #16\n\t"                                                                \
    "pkhtb r10, r8, r7, asr #16\n\t"                                                               \
    "and r7, r12, r9, lsl #3\n\t"                                                                  \
    "and r8, r12, r9, lsr #5\n\t"                                                                  \
    "and r9, r12, r10, lsl #3\n\t"                                                                 \
    "and r10, r12, r10, lsr #5\n\t"                                                                \
    "stm lr!, {r7-r10}\n\t"

/* Sums of two rows from a pair of columns on. Pairs are at r0, weights in r4 to r8, multiplier and
 * offset in r2 and r3. */
#define START_COLUMN(upper, lower)                                                                 \
    "ldr lr, [r0], #80\n\t"                                                                        \
    "smlad " upper ", lr, r4, " upper "\n\t"                                                       \
    "ldr lr, [r0, #-64]\n\t"                                                                       \
    "smlad " upper ", lr, r5, " upper "\n\t"                                                       \
    "ldr lr, [r0, #-48]\n\t"                                                                       \
    "smlad " upper ", lr, r6, " upper "\n\t"                                                       \
    "smlad " lower ", lr, r4, " lower "\n\t"                                                       \
    "ldr lr, [r0, #-32]\n\t"                                                                       \
    "smlad " lower ", lr, r5, " lower "\n\t"                                                       \
    "ldr lr, [r0, #-16]\n\t"                                                                       \
    "smlad " lower ", lr, r6, " lower "\n\t"

/* Ends the sums of one output column and starts those of the next. Outputs are at r1; without a
 * second row the first one, which is written last, takes its place. */
#define COMPUTE_COLUMN(upper, lower, next_upper, next_lower)                                       \
    "ldrd " next_upper ", " next_lower ", [sp]\n\t"                                                \
    "ldr lr, [r0], #80\n\t"                                                                        \
    "smlabb " upper ", lr, r7, " upper "\n\t"                                                      \
    "smlad " next_upper ", lr, r4, " next_upper "\n\t"                                             \
    "ldr lr, [r0, #-64]\n\t"                                                                       \
    "smlabt " upper ", lr, r7, " upper "\n\t"                                                      \
    "smlad " next_upper ", lr, r5, " next_upper "\n\t"                                             \
    "ldr lr, [r0, #-48]\n\t"                                                                       \
    "smlabb " upper ", lr, r8, " upper "\n\t"                                                      \
    "smlad " next_upper ", lr, r6, " next_upper "\n\t"                                             \
    "smlabb " lower ", lr, r7, " lower "\n\t"                                                      \
    "smlad " next_lower ", lr, r4, " next_lower "\n\t"                                             \
    "ldr lr, [r0, #-32]\n\t"                                                                       \
    "smlabt " lower ", lr, r7, " lower "\n\t"                                                      \
    "smlad " next_lower ", lr, r5, " next_lower "\n\t"                                             \
    "ldr lr, [r0, #-16]\n\t"                                                                       \
    "smlabb " lower ", lr, r8, " lower "\n\t"                                                      \
    "smlad " next_lower ", lr, r6, " next_lower "\n\t"                                             \
    "ldr lr, [sp, #" PITCH "]\n\t"                                                                 \
    "smmla " lower ", " lower ", r2, r3\n\t"                                                       \
    "smmla " upper ", " upper ", r2, r3\n\t"                                                       \
    "ssat " lower ", #8, " lower ", asr #13\n\t"                                                   \
    "ssat " upper ", #8, " upper ", asr #13\n\t"                                                   \
    "strb " lower ", [r1, lr]\n\t"                                                                 \
    "ldr lr, [sp, #" CHANNELS "]\n\t"                                                              \
    "strb " upper ", [r1]\n\t"                                                                     \
    "add r1, lr\n\t"

__attribute__((naked, noinline)) static void compute_rows(const job *work)
{
    (void)work;
    __asm__(
        "push {r4-r11, lr}\n\t"
        "sub sp, #" FRAME "\n\t"
        "add lr, sp, #" JOB "\n\t"
        "ldm r0!, {r1-r7}\n\t"
        "stm lr!, {r1-r7}\n\t"
        "ldm r0, {r1-r7}\n\t"
        "stm lr, {r1-r7}\n\t"
        "mov r5, #0\n"

        "1:\n\t" /* four channels, from r5 on */
        "str r5, [sp, #" CHANNEL "]\n\t"
        "add lr, sp, #" ROWS "\n\t"
        "ldm lr, {r0-r4, r12}\n\t"
        "ldr r11, [sp, #" CHANNELS "]\n\t"
        "ldr lr, [sp, #" PAIRS "]\n\t"
        "add r6, r5, r11\n\t"
        "lsl r11, #1\n"
        "2:\n\t"
        WIDEN_PAIR("r0")
        WIDEN_PAIR("r1")
        WIDEN_PAIR("r2")
        WIDEN_PAIR("r3")
        WIDEN_PAIR("r4")
        "ldr r7, [sp, #" PAIRS_END "]\n\t"
        "add r5, r11\n\t"
        "add r6, r11\n\t"
        "cmp lr, r7\n\t"
        "bne 2b\n\t"
        "ldrd r0, r1, [sp, #" PAIRS "]\n\t"
        "ldr r2, [sp, #" CHANNEL "]\n\t"
        "mov r3, #4\n\t"
        "add r1, r2\n"

        "3:\n\t" /* one of them, r3 are left */
        "str r3, [sp, #" LEFT "]\n\t"
        "add r2, r0, #4\n\t"
        "add r3, r1, #1\n\t"
        "strd r2, r3, [sp, #" PLACE "]\n\t"
        "ldr lr, [sp, #" CONSTANTS "]\n\t"
        "ldr r10, [sp, #" PAIRS_BYTES "]\n\t"
        "ldm lr!, {r2-r6, r9}\n\t"
        "str lr, [sp, #" CONSTANTS "]\n\t"
        "add r10, r0\n\t"
        "str r10, [sp, #" END "]\n\t"
        "mov r10, #0xff00ff00\n\t"
        "and r8, r6, r10\n\t"
        "and r7, r10, r5, lsl #8\n\t"
        "and r6, r5, r10\n\t"
        "and r5, r10, r4, lsl #8\n\t"
        "and r4, r4, r10\n\t"
        "mov r10, r9\n\t"
        "strd r9, r10, [sp]\n\t"
        START_COLUMN("r9", "r10")
        "ldr lr, [sp, #" ODD "]\n\t"
        "cmp lr, #0\n\t"
        "beq 4f\n\t"
        "mov r11, r9\n\t"
        "mov r12, r10\n\t"
        "b 5f\n"
        "4:\n\t"
        COMPUTE_COLUMN("r9", "r10", "r11", "r12")
        "5:\n\t"
        COMPUTE_COLUMN("r11", "r12", "r9", "r10")
        "ldr lr, [sp, #" END "]\n\t"
        "cmp r0, lr\n\t"
        "bne 4b\n\t"
        "ldr r3, [sp, #" LEFT "]\n\t"
        "ldrd r0, r1, [sp, #" PLACE "]\n\t"
        "subs r3, #1\n\t"
        "bne 3b\n\t"

        "ldr r5, [sp, #" CHANNEL "]\n\t"
        "ldr r0, [sp, #" CHANNELS "]\n\t"
        "add r5, #4\n\t"
        "cmp r5, r0\n\t"
        "bhs 6f\n\t"
        "sub r0, #4\n\t" /* the last four may overlap those before */
        "cmp r5, r0\n\t"
        "it hi\n\t"
        "movhi r5, r0\n\t"
        "b 1b\n"
        "6:\n\t"
        "add sp, #" FRAME "\n\t"
        "pop {r4-r11, pc}");
}

/* clang-format on */

#else

static void widen_block(const job *work, uint32_t channel)
{
    for (uint32_t *to = work->pairs; to != work->end; channel += 2 * work->channels) {
        for (uint32_t row = 0; row < INPUT_ROWS; row++, to += LANES) {
            const uint8_t *first = work->rows[row] + channel, *second = first + work->channels;
            for (uint32_t i = 0; i < LANES; i++) {
                to[i] = (first[i] ^ 0x80u) << 3 | (second[i] ^ 0x80u) << 19;
            }
        }
    }
}

/* An output of the three rows from `pairs` on. */
static int8_t compute(const uint32_t *pairs, const channel_constants *constants)
{
    const uint32_t *words = constants->weights;
    const uint32_t weights[3] = {words[0] & UPPER_BYTES, words[0] << 8 & UPPER_BYTES,
                                 words[1] & UPPER_BYTES};
    const uint32_t thirds[2] = {words[1] << 8 & UPPER_BYTES, words[2] & UPPER_BYTES};
    int32_t sum = constants->bias;
    for (uint32_t row = 0; row < 3; row++, pairs += LANES) {
        uint32_t third = thirds[row / 2] >> (row % 2 * 16);
        sum = mr_smlad(pairs[0], weights[row], sum);
        sum = mr_smlad(pairs[PAIR_WORDS] & 0xffffu, third & 0xffffu, sum);
    }
    int32_t high = mr_smmla(sum, constants->multiplier, constants->offset);
    return (int8_t)mr_ssat8_asr(high, OUTPUT_SHIFT);
}

static void compute_channel(const job *work, const uint32_t *pairs, int8_t *out,
                            const channel_constants *constants)
{
    const uint32_t *end = pairs + work->pairs_bytes / sizeof *pairs - PAIR_WORDS;
    for (; pairs != end; pairs += PAIR_WORDS, out += work->channels) {
        out[work->pitch] = compute(pairs + 2 * LANES, constants);
        out[0] = compute(pairs, constants);
    }
}

static void compute_rows(const job *work)
{
    const channel_constants *constants = work->constants;
    for (uint32_t first = 0; first < work->channels; first += LANES) {
        uint32_t last = work->channels - LANES;
        uint32_t channel = first < last ? first : last;
        widen_block(work, channel);
        for (uint32_t i = 0; i < LANES; i++) {
            compute_channel(work, work->pairs + i, work->out + channel + i, constants++);
        }
    }
}

#endif

mr_status mr_depthwise_conv_2d_3x3_stride2_s8_dsp(const mr_context *context, const void *params,
                                                  mr_band band)
{
    const mr_depthwise_conv_2d_3x3_stride2_s8_dsp_params *p = params;
    const mr_window *window = &p->window;
    const uint8_t *padding = mr_data_at(context, p->padding);
    uint32_t *pairs = mr_arena_at(context, p->scratch);
    job work = {
        .channels = p->channels,
        .end = pairs + window->in_width / 2u * PAIR_WORDS,
        .raised_bytes = RAISED_BYTES,
        .pairs = pairs,
        .constants = mr_data_at(context, p->channels_of_blocks),
        .pairs_bytes = (window->out_width + 1u) * PAIR_WORDS * (uint32_t)sizeof *pairs,
        .odd = window->out_width % 2u,
    };
    /* the last pair, which is padding unless it is written later on */
    mr_dsp_fill(pairs + window->out_width * PAIR_WORDS,
                (uint32_t)(128 - p->input_offset) * 0x80008u, PAIR_WORDS);
    for (uint32_t row = band.first, end = row + band.count; row < end;) {
        uint32_t count = mr_dsp_pair(window, row, end);
        mr_dsp_rows_from(context, &p->input, window, row, padding, work.rows, INPUT_ROWS);
        work.out = mr_row_out(context, &p->output, row);
        work.pitch = (int8_t *)mr_row_out(context, &p->output, row + count - 1) - work.out;
        compute_rows(&work);
        row += count;
    }
    return MR_OK;
}
