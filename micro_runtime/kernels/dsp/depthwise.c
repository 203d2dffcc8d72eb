/* SPDX-License-Identifier: MIT-0 */
/*
 * Depthwise convolutions with SMLAD: two taps of four channels at a time. The bytes of two words,
 * one a tap, are brought together before they are widened, so that 6 instructions make four pairs
 * of 16 bits: 17 instructions for 8 products.
 */
#include "depthwise.h"

#include <string.h>

#include "dsp.h"

#define LANES 4u

/* All channels of one output pixel. Channel c of a tap is at tap + shift + c. */
typedef struct job {
    const uint8_t *const *taps;
    const uint8_t *const *end;
    const uint32_t *weights;
    const mr_dsp_output *how;
    uint32_t offset;
    uint32_t channels;
    int8_t *out;
    uint32_t shift;
} job;

#if MR_DSP_ASM

/* Offsets in a job and a mr_dsp_output. */
#define TAPS        "0"
#define END         "4"
#define WEIGHTS     "8"
#define HOW         "12"
#define OFFSET      "16"
#define CHANNELS    "20"
#define OUT         "24"
#define SHIFT       "28"
#define NEXT_OUTPUT "16"

_Static_assert(offsetof(job, offset) == 16 && offsetof(job, shift) == 28 &&
                   sizeof(mr_dsp_output) == 16,
               "the assembly below relies on it");

/* mr_dsp_requantize as the output at lr says; spoils r1 and r9 to r11. */
#define REQUANTIZE(sum, output)                                                                    \
    "ldrd r9, r10, [lr, #" output "+4]\n\t"                                                        \
    "ldr r11, [lr, #" output "+12]\n\t"                                                            \
    "add r1, r10, " sum ", asr #31\n\t"                                                            \
    "lsl " sum ", " sum ", #1\n\t"                                                                 \
    "smmlar " sum ", " sum ", r9, r1\n\t"                                                          \
    "asr " sum ", " sum ", r11\n\t"                                                                \
    "ssat " sum ", #8, " sum "\n\t"

/* [sp] is the job, [sp, #4] the block's first channel, r0 what lies between a tap and it; sums are
 * in r4 to r7, taps at r1 to r2, weights at r3. */
__attribute__((naked, noinline)) static void compute_pixel(const job *work)
{
    (void)work;
    __asm__("push {r4-r11, lr}\n\t"
            "sub sp, #12\n\t"
            "mov r1, #0\n\t"
            "strd r0, r1, [sp]\n\t"
            "ldr r2, [r0, #" END "]\n\t"
            "ldr r3, [r0, #" WEIGHTS "]\n\t"
            "ldr r12, [r0, #" OFFSET "]\n"
            "1:\n\t"
            "ldrd r8, r9, [sp]\n\t"
            "ldr lr, [r8, #" HOW "]\n\t"
            "ldr r0, [r8, #" SHIFT "]\n\t"
            "ldr r1, [r8, #" TAPS "]\n\t"
            "add lr, lr, r9, lsl #4\n\t"
            "add r0, r9\n\t"
            "ldr r4, [lr]\n\t"
            "ldr r5, [lr, #" NEXT_OUTPUT "]\n\t"
            "ldr r6, [lr, #2*" NEXT_OUTPUT "]\n\t"
            "ldr r7, [lr, #3*" NEXT_OUTPUT "]\n"
            "2:\n\t"
            "ldrd r8, r9, [r1], #8\n\t"
            "ldr r8, [r8, r0]\n\t"
            "ldr r9, [r9, r0]\n\t"
            "pkhbt r10, r8, r9, lsl #16\n\t"
            "pkhtb r11, r9, r8, asr #16\n\t"
            "ldrd r8, r9, [r3], #8\n\t"
            "sxtab16 lr, r12, r10\n\t"
            "sxtab16 r10, r12, r10, ror #8\n\t"
            "smlad r4, lr, r8, r4\n\t"
            "smlad r5, r10, r9, r5\n\t"
            "ldrd r8, r9, [r3], #8\n\t"
            "sxtab16 lr, r12, r11\n\t"
            "sxtab16 r11, r12, r11, ror #8\n\t"
            "smlad r6, lr, r8, r6\n\t"
            "smlad r7, r11, r9, r7\n\t"
            "cmp r1, r2\n\t"
            "bne 2b\n\t"

            "ldrd r0, r8, [sp]\n\t"
            "ldr lr, [r0, #" HOW "]\n\t"
            "add lr, lr, r8, lsl #4\n\t" REQUANTIZE("r4", "0") REQUANTIZE("r5", NEXT_OUTPUT)
                REQUANTIZE("r6", "2*" NEXT_OUTPUT) REQUANTIZE("r7", "3*" NEXT_OUTPUT)

                    "ldr r9, [r0, #" CHANNELS "]\n\t"
                    "ldr r10, [r0, #" OUT "]\n\t"
                    "sub r11, r9, #4\n\t"
                    "add r10, r8\n\t"
                    "strb r4, [r10]\n\t"
                    "strb r5, [r10, #1]\n\t"
                    "strb r6, [r10, #2]\n\t"
                    "strb r7, [r10, #3]\n\t"
                    "add r8, #4\n\t"
                    "cmp r8, r9\n\t"
                    "bhs 3f\n\t"
                    "cmp r8, r11\n\t"
                    "it hi\n\t"
                    "movhi r8, r11\n\t"
                    "str r8, [sp, #4]\n\t"
                    "b 1b\n"
                    "3:\n\t"
                    "add sp, #12\n\t"
                    "pop {r4-r11, pc}");
}

#else

/* Adds two taps of four channels to their sums. */
static void multiply_pair(const job *work, const uint8_t *const *pair, uint32_t at,
                          const uint32_t *weights, int32_t sums[LANES])
{
    uint32_t first, second;
    memcpy(&first, pair[0] + at, sizeof first);
    memcpy(&second, pair[1] + at, sizeof second);
    uint32_t low = mr_pkhbt16(first, second), high = mr_pkhtb16(second, first);
    sums[0] = mr_smlad(mr_sxtab16(work->offset, low), weights[0], sums[0]);
    sums[1] = mr_smlad(mr_sxtab16_ror8(work->offset, low), weights[1], sums[1]);
    sums[2] = mr_smlad(mr_sxtab16(work->offset, high), weights[2], sums[2]);
    sums[3] = mr_smlad(mr_sxtab16_ror8(work->offset, high), weights[3], sums[3]);
}

static uint32_t next_block(uint32_t channel, uint32_t channels)
{
    uint32_t last = channels - LANES, next = channel + LANES;
    return next < channels && next > last ? last : next;
}

static void compute_pixel(const job *work)
{
    const uint32_t *weights = work->weights;
    uint32_t channels = work->channels;
    for (uint32_t channel = 0; channel < channels; channel = next_block(channel, channels)) {
        const mr_dsp_output *how = work->how + channel;
        int32_t sums[LANES] = {how[0].bias, how[1].bias, how[2].bias, how[3].bias};
        for (const uint8_t *const *tap = work->taps; tap != work->end; tap += 2, weights += 4) {
            multiply_pair(work, tap, work->shift + channel, weights, sums);
        }
        for (uint32_t i = 0; i < LANES; i++) {
            work->out[channel + i] = (int8_t)mr_dsp_requantize(sums[i], &how[i]);
        }
    }
}

#endif

/* The taps of the window whose left edge is in column `left`. Outside the image they are the first
 * pixel of the padding. */
static void find_taps(const mr_window *window, uint32_t left, uint32_t channels,
                      const uint8_t *padding, const uint8_t *const *rows, const uint8_t **taps)
{
    for (uint32_t k = 0; k < window->kernel_height; k++) {
        for (uint32_t i = 0, x = left; i < window->kernel_width; i++, x += window->dilation_width) {
            *taps++ = x < window->in_width ? rows[k] + x * channels : padding;
        }
    }
}

/* An output row. Inside the image taps lie at the same distances from each other, so that they are
 * found for the first such pixel only; `shift` is what the others are further on. */
static void compute_row(const mr_window *window, job *work, const uint8_t *padding,
                        const uint8_t *const *rows, const uint8_t **taps)
{
    uint32_t width = (window->kernel_width - 1u) * window->dilation_width + 1u;
    uint32_t step = window->stride_width * work->channels;
    int was_inside = 0;
    for (uint32_t x = 0; x < window->out_width; x++, work->out += work->channels) {
        uint32_t left = x * window->stride_width - window->pad_left;
        int inside = left < window->in_width && left + width <= window->in_width;
        if (inside && was_inside) {
            work->shift += step;
        } else {
            work->shift = 0;
            find_taps(window, left, work->channels, padding, rows, taps);
        }
        was_inside = inside;
        compute_pixel(work);
    }
}

mr_status mr_depthwise_conv_2d_s8_dsp(const mr_context *context, const void *params, mr_band band)
{
    const mr_depthwise_conv_2d_s8_dsp_params *p = params;
    const mr_window *window = &p->window;
    const uint8_t *padding = mr_data_at(context, p->padding);
    const void **rows = mr_arena_at(context, p->scratch);
    const uint8_t **taps = (const uint8_t **)(rows + window->kernel_height);
    uint32_t count = (uint32_t)window->kernel_height * window->kernel_width;
    uint32_t row_bytes = (uint32_t)window->out_width * p->channels;
    int clamps = p->least != INT8_MIN || p->most != INT8_MAX;
    job work = {
        .taps = taps,
        .end = taps + (count + 1u) / 2u * 2u,
        .weights = mr_data_at(context, p->weights),
        .how = mr_data_at(context, p->outputs),
        .offset = (uint16_t)p->input_offset * 0x10001u,
        .channels = p->channels,
    };
    for (uint32_t row = band.first; row < band.first + band.count; row++) {
        int8_t *out = mr_row_out(context, &p->output, row);
        work.out = out;
        mr_window_rows(context, &p->input, window, row, padding, rows);
        taps[count] = rows[0]; /* what the zero weights of an odd last tap are multiplied with */
        compute_row(window, &work, padding, (const uint8_t *const *)rows, taps);
        if (clamps) {
            mr_dsp_clamp(out, row_bytes, p->least, p->most);
        }
    }
    return MR_OK;
}
