/* SPDX-License-Identifier: MIT-0 */
/*
 * Convolutions with SMLAD. Windows of three output pixels are widened to 16 bits in the scratch;
 * then two output channels at a time are computed for all three, so that a word of weights is
 * widened once for three pixels and a word of inputs is loaded once for two channels: 20
 * instructions for 24 products.
 */
#include "conv.h"

#include <string.h>

#include "dsp.h"
#include "gather.h"

#define PIXELS 3u

/* ----------------------------------------------------------------- windows to 16 bits */

typedef struct walk {
    const mr_context *context;
    const mr_conv_2d_s8_dsp_params *params;
    const void **rows;
    uint32_t *windows; /* [block][pixel][taps 0 and 2, taps 1 and 3] */
    int8_t *gathered;
} walk;

/* Four taps a word; the next word of the same pixel lies PIXELS * 2 words further on. */
static inline uint32_t *widen(const uint8_t *taps, uint32_t words, uint32_t offset, uint32_t *to)
{
    for (const uint8_t *end = taps + 4 * words; taps != end; taps += 4, to += 2 * PIXELS) {
        uint32_t four;
        memcpy(&four, taps, sizeof four);
        to[0] = mr_sxtab16(offset, four);
        to[1] = mr_sxtab16_ror8(offset, four);
    }
    return to;
}

/* Widens the window of output column `x` for pixel `slot`. */
static void widen_window(const walk *at, uint32_t x, uint32_t slot)
{
    const mr_conv_2d_s8_dsp_params *p = at->params;
    const mr_window *window = &p->window;
    uint32_t left = x * window->stride_width - window->pad_left;
    uint32_t offset = (uint16_t)p->input_offset * 0x10001u;
    uint32_t *to = at->windows + 2 * slot;
    int inside = left < window->in_width && left + window->kernel_width <= window->in_width;
    if (p->gathers || !inside) {
        mr_gather(window, (const int8_t *const *)at->rows, left, p->in_channels,
                  mr_data_at(at->context, p->padding), at->gathered);
        widen((const uint8_t *)at->gathered, p->blocks, offset, to);
        return;
    }
    uint32_t words = window->kernel_width * (uint32_t)p->in_channels / 4;
    for (uint32_t k = 0; k < window->kernel_height; k++) {
        to = widen((const uint8_t *)at->rows[k] + left * p->in_channels, words, offset, to);
    }
}

/* --------------------------------------------------------------------------- products */

/* All channels of three pixels. Pixels that do not exist share their place with the first one,
 * which is written last. */
typedef struct job {
    const uint32_t *windows;
    const mr_dsp_output *how;
    int8_t *pixels[PIXELS];
    uint32_t channel;
    uint32_t channels;
    uint32_t pair_bytes; /* of weights of a pair of channels: 8 a block */
    const int8_t *weights;
} job;

#if MR_DSP_ASM

/* Offsets in a job and a mr_dsp_output. */
#define WINDOWS     "0"
#define HOW         "4"
#define PIXEL0      "8"
#define PIXEL1      "12"
#define PIXEL2      "16"
#define CHANNEL     "20"
#define CHANNELS    "24"
#define PAIR_BYTES  "28"
#define WEIGHTS     "32"
#define BIAS        "0"
#define MULTIPLIER  "4" /* and offset */
#define SHIFT       "12"
#define NEXT_OUTPUT "16"

_Static_assert(offsetof(job, pixels) == 8 && offsetof(job, channel) == 20 &&
                   offsetof(job, weights) == 32 && sizeof(mr_dsp_output) == 16,
               "the assembly below relies on it");

/* The sums of a pixel for both channels, four taps on: weights in r8 to r11, inputs at r7. */
#define MULTIPLY_PIXEL(first, second)                                                              \
    "ldrd r12, lr, [r7], #8\n\t"                                                                   \
    "smlad " first ", r8, r12, " first "\n\t"                                                      \
    "smlad " second ", r9, r12, " second "\n\t"                                                    \
    "smlad " first ", r10, lr, " first "\n\t"                                                      \
    "smlad " second ", r11, lr, " second "\n\t"

#define MULTIPLY_BLOCK                                                                             \
    "ldrd r8, r9, [r6], #8\n\t"                                                                    \
    "sxtb16 r10, r8, ror #8\n\t"                                                                   \
    "sxtb16 r8, r8\n\t"                                                                            \
    "sxtb16 r11, r9, ror #8\n\t"                                                                   \
    "sxtb16 r9, r9\n\t" MULTIPLY_PIXEL("r0", "r1") MULTIPLY_PIXEL("r2", "r3")                      \
        MULTIPLY_PIXEL("r4", "r5")

/* mr_dsp_requantize: multiplier, offset and shift in r8 to r10; spoils r7. */
#define REQUANTIZE(sum)                                                                            \
    "add r7, r9, " sum ", asr #31\n\t"                                                             \
    "lsl " sum ", " sum ", #1\n\t"                                                                 \
    "smmlar " sum ", " sum ", r8, r7\n\t"                                                          \
    "asr " sum ", " sum ", r10\n\t"                                                                \
    "ssat " sum ", #8, " sum "\n\t"

/* [sp] is the job, [sp, #4] the end of the pair's weights. Sums are in r0 to r5, [pixel][channel],
 * weights at r6. Two blocks a turn; with an odd number the first turn starts in the middle. */
__attribute__((naked, noinline)) static void compute_pixels(job *work)
{
    (void)work;
    __asm__("push {r4-r11, lr}\n\t"
            "sub sp, #12\n\t"
            "str r0, [sp]\n\t"
            "ldr r6, [r0, #" WEIGHTS "]\n"
            "1:\n\t"
            "ldr r12, [sp]\n\t"
            "ldr r7, [r12, #" WINDOWS "]\n\t"
            "ldr lr, [r12, #" HOW "]\n\t"
            "ldr r8, [r12, #" PAIR_BYTES "]\n\t"
            "ldr r0, [lr, #" BIAS "]\n\t"
            "ldr r1, [lr, #" NEXT_OUTPUT "+" BIAS "]\n\t"
            "add r9, r6, r8\n\t"
            "str r9, [sp, #4]\n\t"
            "mov r2, r0\n\t"
            "mov r4, r0\n\t"
            "mov r3, r1\n\t"
            "mov r5, r1\n\t"
            "tst r8, #8\n\t"
            "bne 3f\n"
            "2:\n\t" MULTIPLY_BLOCK "3:\n\t" MULTIPLY_BLOCK "ldr r12, [sp, #4]\n\t"
            "cmp r6, r12\n\t"
            "bne 2b\n\t"

            "ldr r12, [sp]\n\t"
            "ldr lr, [r12, #" HOW "]\n\t"
            "ldr r11, [r12, #" CHANNEL "]\n\t"
            "ldrd r8, r9, [lr, #" MULTIPLIER "]\n\t"
            "ldr r10, [lr, #" SHIFT "]\n\t" REQUANTIZE("r0") REQUANTIZE("r2")
                REQUANTIZE("r4") "ldrd r8, r9, [lr, #" NEXT_OUTPUT "+" MULTIPLIER "]\n\t"
                                 "ldr r10, [lr, #" NEXT_OUTPUT "+" SHIFT "]\n\t"
                                 "add lr, #2*" NEXT_OUTPUT "\n\t"
                                 "str lr, [r12, #" HOW "]\n\t"
                                 "ldr lr, [r12, #" CHANNELS "]\n\t" REQUANTIZE("r1")
                                     REQUANTIZE("r3") REQUANTIZE("r5")

                                         "add r10, r11, #1\n\t"
                                         "cmp r10, lr\n\t"
                                         "ldrd r8, r9, [r12, #" PIXEL1 "]\n\t"
                                         "ldr r7, [r12, #" PIXEL0 "]\n\t"
                                         "beq 4f\n\t"
                                         "strb r5, [r9, r10]\n\t"
                                         "strb r3, [r8, r10]\n\t"
                                         "strb r1, [r7, r10]\n"
                                         "4:\n\t"
                                         "strb r4, [r9, r11]\n\t"
                                         "strb r2, [r8, r11]\n\t"
                                         "strb r0, [r7, r11]\n\t"
                                         "add r11, #2\n\t"
                                         "str r11, [r12, #" CHANNEL "]\n\t"
                                         "cmp r11, lr\n\t"
                                         "blo 1b\n\t"
                                         "add sp, #12\n\t"
                                         "pop {r4-r11, pc}");
}

#else

static void compute_pixels(job *work)
{
    const int8_t *weights = work->weights;
    for (; work->channel < work->channels; work->channel += 2, work->how += 2) {
        int32_t sums[PIXELS][2];
        const uint32_t *windows = work->windows;
        for (uint32_t pixel = 0; pixel < PIXELS; pixel++) {
            sums[pixel][0] = work->how[0].bias;
            sums[pixel][1] = work->how[1].bias;
        }
        for (const int8_t *end = weights + work->pair_bytes; weights != end; weights += 8) {
            for (uint32_t pixel = 0; pixel < PIXELS; pixel++, windows += 2) {
                for (uint32_t i = 0; i < 2; i++) {
                    uint32_t four;
                    memcpy(&four, weights + 4 * i, sizeof four);
                    int32_t sum = mr_smlad(mr_sxtab16(0, four), windows[0], sums[pixel][i]);
                    sums[pixel][i] = mr_smlad(mr_sxtab16_ror8(0, four), windows[1], sum);
                }
            }
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

static void finish_pixels(const walk *at, job *work)
{
    const mr_conv_2d_s8_dsp_params *p = at->params;
    work->channel = 0;
    work->how = mr_data_at(at->context, p->outputs);
    compute_pixels(work);
    if (p->least != INT8_MIN || p->most != INT8_MAX) {
        for (uint32_t pixel = 0; pixel < PIXELS; pixel++) {
            mr_dsp_clamp(work->pixels[pixel], p->out_channels, p->least, p->most);
        }
    }
}

mr_status mr_conv_2d_s8_dsp(const mr_context *context, const void *params, mr_band band)
{
    const mr_conv_2d_s8_dsp_params *p = params;
    const mr_window *window = &p->window;
    const void *padding = mr_data_at(context, p->padding);
    walk at = {.context = context, .params = p, .rows = mr_arena_at(context, p->scratch)};
    at.windows = (uint32_t *)(at.rows + window->kernel_height);
    at.gathered = (int8_t *)(at.windows + PIXELS * 2u * p->blocks);
    job work = {
        .windows = at.windows,
        .channels = p->out_channels,
        .pair_bytes = 8u * p->blocks,
        .weights = mr_data_at(context, p->weights),
    };
    uint32_t slot = 0;
    for (uint32_t row = band.first; row < band.first + band.count; row++) {
        int8_t *out = mr_row_out(context, &p->output, row);
        mr_window_rows(context, &p->input, window, row, padding, at.rows);
        for (uint32_t x = 0; x < window->out_width; x++, out += p->out_channels) {
            widen_window(&at, x, slot);
            work.pixels[slot++] = out;
            if (slot == PIXELS) {
                finish_pixels(&at, &work);
                slot = 0;
            }
        }
    }
    if (slot != 0) {
        work.pixels[1] = slot == 2 ? work.pixels[1] : work.pixels[0];
        work.pixels[2] = work.pixels[0];
        finish_pixels(&at, &work);
    }
    return MR_OK;
}
