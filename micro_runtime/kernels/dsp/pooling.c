/* SPDX-License-Identifier: MIT-0 */
/*
 * Averages with SXTAB16: sums of up to 256 int8, which fit 16 bits, two to a word. Maxima with
 * SSUB8 and SEL, four at a time.
 */
#include "pooling.h"

#include <string.h>

#include "dsp.h"

#define LANES 4u

typedef struct sums {
    uint32_t even; /* channels 0 and 2 */
    uint32_t odd;  /* channels 1 and 3 */
} sums;

/* Four channels of a window whose left edge is `at` bytes into its rows. */
static sums sum_window(const mr_pool_s8_dsp_params *p, const uint8_t *const *rows, uint32_t at)
{
    sums total = {0, 0};
    const uint32_t channels = p->channels, row_bytes = p->window.kernel_width * channels;
    for (uint32_t k = 0; k < p->window.kernel_height; k++) {
        const uint8_t *tap = rows[k] + at;
        for (const uint8_t *end = tap + row_bytes; tap != end; tap += channels) {
            uint32_t four;
            memcpy(&four, tap, sizeof four);
            total.even = mr_sxtab16(total.even, four);
            total.odd = mr_sxtab16_ror8(total.odd, four);
        }
    }
    return total;
}

/* Rounded to the nearest, halves away from zero. */
static int8_t average(const mr_pool_s8_dsp_params *p, int32_t sum, int32_t count)
{
    int32_t half = count / 2, mean = (sum > 0 ? sum + half : sum - half) / count;
    mean = mean < p->least ? p->least : mean;
    return (int8_t)(mean > p->most ? p->most : mean);
}

static void average_pixel(const mr_pool_s8_dsp_params *p, const uint8_t *const *rows, uint32_t at,
                          int8_t *out)
{
    const int32_t count = p->window.kernel_height * p->window.kernel_width;
    const uint32_t last = p->channels - LANES;
    for (uint32_t first = 0; first < p->channels; first += LANES) {
        uint32_t channel = first < last ? first : last;
        sums total = sum_window(p, rows, at + channel);
        out[channel] = average(p, (int16_t)total.even, count);
        out[channel + 1] = average(p, (int16_t)total.odd, count);
        out[channel + 2] = average(p, (int16_t)(total.even >> 16), count);
        out[channel + 3] = average(p, (int16_t)(total.odd >> 16), count);
    }
}

/* The larger one of each pair of bytes. */
static inline uint32_t larger(uint32_t a, uint32_t b)
{
#if MR_DSP_ASM
    uint32_t result;
    __asm__("ssub8 %0, %1, %2\n\tsel %0, %1, %2" : "=&r"(result) : "r"(a), "r"(b));
    return result;
#else
    uint32_t result = 0;
    for (uint32_t bit = 0; bit < 32; bit += 8) {
        int8_t first = (int8_t)(a >> bit), second = (int8_t)(b >> bit);
        result |= (uint32_t)(uint8_t)(first > second ? first : second) << bit;
    }
    return result;
#endif
}

static void max_pixel(const mr_pool_s8_dsp_params *p, const uint8_t *const *rows, uint32_t at,
                      int8_t *out)
{
    const uint32_t channels = p->channels, last = channels - LANES;
    const uint32_t height = p->window.kernel_height, row_bytes = p->window.kernel_width * channels;
    for (uint32_t first = 0; first < channels; first += LANES) {
        uint32_t channel = first < last ? first : last, best = 0x80808080u;
        for (uint32_t k = 0; k < height; k++) {
            const uint8_t *tap = rows[k] + at + channel;
            for (const uint8_t *end = tap + row_bytes; tap != end; tap += channels) {
                uint32_t four;
                memcpy(&four, tap, sizeof four);
                best = larger(best, four);
            }
        }
        memcpy(out + channel, &best, sizeof best);
    }
    if (p->least != INT8_MIN || p->most != INT8_MAX) {
        mr_dsp_clamp(out, channels, p->least, p->most);
    }
}

mr_status mr_average_pool_s8_dsp(const mr_context *context, const void *params, mr_band band)
{
    const mr_pool_s8_dsp_params *p = params;
    const mr_window *window = &p->window;
    const void **rows = mr_arena_at(context, p->row_table);
    const uint32_t step = (uint32_t)window->stride_width * p->channels;
    for (uint32_t row = band.first; row < band.first + band.count; row++) {
        int8_t *out = mr_row_out(context, &p->output, row);
        mr_window_rows(context, &p->input, window, row, NULL, rows);
        for (uint32_t x = 0; x < window->out_width; x++, out += p->channels) {
            average_pixel(p, (const uint8_t *const *)rows, x * step, out);
        }
    }
    return MR_OK;
}

mr_status mr_max_pool_s8_dsp(const mr_context *context, const void *params, mr_band band)
{
    const mr_pool_s8_dsp_params *p = params;
    const mr_window *window = &p->window;
    const void **rows = mr_arena_at(context, p->row_table);
    const uint32_t step = (uint32_t)window->stride_width * p->channels;
    for (uint32_t row = band.first; row < band.first + band.count; row++) {
        int8_t *out = mr_row_out(context, &p->output, row);
        mr_window_rows(context, &p->input, window, row, NULL, rows);
        for (uint32_t x = 0; x < window->out_width; x++, out += p->channels) {
            max_pixel(p, (const uint8_t *const *)rows, x * step, out);
        }
    }
    return MR_OK;
}
