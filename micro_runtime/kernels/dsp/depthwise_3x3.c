/* SPDX-License-Identifier: MIT-0 */
/*
 * Depthwise convolutions of 3 x 3 taps at stride 1 with SMLAD, two output rows at a time. The four
 * input rows under them are widened, four channels at once, to pairs of 16 bits: rows 0 and 1, rows
 * 2 and 3. With weights paired as (row 0, row 1) and (row 1, row 2), each column takes four
 * instructions for both outputs:
 *
 *     upper += SMLAD(x01, w01) + x2 * w2      lower += x1 * w0 + SMLAD(x23, w12)
 *
 * Two output columns share the loads of the two columns between them: 48 instructions for 36
 * products and four outputs, 53 where each channel has a shift of its own.
 *
 * Outputs are a line of the sums (line.h), which are raised by 11 bits: inputs, from -128 on, by 3
 * when they are widened, and weights, which are stored as bytes, by 8.
 */
#include "depthwise_3x3.h"

#include <string.h>

#include "dsp.h"
#include "rows.h"

#define LANES        4u
#define INPUT_ROWS   4u
#define COLUMN_WORDS 8u /* [channel][rows 0 and 1, rows 2 and 3] */
#define LINE_SHIFT   13 /* "13" in the assembly */
#define RAISED_BYTES 0x07f807f8u
#define UPPER_BYTES  0xff00ff00u

/* What the words of a channel with a line are, see the header. */
typedef struct channel_line {
    int32_t multiplier;
    int32_t offset;
    uint32_t weights[3];
    int32_t bias;
} channel_line;

/* The same with a shift. */
typedef struct channel_constants {
    int32_t multiplier;
    int32_t offset;
    uint32_t upper[3];
    uint32_t lower[3];
    int32_t bias;
    int32_t shift;
} channel_constants;

/* Two rows of outputs, or one that is its own neighbour. */
typedef struct job {
    ptrdiff_t pitch; /* from the first row to the second, or 0 */
    uint32_t channels;
    uint32_t *end; /* of the widened columns inside the image */
    const uint8_t *rows[INPUT_ROWS];
    uint32_t offset;  /* of inputs, or RAISED_BYTES */
    uint32_t *inside; /* first widened column inside the image */
    uint32_t *columns;
    int8_t *out;
    const uint32_t *constants;
    uint32_t pairs_bytes; /* of widened columns from the first pair of outputs to the last, half of
                             a pair left out */
    uint32_t odd;
} job;

#if MR_DSP_ASM

_Static_assert(offsetof(job, rows) == 12 && offsetof(job, inside) == 32 &&
                   offsetof(job, odd) == 52 && sizeof(job) == 56 &&
                   sizeof(channel_constants) == 40 && sizeof(channel_line) == 24,
               "the assembly below relies on it");

/* Places on the stack: four times the bias, multiplier and offset, the job, what else changes. */
#define MULTIPLIER  "16"
#define JOB         "24"
#define PITCH       "24"
#define CHANNELS    "28" /* and end of the columns inside */
#define ROWS        "36" /* and offset */
#define INSIDE      "56"
#define COLUMNS     "60" /* and output */
#define CONSTANTS   "68"
#define PAIRS_BYTES "72"
#define ODD         "76"
#define END         "80"
#define PLACE       "84" /* of the next channel in the columns and in the output */
#define LEFT        "92"
#define CHANNEL     "96"
#define SHIFT       "100"
#define FRAME       "104"

/* Pairs of one column in r2 and r3, weights of a column in r4 to r6 and r7 to r9. */
#define MULTIPLY(upper, lower, w01, w12)                                                           \
    "smlad " upper ", r2, " w01 ", " upper "\n\t"                                                  \
    "smlatb " lower ", r2, " w01 ", " lower "\n\t"                                                 \
    "smlabt " upper ", r3, " w12 ", " upper "\n\t"                                                 \
    "smlad " lower ", r3, " w12 ", " lower "\n\t"

#define SCALE(sum) "smmla " sum ", " sum ", r2, r3\n\t"

/* One shift for all channels and weights of bytes, in r4 to r6, or a shift that is a channel's last
 * word. */
#define LOAD_CHANNEL                                                                               \
    "ldm lr!, {r2-r6, r10}\n\t"                                                                    \
    "mov r11, #0xff00ff00\n\t"                                                                     \
    "and r9, r11, r6, lsl #8\n\t"                                                                  \
    "and r8, r6, r11\n\t"                                                                          \
    "and r7, r11, r5, lsl #8\n\t"                                                                  \
    "and r6, r5, r11\n\t"                                                                          \
    "and r5, r11, r4, lsl #8\n\t"                                                                  \
    "and r4, r4, r11\n\t"
#define LOAD_CHANNEL_S "ldm lr!, {r2-r11}\n\tstr r11, [sp, #" SHIFT "]\n\t"
#define NARROW(sum)    "ssat " sum ", #8, " sum ", asr #13\n\t"
#define NARROW_S(sum)  "asr " sum ", r2\n\tssat " sum ", #8, " sum "\n\t"
#define LOAD_SHIFT     "ldr r2, [sp, #" SHIFT "]\n\t"

#define NARROW_TWO    NARROW("r10") NARROW("r11")
#define NARROW_TWO_S  LOAD_SHIFT NARROW_S("r10") NARROW_S("r11")
#define NARROW_FOUR   NARROW_TWO NARROW("r12") NARROW("lr")
#define NARROW_FOUR_S NARROW_TWO_S NARROW_S("r12") NARROW_S("lr")

/* One instruction a line. */
/* clang-format off */

/* Pairs of two rows from four channels of each: bytes 0 and 2, bytes 1 and 3 of a word. */
#define WIDEN_0(to, from)   "and " to ", r12, " from ", lsl #3\n\t"
#define WIDEN_1(to, from)   "and " to ", r12, " from ", lsr #5\n\t"
#define WIDEN_0_S(to, from) "sxtab16 " to ", r12, " from "\n\t"
#define WIDEN_1_S(to, from) "sxtab16 " to ", r12, " from ", ror #8\n\t"

#define FROM_LEAST                                                                                 \
    "eor r7, #0x80808080\n\t"                                                                      \
    "eor r8, #0x80808080\n\t"                                                                      \
    "eor r9, #0x80808080\n\t"                                                                      \
    "eor r10, #0x80808080\n\t"

/* A column of four rows and channels: rows are at r0 to r3, their index is r11, columns go to lr.
 */
#define WIDEN_COLUMN(prepare, widen_0, widen_1)                                                    \
    "ldr r7, [r0, r11]\n\t"                                                                        \
    "ldr r8, [r1, r11]\n\t"                                                                        \
    "ldr r9, [r2, r11]\n\t"                                                                        \
    "ldr r10, [r3, r11]\n\t"                                                                       \
    prepare                                                                                        \
    "pkhbt r6, r7, r8, lsl #16\n\t"                                                                \
    "pkhtb r7, r8, r7, asr #16\n\t"                                                                \
    "pkhbt r8, r9, r10, lsl #16\n\t"                                                               \
    "pkhtb r9, r10, r9, asr #16\n\t"                                                               \
    widen_0("r4", "r6")                                                                            \
    widen_0("r5", "r8")                                                                            \
    widen_1("r6", "r6")                                                                            \
    widen_1("r10", "r8")                                                                           \
    "stm lr!, {r4, r5, r6, r10}\n\t"                                                               \
    widen_0("r4", "r7")                                                                            \
    widen_0("r5", "r9")                                                                            \
    widen_1("r6", "r7")                                                                            \
    widen_1("r10", "r9")                                                                           \
    "stm lr!, {r4, r5, r6, r10}\n\t"

/* Columns are at r0, outputs at r1; sums are in r10 to r12 and lr. Without a second row the first
 * one, which is written last, takes its place. */
#define COMPUTE_TWO_COLUMNS(narrow_four)                                                           \
    "ldm sp, {r10-r12, lr}\n\t"                                                                    \
    "ldrd r2, r3, [r0], #64\n\t"                                                                   \
    MULTIPLY("r10", "r11", "r4", "r7")                                                             \
    "ldrd r2, r3, [r0, #-32]\n\t"                                                                  \
    MULTIPLY("r10", "r11", "r5", "r8")                                                             \
    MULTIPLY("r12", "lr", "r4", "r7")                                                              \
    "ldrd r2, r3, [r0]\n\t"                                                                        \
    MULTIPLY("r10", "r11", "r6", "r9")                                                             \
    MULTIPLY("r12", "lr", "r5", "r8")                                                              \
    "ldrd r2, r3, [r0, #32]\n\t"                                                                   \
    MULTIPLY("r12", "lr", "r6", "r9")                                                              \
    "ldrd r2, r3, [sp, #" MULTIPLIER "]\n\t"                                                       \
    SCALE("r10") SCALE("r11") SCALE("r12") SCALE("lr")                                             \
    narrow_four                                                                                    \
    "ldrd r2, r3, [sp, #" PITCH "]\n\t"                                                            \
    "strb r11, [r1, r2]\n\t"                                                                       \
    "strb r10, [r1]\n\t"                                                                           \
    "add r1, r3\n\t"                                                                               \
    "strb lr, [r1, r2]\n\t"                                                                        \
    "strb r12, [r1]\n\t"                                                                           \
    "add r1, r3\n\t"

#define COMPUTE_LAST_COLUMN(narrow_two)                                                            \
    "ldrd r10, r11, [sp]\n\t"                                                                      \
    "ldrd r2, r3, [r0]\n\t"                                                                        \
    MULTIPLY("r10", "r11", "r4", "r7")                                                             \
    "ldrd r2, r3, [r0, #32]\n\t"                                                                   \
    MULTIPLY("r10", "r11", "r5", "r8")                                                             \
    "ldrd r2, r3, [r0, #64]\n\t"                                                                   \
    MULTIPLY("r10", "r11", "r6", "r9")                                                             \
    "ldrd r2, r3, [sp, #" MULTIPLIER "]\n\t"                                                       \
    SCALE("r10") SCALE("r11") narrow_two                                                           \
    "ldr r2, [sp, #" PITCH "]\n\t"                                                                 \
    "strb r11, [r1, r2]\n\t"                                                                       \
    "strb r10, [r1]\n\t"

#define COMPUTE_ROWS(widen_column, load_channel, narrow_two, narrow_four)                          \
    "push {r4-r11, lr}\n\t"                                                                        \
    "sub sp, #" FRAME "\n\t"                                                                       \
    "add lr, sp, #" JOB "\n\t"                                                                     \
    "ldm r0!, {r1-r7}\n\t"                                                                         \
    "stm lr!, {r1-r7}\n\t"                                                                         \
    "ldm r0, {r1-r7}\n\t"                                                                          \
    "stm lr, {r1-r7}\n\t"                                                                          \
    "mov r11, #0\n"                                                                                \
    "1:\n\t" /* four channels, from r11 on */                                                      \
    "str r11, [sp, #" CHANNEL "]\n\t"                                                              \
    "add lr, sp, #" ROWS "\n\t"                                                                    \
    "ldm lr, {r0-r3, r12}\n\t"                                                                     \
    "ldr lr, [sp, #" INSIDE "]\n"                                                                  \
    "2:\n\t"                                                                                       \
    widen_column                                                                                   \
    "ldrd r4, r5, [sp, #" CHANNELS "]\n\t"                                                         \
    "add r11, r4\n\t"                                                                              \
    "cmp lr, r5\n\t"                                                                               \
    "bne 2b\n\t"                                                                                   \
    "ldrd r0, r1, [sp, #" COLUMNS "]\n\t"                                                          \
    "ldr r2, [sp, #" CHANNEL "]\n\t"                                                               \
    "mov r3, #4\n\t"                                                                               \
    "add r1, r2\n"                                                                                 \
    "3:\n\t" /* one of them, r3 are left */                                                        \
    "str r3, [sp, #" LEFT "]\n\t"                                                                  \
    "add r2, r0, #8\n\t"                                                                           \
    "add r3, r1, #1\n\t"                                                                           \
    "strd r2, r3, [sp, #" PLACE "]\n\t"                                                            \
    "ldr lr, [sp, #" CONSTANTS "]\n\t"                                                             \
    load_channel                                                                                   \
    "mov r11, r10\n\t"                                                                             \
    "str lr, [sp, #" CONSTANTS "]\n\t"                                                             \
    "strd r2, r3, [sp, #" MULTIPLIER "]\n\t"                                                       \
    "strd r10, r11, [sp]\n\t"                                                                      \
    "strd r10, r11, [sp, #8]\n\t"                                                                  \
    "ldr r2, [sp, #" PAIRS_BYTES "]\n\t"                                                           \
    "cmp r2, #0\n\t"                                                                               \
    "beq 5f\n\t"                                                                                   \
    "add r2, r0\n\t"                                                                               \
    "str r2, [sp, #" END "]\n"                                                                     \
    "4:\n\t"                                                                                       \
    COMPUTE_TWO_COLUMNS(narrow_four)                                                               \
    "ldr r2, [sp, #" END "]\n\t"                                                                   \
    "cmp r0, r2\n\t"                                                                               \
    "bne 4b\n"                                                                                     \
    "5:\n\t"                                                                                       \
    "ldr r2, [sp, #" ODD "]\n\t"                                                                   \
    "cbz r2, 6f\n\t"                                                                               \
    COMPUTE_LAST_COLUMN(narrow_two)                                                                \
    "6:\n\t"                                                                                       \
    "ldr r3, [sp, #" LEFT "]\n\t"                                                                  \
    "ldrd r0, r1, [sp, #" PLACE "]\n\t"                                                            \
    "subs r3, #1\n\t"                                                                              \
    "bne 3b\n\t"                                                                                   \
    "ldr r11, [sp, #" CHANNEL "]\n\t"                                                              \
    "ldr r0, [sp, #" CHANNELS "]\n\t"                                                              \
    "add r11, #4\n\t"                                                                              \
    "cmp r11, r0\n\t"                                                                              \
    "bhs 7f\n\t"                                                                                   \
    "sub r0, #4\n\t" /* the last four may overlap those before */                                  \
    "cmp r11, r0\n\t"                                                                              \
    "it hi\n\t"                                                                                    \
    "movhi r11, r0\n\t"                                                                            \
    "b 1b\n"                                                                                       \
    "7:\n\t"                                                                                       \
    "add sp, #" FRAME "\n\t"                                                                       \
    "pop {r4-r11, pc}"

/* clang-format on */

__attribute__((naked, noinline)) static void compute_rows(const job *work)
{
    (void)work;
    __asm__(COMPUTE_ROWS(WIDEN_COLUMN(FROM_LEAST, WIDEN_0, WIDEN_1), LOAD_CHANNEL, NARROW_TWO,
                         NARROW_FOUR));
}

__attribute__((naked, noinline)) static void compute_rows_shifts(const job *work)
{
    (void)work;
    __asm__(COMPUTE_ROWS(WIDEN_COLUMN("", WIDEN_0_S, WIDEN_1_S), LOAD_CHANNEL_S, NARROW_TWO_S,
                         NARROW_FOUR_S));
}

#else

/* Pairs of two rows, four channels of a column. */
typedef void widen_rows(uint32_t offset, const uint8_t *first, const uint8_t *second,
                        uint32_t pairs[LANES]);

static void widen_raised(uint32_t offset, const uint8_t *first, const uint8_t *second,
                         uint32_t pairs[LANES])
{
    (void)offset;
    for (uint32_t i = 0; i < LANES; i++) {
        pairs[i] = (first[i] ^ 0x80u) << 3 | (second[i] ^ 0x80u) << 19;
    }
}

static void widen_offset(uint32_t offset, const uint8_t *first, const uint8_t *second,
                         uint32_t pairs[LANES])
{
    for (uint32_t i = 0; i < LANES; i++) {
        pairs[i] = mr_sxtab16(offset, first[i] | (uint32_t)second[i] << 16);
    }
}

static void widen_block(const job *work, uint32_t channel, widen_rows *widen)
{
    for (uint32_t *to = work->inside; to != work->end; channel += work->channels) {
        uint32_t upper[LANES], lower[LANES];
        widen(work->offset, work->rows[0] + channel, work->rows[1] + channel, upper);
        widen(work->offset, work->rows[2] + channel, work->rows[3] + channel, lower);
        for (uint32_t i = 0; i < LANES; i++, to += 2) {
            to[0] = upper[i];
            to[1] = lower[i];
        }
    }
}

static int8_t scale(int32_t sum, const channel_constants *constants)
{
    int32_t high = mr_smmla(sum, constants->multiplier, constants->offset);
    return (int8_t)mr_ssat8(high >> constants->shift);
}

static void compute_channel(const job *work, const uint32_t *columns, int8_t *out,
                            const channel_constants *constants)
{
    uint32_t width = work->pairs_bytes / (4 * COLUMN_WORDS) + work->odd;
    for (uint32_t x = 0; x < width; x++, columns += COLUMN_WORDS, out += work->channels) {
        int32_t upper = constants->bias, lower = constants->bias;
        for (uint32_t i = 0; i < 3; i++) {
            uint32_t x01 = columns[i * COLUMN_WORDS], x23 = columns[i * COLUMN_WORDS + 1];
            uint32_t w01 = constants->upper[i], w12 = constants->lower[i];
            upper = mr_smlad(x01, w01, upper);
            upper = mr_smlad(x23 & 0xffffu, w12 >> 16, upper);
            lower = mr_smlad(x01 >> 16, w01 & 0xffffu, lower);
            lower = mr_smlad(x23, w12, lower);
        }
        out[work->pitch] = scale(lower, constants);
        out[0] = scale(upper, constants);
    }
}

static const uint32_t *load_line(const uint32_t *from, channel_constants *to)
{
    channel_line line;
    memcpy(&line, from, sizeof line);
    uint32_t pairs[6];
    for (uint32_t i = 0; i < 3; i++) {
        pairs[2 * i] = line.weights[i] & UPPER_BYTES;
        pairs[2 * i + 1] = line.weights[i] << 8 & UPPER_BYTES;
    }
    to->multiplier = line.multiplier;
    to->offset = line.offset;
    memcpy(to->upper, pairs, sizeof to->upper);
    memcpy(to->lower, pairs + 3, sizeof to->lower);
    to->bias = line.bias;
    to->shift = LINE_SHIFT;
    return from + sizeof line / sizeof *from;
}

static const uint32_t *load_shift(const uint32_t *from, channel_constants *to)
{
    memcpy(to, from, sizeof *to);
    return from + sizeof *to / sizeof *from;
}

static void compute_all(const job *work, widen_rows *widen,
                        const uint32_t *(*load)(const uint32_t *from, channel_constants *to))
{
    const uint32_t *from = work->constants;
    for (uint32_t first = 0; first < work->channels; first += LANES) {
        uint32_t last = work->channels - LANES;
        uint32_t channel = first < last ? first : last;
        widen_block(work, channel, widen);
        for (uint32_t i = 0; i < LANES; i++) {
            channel_constants constants;
            from = load(from, &constants);
            compute_channel(work, work->columns + 2 * i, work->out + channel + i, &constants);
        }
    }
}

static void compute_rows(const job *work)
{
    compute_all(work, widen_raised, load_line);
}

static void compute_rows_shifts(const job *work)
{
    compute_all(work, widen_offset, load_shift);
}

#endif

/* `outside` is a widened pair outside the image. */
static void convolve(const mr_context *context, const mr_depthwise_conv_2d_3x3_s8_dsp_params *p,
                     mr_band band, uint32_t offset, uint32_t outside,
                     void (*compute)(const job *work))
{
    const mr_window *window = &p->window;
    const uint8_t *padding = mr_data_at(context, p->padding);
    uint32_t *columns = mr_arena_at(context, p->scratch);
    job work = {
        .channels = p->channels,
        .offset = offset,
        .inside = columns + window->pad_left * COLUMN_WORDS,
        .columns = columns,
        .constants = mr_data_at(context, p->channels_of_blocks),
        .pairs_bytes = window->out_width / 2u * 8u * COLUMN_WORDS,
        .odd = window->out_width % 2u,
    };
    work.end = work.inside + window->in_width * COLUMN_WORDS;
    mr_dsp_fill(columns, outside, window->pad_left * COLUMN_WORDS);
    mr_dsp_fill(work.end, outside, p->pad_right * COLUMN_WORDS);
    for (uint32_t row = band.first, end = row + band.count; row < end;) {
        uint32_t count = mr_dsp_pair(window, row, end);
        mr_dsp_rows_from(context, &p->input, window, row, padding, work.rows, INPUT_ROWS);
        work.out = mr_row_out(context, &p->output, row);
        work.pitch = (int8_t *)mr_row_out(context, &p->output, row + count - 1) - work.out;
        compute(&work);
        row += count;
    }
}

mr_status mr_depthwise_conv_2d_3x3_s8_dsp(const mr_context *context, const void *params,
                                          mr_band band)
{
    const mr_depthwise_conv_2d_3x3_s8_dsp_params *p = params;
    uint32_t outside = (uint32_t)(128 - p->input_offset) * 0x80008u;
    convolve(context, p, band, RAISED_BYTES, outside, compute_rows);
    return MR_OK;
}

mr_status mr_depthwise_conv_2d_3x3_shifts_s8_dsp(const mr_context *context, const void *params,
                                                 mr_band band)
{
    const mr_depthwise_conv_2d_3x3_s8_dsp_params *p = params;
    uint32_t offset = (uint16_t)p->input_offset * 0x10001u;
    convolve(context, p, band, offset, 0, compute_rows_shifts);
    return MR_OK;
}
