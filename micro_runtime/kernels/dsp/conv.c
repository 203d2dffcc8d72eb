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
#include "pixels.h"

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

#if MR_DSP_ASM

/* clang-format off */

/* The sums of a pixel for both channels, four taps on: weights in r8 to r11, inputs at r7. */
#define MULTIPLY_PIXEL(first, second)               \
    "ldrd   r12, lr, [r7], #8\n\t"                  \
    "smlad  " first ", r8, r12, " first "\n\t"      \
    "smlad  " second ", r9, r12, " second "\n\t"    \
    "smlad  " first ", r10, lr, " first "\n\t"      \
    "smlad  " second ", r11, lr, " second "\n\t"

#define MULTIPLY_BLOCK                              \
    "ldrd   r8, r9, [r6], #8\n\t"                   \
    "sxtb16 r10, r8, ror #8\n\t"                    \
    "sxtb16 r8, r8\n\t"                             \
    "sxtb16 r11, r9, ror #8\n\t"                    \
    "sxtb16 r9, r9\n\t"                             \
    MULTIPLY_PIXEL("r0", "r1")                      \
    MULTIPLY_PIXEL("r2", "r3")                      \
    MULTIPLY_PIXEL("r4", "r5")

/*
 * All channels of three pixels. [sp] is the job, [sp, #4] the end of the pair's weights. Sums are
 * in r0 to r5, [pixel][channel], weights at r6. Two blocks a turn; with an odd number the first
 * turn starts in the middle.
 */
#define COMPUTE_PIXELS(REQUANTIZE)                  \
    __asm__("push   {r4-r11, lr}\n\t"               \
            "sub    sp, #12\n\t"                    \
            "str    r0, [sp]\n\t"                   \
            "mov    r12, r0\n\t"                    \
            "ldr    r6, [r0, #" JOB_WEIGHTS "]\n"   \
            "1:\n\t"                                \
            "ldr    lr, [r12, #" JOB_HOW "]\n\t"    \
            "ldr    r8, [r12, #" JOB_PAIR_BYTES "]\n\t" \
            "ldr    r7, [r12, #" JOB_INPUTS "]\n\t" \
            "ldr    r0, [lr, #" OUT_BIAS "]\n\t"    \
            "ldr    r1, [lr, #" OUT_NEXT "+" OUT_BIAS "]\n\t" \
            "add    r9, r6, r8\n\t"                 \
            "str    r9, [sp, #4]\n\t"               \
            "mov    r2, r0\n\t"                     \
            "mov    r4, r0\n\t"                     \
            "mov    r3, r1\n\t"                     \
            "mov    r5, r1\n\t"                     \
            "tst    r8, #8\n\t"                     \
            "bne    3f\n"                           \
            "2:\n\t"                                \
            MULTIPLY_BLOCK                          \
            "3:\n\t"                                \
            MULTIPLY_BLOCK                          \
            "ldr    r12, [sp, #4]\n\t"              \
            "cmp    r6, r12\n\t"                    \
            "bne    2b\n\t"                         \
            "ldr    r12, [sp]\n\t"                  \
            FINISH_PAIR(REQUANTIZE, "r0", "r1", "r2", "r3", "r4", "r5", "1b") \
            "add    sp, #12\n\t"                    \
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

/* Sums of four taps at a time. */
static void multiply(const uint32_t *windows, const int8_t *weights, const int8_t *end,
                     int32_t sums[PIXELS][2])
{
    for (; weights != end; weights += 8) {
        for (uint32_t pixel = 0; pixel < PIXELS; pixel++, windows += 2) {
            for (uint32_t i = 0; i < 2; i++) {
                uint32_t four;
                memcpy(&four, weights + 4 * i, sizeof four);
                int32_t sum = mr_smlad(mr_sxtab16(0, four), windows[0], sums[pixel][i]);
                sums[pixel][i] = mr_smlad(mr_sxtab16_ror8(0, four), windows[1], sum);
            }
        }
    }
}

static void compute(mr_dsp_job *work, int32_t (*requantize)(int32_t, const mr_dsp_output *))
{
    const int8_t *weights = work->weights;
    for (; work->channel < work->channels; work->channel += 2, work->how += 2) {
        int32_t sums[PIXELS][2] = {{0}};
        multiply(work->inputs, weights, weights + work->pair_bytes, sums);
        weights += work->pair_bytes;
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

static void finish_pixels(const walk *at, mr_dsp_job *work, compute_pixels *compute)
{
    const mr_conv_2d_s8_dsp_params *p = at->params;
    work->channel = 0;
    work->how = mr_data_at(at->context, p->outputs);
    compute(work);
    if (p->least != INT8_MIN || p->most != INT8_MAX) {
        for (uint32_t pixel = 0; pixel < PIXELS; pixel++) {
            mr_dsp_clamp(work->pixels[pixel], p->out_channels, p->least, p->most);
        }
    }
}

static void convolve(const mr_context *context, const mr_conv_2d_s8_dsp_params *p, mr_band band,
                     compute_pixels *compute)
{
    const mr_window *window = &p->window;
    const void *padding = mr_data_at(context, p->padding);
    walk at = {.context = context, .params = p, .rows = mr_arena_at(context, p->scratch)};
    at.windows = (uint32_t *)(at.rows + window->kernel_height);
    at.gathered = (int8_t *)(at.windows + PIXELS * 2u * p->blocks);
    mr_dsp_job work = {
        .inputs = at.windows,
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
                finish_pixels(&at, &work, compute);
                slot = 0;
            }
        }
    }
    if (slot != 0) {
        work.pixels[1] = slot == 2 ? work.pixels[1] : work.pixels[0];
        work.pixels[2] = work.pixels[0];
        finish_pixels(&at, &work, compute);
    }
}

mr_status mr_conv_2d_s8_dsp(const mr_context *context, const void *params, mr_band band)
{
    convolve(context, params, band, compute_rounded);
    return MR_OK;
}

mr_status mr_conv_2d_s8_dsp_scaled(const mr_context *context, const void *params, mr_band band)
{
    convolve(context, params, band, compute_scaled);
    return MR_OK;
}
