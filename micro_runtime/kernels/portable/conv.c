/* SPDX-License-Identifier: MIT-0 */
/*
 * Convolutions. Two output pixels are computed side by side, four channels at a time, so that each
 * weight is loaded once for two pixels and each input once for four channels. A window's row is
 * one run of kernel_width * channels elements in the input and in the weights alike; windows that
 * are not, or whose runs are short, are copied to the scratch first.
 */
#include "conv.h"

#include <string.h>

#include "clamp.h"
#include "requantize.h"

#define LANES 4u

/*
 * Two output pixels side by side, in one group of channels. Each window is `rows` runs of `run`
 * elements: run k of window i starts offsets[i] bytes after starts[i][k].
 */
typedef struct pair {
    const void *const *starts[2];
    uint32_t offsets[2];
    uint32_t rows;
    uint32_t run;
    uint32_t group;
    void *outputs[2];
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

/* Copies the window whose left edge is in column `x`. */
static void gather(const walk *at, uint32_t x, uint32_t group, uint8_t *copy)
{
    const mr_window *window = &at->conv->window;
    const uint8_t *padding = mr_data_at(at->context, at->conv->padding);
    for (uint32_t k = 0; k < window->kernel_height; k++) {
        const uint8_t *row = (const uint8_t *)at->rows[k] + group * at->group_bytes;
        for (uint32_t i = 0; i < window->kernel_width; i++, copy += at->group_bytes) {
            uint32_t column = x + i * window->dilation_width;
            int inside = column < at->in_width;
            memcpy(copy, inside ? row + column * at->pixel_bytes : padding, at->group_bytes);
        }
    }
}

/* The windows of the output pixels in columns x[0] and x[1]. */
static void find_windows(const walk *at, const uint32_t x[2], uint32_t group, pair *found)
{
    const mr_conv_2d *conv = at->conv;
    const mr_window *window = &conv->window;
    uint32_t run = (uint32_t)window->kernel_width * conv->group_inputs;
    uint32_t bytes = window->kernel_height * window->kernel_width * at->group_bytes;
    uint8_t *copy = (uint8_t *)(at->rows + window->kernel_height + 2);
    int in_place = !conv->gathers;
    uint32_t left[2];
    for (uint32_t i = 0; i < 2; i++) {
        left[i] = x[i] * window->stride_width - window->pad_left;
        in_place &= left[i] < at->in_width && left[i] + window->kernel_width <= at->in_width;
    }
    found->rows = in_place ? window->kernel_height : 1;
    found->run = in_place ? run : window->kernel_height * run;
    found->group = group;
    for (uint32_t i = 0; i < 2; i++, copy += bytes) {
        const void **copied = at->rows + window->kernel_height + i;
        *copied = copy;
        found->starts[i] = (const void *const *)(in_place ? at->rows : copied);
        found->offsets[i] = in_place ? left[i] * at->pixel_bytes : 0;
        if (!in_place) {
            gather(at, left[i], group, copy);
        }
    }
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
            /* An odd last pixel is computed twice. */
            const uint32_t columns[2] = {x, x + 1 < width ? x + 1 : x};
            pair pixels;
            find_windows(at, columns, group, &pixels);
            pixels.outputs[0] = out + columns[0] * pixel_bytes;
            pixels.outputs[1] = out + columns[1] * pixel_bytes;
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
 * which 255 products of int8 cannot leave. Before more come, the sums move to `carried`. The
 * result of a lane is its base, the bias or what was carried, plus the sum in `packed`.
 */
#define PAIR_SHIFT 23
#define PAIR_LIMIT 255u

typedef struct sums {
    const int32_t *bases[2];
    int64_t packed[LANES];
    int32_t carried[2][LANES];
} sums;

static inline int32_t first_sum(const sums *at, uint32_t lane)
{
    uint32_t low = (uint32_t)at->packed[lane] << (32 - PAIR_SHIFT);
    return mr_wrapping_add(at->bases[0][lane], (int32_t)low >> (32 - PAIR_SHIFT));
}

static inline int32_t second_sum(const sums *at, uint32_t lane)
{
    int64_t rounded = at->packed[lane] + (1 << (PAIR_SHIFT - 1));
    return mr_wrapping_add(at->bases[1][lane], (int32_t)(rounded >> PAIR_SHIFT));
}

static void clear(sums *at, const int32_t *first_bases, const int32_t *second_bases)
{
    at->bases[0] = first_bases;
    at->bases[1] = second_bases;
    at->packed[0] = at->packed[1] = at->packed[2] = at->packed[3] = 0;
}

static void carry(sums *at)
{
    for (uint32_t lane = 0; lane < LANES; lane++) {
        int32_t first = first_sum(at, lane), second = second_sum(at, lane);
        at->carried[0][lane] = first;
        at->carried[1][lane] = second;
    }
    clear(at, at->carried[0], at->carried[1]);
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

/* Adds the products of both windows with a block of weights; returns the next block. */
static inline const int8_t *multiply_windows(const pair *at, const int8_t *weights, sums *total)
{
    uint32_t room = PAIR_LIMIT;
    for (uint32_t k = 0; k < at->rows; k++) {
        const int8_t *x0 = (const int8_t *)at->starts[0][k] + at->offsets[0];
        const int8_t *x1 = (const int8_t *)at->starts[1][k] + at->offsets[1];
        for (uint32_t left = at->run, count; left != 0; left -= count) {
            if (room == 0) {
                carry(total);
                room = PAIR_LIMIT;
            }
            count = left < room ? left : room;
            weights = multiply_run(x0, x1, weights, count, total->packed);
            x0 += count, x1 += count, room -= count;
        }
    }
    return weights;
}

static void compute_pair_s8(const mr_context *context, const void *params, const pair *at)
{
    const mr_conv_2d_s8_params *p = params;
    uint32_t outputs = p->conv.group_outputs, first = at->group * outputs;
    uint32_t blocks = (outputs + LANES - 1u) / LANES * at->group;
    const int8_t *weights = mr_data_at(context, p->conv.weights);
    const int32_t *biases = mr_data_at(context, p->conv.biases);
    const int32_t *multipliers = (const int32_t *)mr_data_at(context, p->multipliers) + first;
    const int8_t *shifts = (const int8_t *)mr_data_at(context, p->shifts) + first;
    int8_t *out0 = at->outputs[0], *out1 = at->outputs[1];
    weights += blocks * LANES * at->rows * at->run;
    biases += blocks * LANES;
    for (uint32_t left = outputs, lanes; left != 0; left -= lanes, biases += LANES) {
        sums total;
        clear(&total, biases, biases);
        weights = multiply_windows(at, weights, &total);
        lanes = left < LANES ? left : LANES;
        for (uint32_t lane = 0; lane < lanes; lane++) {
            int32_t multiplier = *multipliers++, shift = *shifts++;
            int32_t acc0 = mr_requantize(first_sum(&total, lane), multiplier, shift);
            int32_t acc1 = mr_requantize(second_sum(&total, lane), multiplier, shift);
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
    uint32_t outputs = p->conv.group_outputs;
    uint32_t blocks = (outputs + LANES - 1u) / LANES * at->group;
    const float *weights = mr_data_at(context, p->conv.weights);
    const float *biases = mr_data_at(context, p->conv.biases);
    float *out0 = at->outputs[0], *out1 = at->outputs[1];
    weights += blocks * LANES * at->rows * at->run;
    biases += blocks * LANES;
    for (uint32_t left = outputs, lanes; left != 0; left -= lanes, biases += LANES) {
        float_sums total = {0};
        lanes = left < LANES ? left : LANES;
        for (uint32_t k = 0; k < at->rows; k++) {
            const void *x0 = (const uint8_t *)at->starts[0][k] + at->offsets[0];
            const void *x1 = (const uint8_t *)at->starts[1][k] + at->offsets[1];
            weights = multiply_run_f32(x0, x1, weights, at->run, &total);
        }
        for (uint32_t i = 0; i < lanes; i++) {
            *out0++ = mr_clamp_float(total.pixels[0][i] + biases[i], p->least, p->most);
            *out1++ = mr_clamp_float(total.pixels[1][i] + biases[i], p->least, p->most);
        }
    }
}

mr_status mr_conv_2d_f32(const mr_context *context, const void *params, mr_band band)
{
    const mr_conv_2d_f32_params *p = params;
    convolve(context, &p->conv, params, band, compute_pair_f32, sizeof(float));
    return MR_OK;
}
