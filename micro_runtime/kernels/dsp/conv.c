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

#define PIXELS 3u

/* ----------------------------------------------------------------- windows to 16 bits */

typedef struct walk {
    const mr_context *context;
    const mr_conv_2d_s8_dsp_params *params;
    const void **rows;
    uint32_t *windows; /* [block][pixel][taps 0 and 2, taps 1 and 3] */
    uint8_t *gathered;
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

/* Copies the window whose left edge is in column `x`. */
static void gather(const walk *at, uint32_t x)
{
    const mr_window *window = &at->params->window;
    uint32_t bytes = at->params->in_channels;
    const uint8_t *padding = mr_data_at(at->context, at->params->padding);
    uint8_t *copy = at->gathered;
    for (uint32_t k = 0; k < window->kernel_height; k++) {
        const uint8_t *row = at->rows[k];
        for (uint32_t i = 0; i < window->kernel_width; i++, copy += bytes) {
            uint32_t column = x + i * window->dilation_width;
            int inside = column < window->in_width;
            memcpy(copy, inside ? row + column * bytes : padding, bytes);
        }
    }
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
        gather(at, left);
        widen(at->gathered, p->blocks, offset, to);
        return;
    }
    uint32_t words = window->kernel_width * (uint32_t)p->in_channels / 4;
    for (uint32_t k = 0; k < window->kernel_height; k++) {
        to = widen((const uint8_t *)at->rows[k] + left * p->in_channels, words, offset, to);
    }
}

/* --------------------------------------------------------------------------- products */

typedef struct sums {
    int32_t of[PIXELS][2];
} sums;

#if MR_DSP_ASM

/* One block of four taps. */
#define MULTIPLY_PIXEL(first, second)                                                              \
    "ldrd %[x0], %[x1], [%[x]], #8\n\t"                                                            \
    "smlad %[" first "], %[w0], %[x0], %[" first "]\n\t"                                           \
    "smlad %[" second "], %[w1], %[x0], %[" second "]\n\t"                                         \
    "smlad %[" first "], %[v0], %[x1], %[" first "]\n\t"                                           \
    "smlad %[" second "], %[v1], %[x1], %[" second "]\n\t"

#define MULTIPLY_BLOCK                                                                             \
    "ldrd %[w0], %[w1], [%[w]], #8\n\t"                                                            \
    "sxtb16 %[v0], %[w0], ror #8\n\t"                                                              \
    "sxtb16 %[w0], %[w0]\n\t"                                                                      \
    "sxtb16 %[v1], %[w1], ror #8\n\t"                                                              \
    "sxtb16 %[w1], %[w1]\n\t" MULTIPLY_PIXEL("a0", "b0") MULTIPLY_PIXEL("a1", "b1")                \
        MULTIPLY_PIXEL("a2", "b2")

/* Two blocks a turn; with an odd number the first turn starts in the middle. */
static inline const int8_t *multiply(const int8_t *weights, const uint32_t *windows,
                                     uint32_t blocks, sums *total)
{
    const int8_t *const end = weights + 8 * blocks;
    int32_t a0 = total->of[0][0], b0 = total->of[0][1];
    int32_t a1 = total->of[1][0], b1 = total->of[1][1];
    int32_t a2 = total->of[2][0], b2 = total->of[2][1];
    uint32_t w0, w1, v0, v1, x0, x1 = blocks;
    __asm__("lsrs %[x0], %[x1], #1\n\t"
            "bcs 2f\n"
            "1:\n\t" MULTIPLY_BLOCK "2:\n\t" MULTIPLY_BLOCK "ldr %[x0], %[end]\n\t"
            "cmp %[w], %[x0]\n\t"
            "bne 1b"
            : [w] "+r"(weights), [x] "+r"(windows), [a0] "+r"(a0), [b0] "+r"(b0), [a1] "+r"(a1),
              [b1] "+r"(b1), [a2] "+r"(a2), [b2] "+r"(b2), [w0] "=&r"(w0), [w1] "=&r"(w1),
              [v0] "=&r"(v0), [v1] "=&r"(v1), [x0] "=&r"(x0), [x1] "+r"(x1)
            : [end] "m"(end)
            : "cc", "memory");
    *total = (sums){{{a0, b0}, {a1, b1}, {a2, b2}}};
    return weights;
}

#else

static inline const int8_t *multiply(const int8_t *weights, const uint32_t *windows,
                                     uint32_t blocks, sums *total)
{
    for (uint32_t block = 0; block < blocks; block++, weights += 8) {
        for (uint32_t pixel = 0; pixel < PIXELS; pixel++, windows += 2) {
            for (uint32_t i = 0; i < 2; i++) {
                uint32_t four;
                memcpy(&four, weights + 4 * i, sizeof four);
                int32_t sum = mr_smlad(mr_sxtab16(0, four), windows[0], total->of[pixel][i]);
                total->of[pixel][i] = mr_smlad(mr_sxtab16_ror8(0, four), windows[1], sum);
            }
        }
    }
    return weights;
}

#endif

/*
 * Channels [0, count) of three pixels. Pixels that do not exist share their place with the first
 * one, which is written last. Apart from the products, so that each has all registers.
 */
MR_NOINLINE static void finish(const sums *total, const mr_dsp_output *how, int8_t *const *pixels,
                               uint32_t channel, uint32_t count)
{
    int8_t *out0 = pixels[0] + channel, *out1 = pixels[1] + channel, *out2 = pixels[2] + channel;
    for (uint32_t i = 0; i < count; i++) {
        const mr_dsp_output one = how[i];
        out2[i] = (int8_t)mr_dsp_requantize(total->of[2][i], &one);
        out1[i] = (int8_t)mr_dsp_requantize(total->of[1][i], &one);
        out0[i] = (int8_t)mr_dsp_requantize(total->of[0][i], &one);
    }
}

/* Narrows the range of outputs that activations bound. */
static void clamp(int8_t *out, uint32_t count, int32_t least, int32_t most)
{
    for (const int8_t *end = out + count; out != end; out++) {
        int32_t value = *out < least ? least : *out;
        *out = (int8_t)(value > most ? most : value);
    }
}

/* All channels of three pixels. */
static void compute_pixels(const walk *at, int8_t *const pixels[PIXELS])
{
    const mr_conv_2d_s8_dsp_params *p = at->params;
    const int8_t *weights = mr_data_at(at->context, p->weights);
    const mr_dsp_output *how = mr_data_at(at->context, p->outputs);
    uint32_t channels = p->out_channels;
    for (uint32_t channel = 0; channel < channels; channel += 2, how += 2) {
        int32_t bias0 = how[0].bias, bias1 = how[1].bias;
        sums total = {{{bias0, bias1}, {bias0, bias1}, {bias0, bias1}}};
        weights = multiply(weights, at->windows, p->blocks, &total);
        finish(&total, how, pixels, channel, channels - channel < 2 ? 1 : 2);
    }
    if (p->least != INT8_MIN || p->most != INT8_MAX) {
        for (uint32_t pixel = 0; pixel < PIXELS; pixel++) {
            clamp(pixels[pixel], channels, p->least, p->most);
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
    at.gathered = (uint8_t *)(at.windows + PIXELS * 2u * p->blocks);
    int8_t *pixels[PIXELS];
    uint32_t slot = 0;
    for (uint32_t row = band.first; row < band.first + band.count; row++) {
        int8_t *out = mr_row_out(context, &p->output, row);
        mr_window_rows(context, &p->input, window, row, padding, at.rows);
        for (uint32_t x = 0; x < window->out_width; x++, out += p->out_channels) {
            widen_window(&at, x, slot);
            pixels[slot++] = out;
            if (slot == PIXELS) {
                compute_pixels(&at, pixels);
                slot = 0;
            }
        }
    }
    if (slot != 0) {
        pixels[1] = slot == 2 ? pixels[1] : pixels[0];
        pixels[2] = pixels[0];
        compute_pixels(&at, pixels);
    }
    return MR_OK;
}
