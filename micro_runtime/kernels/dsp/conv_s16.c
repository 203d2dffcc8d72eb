/* SPDX-License-Identifier: MIT-0 */
/*
 * Convolutions of int16 with int8 weights. Windows of three output pixels are copied side by side;
 * then two output channels at a time are computed for all three, so that a word of weights is
 * widened once for three pixels and a word of inputs is loaded once for two channels: 20
 * instructions for 24 products.
 */
#include "conv_s16.h"

#include <string.h>

#include "gather.h"
#include "outputs_s16.h"

#define PIXELS 3u
#define BLOCK  4u /* elements in a word of weights */

typedef struct walk {
    const mr_context *context;
    const mr_conv_2d_s16_dsp_params *params;
    const void **rows;
    int16_t *windows; /* [block][pixel][BLOCK] */
    int8_t *gathered;
    int16_t *pixels[PIXELS];
} walk;

/* Copies `words` blocks; the next block of a pixel lies PIXELS blocks further on. */
static inline int16_t *copy_blocks(const int8_t *from, uint32_t words, int16_t *to)
{
    const uint32_t bytes = BLOCK * sizeof(int16_t);
    for (const int8_t *end = from + words * bytes; from != end; from += bytes) {
        memcpy(to, from, bytes);
        to += PIXELS * BLOCK;
    }
    return to;
}

/* Copies the window of output column `x` for pixel `slot`. */
static void copy_window(const walk *at, uint32_t x, uint32_t slot)
{
    const mr_conv_2d_s16_dsp_params *p = at->params;
    const mr_window *window = &p->window;
    uint32_t left = x * window->stride_width - window->pad_left;
    uint32_t bytes = (uint32_t)sizeof(int16_t) * p->in_channels;
    int16_t *to = at->windows + slot * BLOCK;
    int inside = left < window->in_width && left + window->kernel_width <= window->in_width;
    if (p->gathers || !inside) {
        mr_gather(window, (const int8_t *const *)at->rows, left, bytes,
                  mr_data_at(at->context, p->padding), at->gathered);
        copy_blocks(at->gathered, p->blocks, to);
        return;
    }
    uint32_t words = window->kernel_width * (uint32_t)p->in_channels / BLOCK;
    for (uint32_t k = 0; k < window->kernel_height; k++) {
        to = copy_blocks((const int8_t *)at->rows[k] + left * bytes, words, to);
    }
}

#if MR_DSP_ASM

/* clang-format off */

/* The sums of a pixel for both channels, four elements on: weights in r8 to r11, inputs at r7. */
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
 * Adds the products of a pair of channels with three windows. Two blocks a turn; with an odd number
 * the first turn starts in the middle. Sums are in r0 to r5, [pixel][channel].
 */
__attribute__((naked, noinline)) static void
multiply(const int16_t *windows, const int8_t *weights, const int8_t *end, int32_t *sums)
{
    (void)windows, (void)weights, (void)end, (void)sums;
    __asm__("push   {r2-r11, lr}\n\t"
            "mov    r6, r1\n\t"
            "mov    r7, r0\n\t"
            "sub    r12, r2, r1\n\t"
            "tst    r12, #8\n\t"
            "ldm    r3, {r0-r5}\n\t"
            "bne    2f\n"
            "1:\n\t"
            MULTIPLY_BLOCK
            "2:\n\t"
            MULTIPLY_BLOCK
            "ldr    r12, [sp]\n\t"
            "cmp    r6, r12\n\t"
            "bne    1b\n\t"
            "ldr    r12, [sp, #4]\n\t"
            "stm    r12, {r0-r5}\n\t"
            "pop    {r2-r11, pc}");
}

/* clang-format on */

#else

static void multiply(const int16_t *windows, const int8_t *weights, const int8_t *end,
                     int32_t *sums)
{
    static const uint8_t place[BLOCK] = {0, 2, 1, 3};
    for (; weights != end; weights += 2 * BLOCK, windows += PIXELS * BLOCK) {
        for (uint32_t pixel = 0; pixel < PIXELS; pixel++) {
            for (uint32_t i = 0; i < BLOCK; i++) {
                int32_t input = windows[pixel * BLOCK + i];
                sums[2 * pixel] += input * weights[place[i]];
                sums[2 * pixel + 1] += input * weights[BLOCK + place[i]];
            }
        }
    }
}

#endif

static void compute_pixels(const walk *at)
{
    const mr_conv_2d_s16_dsp_params *p = at->params;
    const mr_dsp_output *how = mr_data_at(at->context, p->outputs);
    const int8_t *weights = mr_data_at(at->context, p->weights);
    const uint32_t pair_bytes = 2u * BLOCK * p->blocks;
    for (uint32_t channel = 0; channel < p->out_channels; channel += 2, how += 2) {
        int32_t first = how[0].bias, second = how[1].bias;
        int32_t sums[2 * PIXELS] = {first, second, first, second, first, second};
        multiply(at->windows, weights, weights + pair_bytes, sums);
        weights += pair_bytes;
        for (uint32_t pixel = PIXELS; pixel-- > 0;) {
            at->pixels[pixel][channel] = (int16_t)mr_dsp_output_s16(sums[2 * pixel], &how[0]);
        }
        for (uint32_t pixel = PIXELS; channel + 1u < p->out_channels && pixel-- > 0;) {
            int32_t value = mr_dsp_output_s16(sums[2 * pixel + 1], &how[1]);
            at->pixels[pixel][channel + 1u] = (int16_t)value;
        }
    }
    if (p->least != INT16_MIN || p->most != INT16_MAX) {
        for (uint32_t pixel = 0; pixel < PIXELS; pixel++) {
            mr_dsp_clamp_s16(at->pixels[pixel], p->out_channels, p->least, p->most);
        }
    }
}

/* Pixels that do not exist share their place with the first one, which is written last. */
mr_status mr_conv_2d_s16_dsp(const mr_context *context, const void *params, mr_band band)
{
    const mr_conv_2d_s16_dsp_params *p = params;
    const mr_window *window = &p->window;
    const void *padding = mr_data_at(context, p->padding);
    walk at = {.context = context, .params = p};
    at.windows = mr_arena_at(context, p->scratch);
    at.rows = (const void **)(void *)(at.windows + PIXELS * BLOCK * p->blocks);
    at.gathered = (int8_t *)(at.rows + window->kernel_height);
    uint32_t slot = 0;
    for (uint32_t row = band.first; row < band.first + band.count; row++) {
        int16_t *out = mr_row_out(context, &p->output, row);
        mr_window_rows(context, &p->input, window, row, padding, at.rows);
        for (uint32_t x = 0; x < window->out_width; x++, out += p->out_channels) {
            copy_window(&at, x, slot);
            at.pixels[slot++] = out;
            if (slot == PIXELS) {
                compute_pixels(&at);
                slot = 0;
            }
        }
    }
    if (slot != 0) {
        at.pixels[1] = slot == 2 ? at.pixels[1] : at.pixels[0];
        at.pixels[2] = at.pixels[0];
        compute_pixels(&at);
    }
    return MR_OK;
}
