/* SPDX-License-Identifier: MIT-0 */
/* SOFTMAX of int16. */
#ifndef MICROLITH_PORTABLE_SOFTMAX_S16_H
#define MICROLITH_PORTABLE_SOFTMAX_S16_H

#include "kernel.h"
#include "softmax.h"

/*
 * Multiplier and shift bring differences of inputs to units of 10 / 65535. Tables are int16_t[513]
 * in units of 2^-15, with lines between entries: exp(x) over [-10, 0], and 1 / (1 + x) over [0, 1].
 */
typedef struct mr_softmax_s16_params {
    mr_runs runs;
    mr_ref exponentials;
    mr_ref reciprocals;
    int32_t multiplier, shift;
} mr_softmax_s16_params;

mr_status mr_softmax_s16(const mr_context *context, const void *params, mr_band band);

#endif
