/* SPDX-License-Identifier: MIT-0 */
/* Operators on two operands, element by element: ADD, MUL. */
#ifndef MICROLITH_PORTABLE_ELEMENTWISE_H
#define MICROLITH_PORTABLE_ELEMENTWISE_H

#include "kernel.h"

/*
 * Two operands spread over an output. Output row r is line r % lines of image r / lines and
 * consists of `runs` runs of `length` elements. An operand that repeats along an axis has step 0
 * there. Within a run the first operand always moves on from element to element.
 */
typedef struct mr_spread {
    mr_rows input1, input2, output;
    uint32_t lines;
    uint32_t image_step[2]; /* rows of each operand from one image to the next */
    uint32_t line_step[2];  /* rows of each operand from one line to the next */
    uint32_t runs, length;
    uint32_t run_step[2]; /* elements of each operand from one run to the next */
    uint32_t step2;       /* 1, or 0 where a run has a single element of the second operand */
} mr_spread;

/*
 * Both operands are brought to a common scale with MR_ADD_HEADROOM more bits, added, and brought
 * to the output's. Offsets are minus the zero points of the inputs and the one of the output;
 * no shift is to the left.
 */
typedef struct mr_add_s8_params {
    mr_spread spread;
    int32_t offset1, multiplier1, shift1;
    int32_t offset2, multiplier2, shift2;
    int32_t output_offset, output_multiplier, output_shift;
    int32_t low, high;
} mr_add_s8_params;

typedef struct mr_mul_s8_params {
    mr_spread spread;
    int32_t offset1, offset2, output_offset;
    int32_t multiplier, shift;
    int32_t low, high;
} mr_mul_s8_params;

typedef struct mr_elementwise_f32_params {
    mr_spread spread;
    float low, high;
} mr_elementwise_f32_params;

mr_status mr_add_s8(const mr_context *context, const void *params, mr_band band);
mr_status mr_mul_s8(const mr_context *context, const void *params, mr_band band);
mr_status mr_add_f32(const mr_context *context, const void *params, mr_band band);
mr_status mr_mul_f32(const mr_context *context, const void *params, mr_band band);

#endif
