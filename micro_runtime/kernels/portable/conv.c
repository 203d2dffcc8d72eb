/* SPDX-License-Identifier: MIT-0 */
/*
 * Convolutions. Two output pixels are computed side by side, four channels at a time, so that each
 * weight is loaded once for two pixels and each input once for four channels.
 */
#include "conv.h"

#include "clamp.h"
#include "conv_pairs.h"
#include "pair_sums.h"
#include "requantize.h"

/* ------------------------------------------------------------------------------ int8 */

static void compute_pair_s8(const mr_context *context, const void *params, const mr_pair *at)
{
    const mr_conv_2d_s8_params *p = params;
    uint32_t outputs = p->conv.group_outputs, first = at->group * outputs;
    uint32_t blocks = (outputs + MR_LANES - 1u) / MR_LANES * at->group;
    const int8_t *weights = mr_data_at(context, p->conv.weights);
    const int32_t *biases = mr_data_at(context, p->conv.biases);
    const int32_t *multipliers = (const int32_t *)mr_data_at(context, p->multipliers) + first;
    const int8_t *shifts = (const int8_t *)mr_data_at(context, p->shifts) + first;
    int8_t *out0 = at->outputs[0], *out1 = at->outputs[1];
    weights += blocks * MR_LANES * at->rows * at->run;
    biases += blocks * MR_LANES;
    for (uint32_t left = outputs, lanes; left != 0; left -= lanes, biases += MR_LANES) {
        mr_pair_sums total;
        mr_clear_sums(&total, biases, biases);
        weights = mr_multiply_windows(at, weights, &total);
        lanes = left < MR_LANES ? left : MR_LANES;
        for (uint32_t lane = 0; lane < lanes; lane++) {
            int32_t multiplier = *multipliers++, shift = *shifts++;
            int32_t acc0 = mr_requantize(mr_first_sum(&total, lane), multiplier, shift);
            int32_t acc1 = mr_requantize(mr_second_sum(&total, lane), multiplier, shift);
            *out0++ = mr_output_s8(acc0, p->output_zero_point, p->least, p->most);
            *out1++ = mr_output_s8(acc1, p->output_zero_point, p->least, p->most);
        }
    }
}

mr_status mr_conv_2d_s8(const mr_context *context, const void *params, mr_band band)
{
    const mr_conv_2d_s8_params *p = params;
    const mr_pair_kernel kernel = {compute_pair_s8, sizeof(int8_t), sizeof(int8_t)};
    mr_convolve(context, &p->conv, params, band, kernel);
    return MR_OK;
}

/* --------------------------------------------------------------------------- float32 */

typedef struct float_sums {
    float pixels[2][MR_LANES];
} float_sums;

/* One sum a lane and pixel, terms added in the order of the window: row, column, channel. */
static inline const float *multiply_run_f32(const float *x0, const float *x1, const float *weights,
                                            uint32_t count, float_sums *total)
{
    float a0 = total->pixels[0][0], b0 = total->pixels[0][1];
    float c0 = total->pixels[0][2], d0 = total->pixels[0][3];
    float a1 = total->pixels[1][0], b1 = total->pixels[1][1];
    float c1 = total->pixels[1][2], d1 = total->pixels[1][3];
    for (const float *end = weights + count * MR_LANES; weights != end; weights += MR_LANES) {
        float x = *x0++, y = *x1++;
        a0 += x * weights[0], a1 += y * weights[0];
        b0 += x * weights[1], b1 += y * weights[1];
        c0 += x * weights[2], c1 += y * weights[2];
        d0 += x * weights[3], d1 += y * weights[3];
    }
    *total = (float_sums){{{a0, b0, c0, d0}, {a1, b1, c1, d1}}};
    return weights;
}

static void compute_pair_f32(const mr_context *context, const void *params, const mr_pair *at)
{
    const mr_conv_2d_f32_params *p = params;
    uint32_t outputs = p->conv.group_outputs;
    uint32_t blocks = (outputs + MR_LANES - 1u) / MR_LANES * at->group;
    const float *weights = mr_data_at(context, p->conv.weights);
    const float *biases = mr_data_at(context, p->conv.biases);
    float *out0 = at->outputs[0], *out1 = at->outputs[1];
    weights += blocks * MR_LANES * at->rows * at->run;
    biases += blocks * MR_LANES;
    for (uint32_t left = outputs, lanes; left != 0; left -= lanes, biases += MR_LANES) {
        float_sums total = {0};
        lanes = left < MR_LANES ? left : MR_LANES;
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
    const mr_pair_kernel kernel = {compute_pair_f32, sizeof(float), sizeof(float)};
    mr_convolve(context, &p->conv, params, band, kernel);
    return MR_OK;
}
