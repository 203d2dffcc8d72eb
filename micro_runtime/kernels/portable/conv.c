/* SPDX-License-Identifier: MIT-0 */
/*
 * Convolutions. Two output pixels are computed side by side, four channels at a time, so that each
 * weight is loaded once for two pixels and each input once for four channels. A window's row is
 * one run of kernel_width * channels elements in the input and in the weights alike.
 */
#include "conv.h"

#include <string.h>

#include "clamp.h"
#include "requantize.h"

#define LANES 4u

/* The window of an output pixel: row k starts `offset` bytes after rows[k]. */
typedef struct view {
    const void *const *rows;
    uint32_t offset;
} view;

/* Where a pair of pixels is computed: `group` of the channels, and where its first output goes. */
typedef struct pair {
    view views[2];
    void *outputs[2];
    uint32_t group;
} pair;

typedef void compute_pair(const mr_context *context, const void *params, const pair *at);

typedef struct walk {
    const mr_context *context;
    const mr_conv_2d *conv;
    const void **rows;
    uint32_t in_width;
    uint32_t pixel_bytes;
    uint32_t group_bytes;
} walk;

static uint32_t run_length(const mr_conv_2d *conv)
{
    return (uint32_t)conv->window.kernel_width * conv->group_inputs;
}

/* Copies the window whose left edge is in column `x` into the `slot`-th window of the scratch. */
static view gather(const walk *at, int32_t x, uint32_t group, uint32_t slot)
{
    const mr_window *window = &at->conv->window;
    const uint8_t *padding = mr_data_at(at->context, at->conv->padding);
    const void **copies = at->rows + (slot + 1u) * window->kernel_height;
    uint32_t row_bytes = window->kernel_width * at->group_bytes;
    uint8_t *copy = (uint8_t *)(at->rows + 3u * window->kernel_height);
    copy += slot * window->kernel_height * row_bytes;
    for (uint32_t k = 0; k < window->kernel_height; k++) {
        const uint8_t *row = (const uint8_t *)at->rows[k] + group * at->group_bytes;
        copies[k] = copy;
        for (uint32_t i = 0; i < window->kernel_width; i++, copy += at->group_bytes) {
            uint32_t column = (uint32_t)x + i * window->dilation_width;
            int inside = column < at->in_width;
            memcpy(copy, inside ? row + column * at->pixel_bytes : padding, at->group_bytes);
        }
    }
    return (view){.rows = copies, .offset = 0};
}

static view window_at(const walk *at, uint32_t out_x, uint32_t group, uint32_t slot)
{
    const mr_window *window = &at->conv->window;
    int32_t x = (int32_t)(out_x * window->stride_width) - window->pad_left;
    int inside = x >= 0 && (uint32_t)x + window->kernel_width <= at->in_width;
    if (inside && at->conv->groups == 1 && window->dilation_width == 1) {
        return (view){.rows = at->rows, .offset = (uint32_t)x * at->pixel_bytes};
    }
    return gather(at, x, group, slot);
}

/* Number of rows from `row` on, at most `count`, that lie behind each other in memory. */
static uint32_t joined(const mr_rows *rows, uint32_t row, uint32_t count)
{
    uint32_t left = rows->capacity - row % rows->capacity;
    return count < left ? count : left;
}

static void convolve_row(const walk *at, const void *params, compute_pair *compute, uint8_t *out,
                         uint32_t width)
{
    const mr_conv_2d *conv = at->conv;
    uint32_t element = at->pixel_bytes / conv->in_channels;
    uint32_t group_bytes = conv->group_outputs * element;
    uint32_t pixel_bytes = conv->groups * group_bytes;
    for (uint32_t group = 0; group < conv->groups; group++, out += group_bytes) {
        for (uint32_t x = 0; x < width; x += 2) {
            uint32_t second = x + 1 < width ? x + 1 : x; /* an odd last pixel is done twice */
            pair pixels = {
                .views = {window_at(at, x, group, 0), window_at(at, second, group, 1)},
                .outputs = {out + x * pixel_bytes, out + second * pixel_bytes},
                .group = group,
            };
            compute(at->context, params, &pixels);
        }
    }
}

static void convolve(const mr_context *context, const mr_conv_2d *conv, const void *params,
                     mr_band band, compute_pair *compute, uint32_t element)
{
    const mr_window *window = &conv->window;
    walk at = {
        .context = context,
        .conv = conv,
        .rows = mr_arena_at(context, conv->scratch),
        .pixel_bytes = conv->in_channels * element,
        .group_bytes = conv->group_inputs * element,
    };
    uint32_t end = band.first + band.count;
    for (uint32_t row = band.first, count; row < end; row += count) {
        count = 1;
        if (conv->joins_rows) {
            count = joined(&conv->output, row, joined(&conv->input, row, end - row));
        }
        mr_window_rows(context, &conv->input, window, row, mr_data_at(context, conv->padding),
                       at.rows);
        at.in_width = count * window->in_width;
        convolve_row(&at, params, compute, mr_row_out(context, &conv->output, row),
                     count * window->out_width);
    }
}

/* ------------------------------------------------------------------------------ int8 */

/*
 * Two pixels share a multiplication: x0 + x1 * 2^23 times a weight adds both products to one
 * 64-bit accumulator (SMLAL). Its low 23 bits hold the first sum while that stays within 2^22,
 * which 255 products of int8 cannot leave.
 */
#define PAIR_SHIFT 23
#define PAIR_LIMIT 255u

typedef struct sums {
    int32_t pixels[2][LANES];
} sums;

static void unpack(int64_t packed[LANES], sums *total)
{
    for (uint32_t i = 0; i < LANES; i++) {
        int32_t first = (int32_t)((uint32_t)packed[i] << (32 - PAIR_SHIFT)) >> (32 - PAIR_SHIFT);
        int32_t second = (int32_t)((packed[i] - first) >> PAIR_SHIFT);
        total->pixels[0][i] = mr_wrapping_add(total->pixels[0][i], first);
        total->pixels[1][i] = mr_wrapping_add(total->pixels[1][i], second);
        packed[i] = 0;
    }
}

/* Adds `count` products for each lane and pixel; returns the weights behind them. */
static inline const int8_t *multiply_run(const int8_t *x0, const int8_t *x1, const int8_t *weights,
                                         uint32_t count, int64_t packed[LANES])
{
    int64_t a = packed[0], b = packed[1], c = packed[2], d = packed[3];
    for (const int8_t *end = weights + count * LANES; weights != end; weights += LANES) {
        int32_t x = *x0++ + *x1++ * (1 << PAIR_SHIFT);
        a += (int64_t)x * weights[0];
        b += (int64_t)x * weights[1];
        c += (int64_t)x * weights[2];
        d += (int64_t)x * weights[3];
    }
    packed[0] = a, packed[1] = b, packed[2] = c, packed[3] = d;
    return weights;
}

static const int8_t *multiply_windows(const mr_conv_2d *conv, const view views[2],
                                      const int8_t *weights, sums *total)
{
    int64_t packed[LANES] = {0};
    uint32_t room = PAIR_LIMIT;
    for (uint32_t k = 0; k < conv->window.kernel_height; k++) {
        const int8_t *x0 = (const int8_t *)views[0].rows[k] + views[0].offset;
        const int8_t *x1 = (const int8_t *)views[1].rows[k] + views[1].offset;
        for (uint32_t left = run_length(conv), count; left != 0; left -= count) {
            count = left < room ? left : room;
            weights = multiply_run(x0, x1, weights, count, packed);
            x0 += count, x1 += count, room -= count;
            if (room == 0) {
                unpack(packed, total);
                room = PAIR_LIMIT;
            }
        }
    }
    unpack(packed, total);
    return weights;
}

static void compute_pair_s8(const mr_context *context, const void *params, const pair *at)
{
    const mr_conv_2d_s8_params *p = params;
    const mr_conv_2d *conv = &p->conv;
    uint32_t taps = conv->window.kernel_height * run_length(conv);
    uint32_t blocks = (conv->group_outputs + LANES - 1u) / LANES;
    uint32_t first = at->group * conv->group_outputs;
    const int8_t *weights = mr_data_at(context, conv->weights);
    const int32_t *biases = (const int32_t *)mr_data_at(context, conv->biases) + first;
    const int32_t *multipliers = (const int32_t *)mr_data_at(context, p->multipliers) + first;
    const int8_t *shifts = (const int8_t *)mr_data_at(context, p->shifts) + first;
    int8_t *out0 = at->outputs[0], *out1 = at->outputs[1];
    weights += at->group * blocks * taps * LANES;
    for (uint32_t left = conv->group_outputs, lanes; left != 0; left -= lanes) {
        sums total = {0};
        lanes = left < LANES ? left : LANES;
        weights = multiply_windows(conv, at->views, weights, &total);
        for (uint32_t i = 0; i < lanes; i++) {
            int32_t multiplier = *multipliers++, shift = *shifts++, bias = *biases++;
            int32_t acc0 = mr_wrapping_add(total.pixels[0][i], bias);
            int32_t acc1 = mr_wrapping_add(total.pixels[1][i], bias);
            acc0 = mr_requantize(acc0, multiplier, shift);
            acc1 = mr_requantize(acc1, multiplier, shift);
            *out0++ = mr_output_s8(acc0, p->output_zero_point, p->least, p->most);
            *out1++ = mr_output_s8(acc1, p->output_zero_point, p->least, p->most);
        }
    }
}

mr_status mr_conv_2d_s8(const mr_context *context, const void *params, mr_band band)
{
    const mr_conv_2d_s8_params *p = params;
    convolve(context, &p->conv, params, band, compute_pair_s8, sizeof(int8_t));
    return MR_OK;
}

/* --------------------------------------------------------------------------- float32 */

typedef struct float_sums {
    float pixels[2][LANES];
} float_sums;

/* One sum a lane and pixel, terms added in the order of the window: row, column, channel. */
static inline const float *multiply_run_f32(const float *x0, const float *x1, const float *weights,
                                            uint32_t count, float_sums *total)
{
    float a0 = total->pixels[0][0], b0 = total->pixels[0][1];
    float c0 = total->pixels[0][2], d0 = total->pixels[0][3];
    float a1 = total->pixels[1][0], b1 = total->pixels[1][1];
    float c1 = total->pixels[1][2], d1 = total->pixels[1][3];
    for (const float *end = weights + count * LANES; weights != end; weights += LANES) {
        float x = *x0++, y = *x1++;
        a0 += x * weights[0], a1 += y * weights[0];
        b0 += x * weights[1], b1 += y * weights[1];
        c0 += x * weights[2], c1 += y * weights[2];
        d0 += x * weights[3], d1 += y * weights[3];
    }
    *total = (float_sums){{{a0, b0, c0, d0}, {a1, b1, c1, d1}}};
    return weights;
}

static void compute_pair_f32(const mr_context *context, const void *params, const pair *at)
{
    const mr_conv_2d_f32_params *p = params;
    const mr_conv_2d *conv = &p->conv;
    uint32_t rows = conv->window.kernel_height, run = run_length(conv);
    uint32_t blocks = (conv->group_outputs + LANES - 1u) / LANES;
    const float *weights = mr_data_at(context, conv->weights);
    const float *biases = mr_data_at(context, conv->biases);
    float *out0 = at->outputs[0], *out1 = at->outputs[1];
    weights += at->group * blocks * rows * run * LANES;
    biases += at->group * conv->group_outputs;
    for (uint32_t left = conv->group_outputs, lanes; left != 0; left -= lanes) {
        float_sums total = {0};
        lanes = left < LANES ? left : LANES;
        for (uint32_t k = 0; k < rows; k++) {
            const uint8_t *x0 = (const uint8_t *)at->views[0].rows[k] + at->views[0].offset;
            const uint8_t *x1 = (const uint8_t *)at->views[1].rows[k] + at->views[1].offset;
            weights = multiply_run_f32((const void *)x0, (const void *)x1, weights, run, &total);
        }
        for (uint32_t i = 0; i < lanes; i++) {
            float bias = *biases++;
            *out0++ = mr_clamp_float(total.pixels[0][i] + bias, p->least, p->most);
            *out1++ = mr_clamp_float(total.pixels[1][i] + bias, p->least, p->most);
        }
    }
}

mr_status mr_conv_2d_f32(const mr_context *context, const void *params, mr_band band)
{
    const mr_conv_2d_f32_params *p = params;
    convolve(context, &p->conv, params, band, compute_pair_f32, sizeof(float));
    return MR_OK;
}
