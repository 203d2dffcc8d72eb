/* SPDX-License-Identifier: MIT-0 */
/* Functions of one element: RELU, RELU6, LOGISTIC, ABS. */
#ifndef MICROLITH_PORTABLE_ACTIVATION_H
#define MICROLITH_PORTABLE_ACTIVATION_H

#include "kernel.h"

/* Rows of `length` elements, one of the output for each of the input. */
typedef struct mr_unary {
    mr_rows input, output;
    uint32_t length;
} mr_unary;

/* Any function of an int8 element: the result for q is table[q + 128]. */
typedef struct mr_table_s8_params {
    mr_unary unary;
    mr_ref table;
} mr_table_s8_params;

typedef struct mr_clamp_f32_params {
    mr_unary unary;
    float low, high;
} mr_clamp_f32_params;

typedef struct mr_logistic_f32_params {
    mr_unary unary;
} mr_logistic_f32_params;

typedef struct mr_abs_f32_params {
    mr_unary unary;
} mr_abs_f32_params;

mr_status mr_table_s8(const mr_context *context, const void *params, mr_band band);
mr_status mr_clamp_f32(const mr_context *context, const void *params, mr_band band);
mr_status mr_logistic_f32(const mr_context *context, const void *params, mr_band band);
mr_status mr_abs_f32(const mr_context *context, const void *params, mr_band band);

#endif
