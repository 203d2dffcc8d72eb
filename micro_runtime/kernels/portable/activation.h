/* SPDX-License-Identifier: MIT-0 */
/* Functions of one element: RELU, RELU6, LOGISTIC. */
#ifndef MICROLITH_PORTABLE_ACTIVATION_H
#define MICROLITH_PORTABLE_ACTIVATION_H

#include "kernel.h"

/* Any function of one int8 element: the result for q is table[q + 128]. */
typedef struct mr_table_s8_params {
    mr_ref input;
    mr_ref output;
    mr_ref table;
    uint32_t count;
} mr_table_s8_params;

typedef struct mr_clamp_f32_params {
    mr_ref input;
    mr_ref output;
    uint32_t count;
    float low;
    float high;
} mr_clamp_f32_params;

typedef struct mr_logistic_f32_params {
    mr_ref input;
    mr_ref output;
    uint32_t count;
} mr_logistic_f32_params;

mr_status mr_table_s8(const mr_context *context, const void *params, mr_band band);
mr_status mr_clamp_f32(const mr_context *context, const void *params, mr_band band);
mr_status mr_logistic_f32(const mr_context *context, const void *params, mr_band band);

#endif
