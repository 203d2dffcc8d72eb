/* SPDX-License-Identifier: MIT-0 */
/* Operators on two operands of one shape, element by element: ADD. */
#ifndef MICROLITH_DSP_ELEMENTWISE_H
#define MICROLITH_DSP_ELEMENTWISE_H

#include "kernel.h"

/*
 * Rows of `length` elements. With floor divisions, a sum is
 *
 *     (offset + factor1 * input1 / 2^8 + factor2 * input2 / 2^8) / 2^20
 *
 * saturated and clamped to [least, most].
 */
typedef struct mr_add_s8_dsp_params {
    mr_rows input1;
    mr_rows input2;
    mr_rows output;
    int32_t factor1;
    int32_t factor2;
    int32_t offset;
    uint32_t length;
    int16_t least;
    int16_t most;
} mr_add_s8_dsp_params;

mr_status mr_add_s8_dsp(const mr_context *context, const void *params, mr_band band);

#endif
