/* SPDX-License-Identifier: MIT-0 */
/* The walk over the runs of two operands, and how ADD scales them. */
#ifndef MICROLITH_PORTABLE_SPREAD_RUNS_H
#define MICROLITH_PORTABLE_SPREAD_RUNS_H

#include "elementwise.h"

/* Computes one run: element i of both operands is read before element i of the output is written,
 * so that the output may lie over an operand. */
typedef void mr_run_function(const void *params, const void *in1, const void *in2, void *out);

/* Not inline: one copy a file. */
static void mr_for_each_run(const mr_context *context, const mr_spread *spread, mr_band band,
                            uint32_t element_size, const void *params, mr_run_function *run)
{
    uint32_t step1 = spread->run_step[0] * element_size;
    uint32_t step2 = spread->run_step[1] * element_size;
    uint32_t out_step = spread->length * element_size;
    for (uint32_t row = band.first; row < band.first + band.count; row++) {
        uint32_t image = row / spread->lines;
        uint32_t line = row % spread->lines;
        uint32_t row1 = image * spread->image_step[0] + line * spread->line_step[0];
        uint32_t row2 = image * spread->image_step[1] + line * spread->line_step[1];
        const uint8_t *in1 = mr_row_in(context, &spread->input1, row1);
        const uint8_t *in2 = mr_row_in(context, &spread->input2, row2);
        uint8_t *out = mr_row_out(context, &spread->output, row);
        for (uint32_t i = 0; i < spread->runs; i++) {
            run(params, in1, in2, out);
            in1 += step1;
            in2 += step2;
            out += out_step;
        }
    }
}

/*
 * value * multiplier / 2^(32 + shift), rounded twice like mr_requantize, of which this is a case:
 * it is faster because shift >= 1 and the bits of headroom allow doubling the value beforehand.
 */
static inline int32_t mr_scale_down(int32_t value, int32_t multiplier, int32_t shift)
{
    int32_t high = (int32_t)(((int64_t)value * multiplier + ((int64_t)1 << 31)) >> 32);
    return (((high + (high >> 31)) >> (shift - 1)) + 1) >> 1;
}

#endif
