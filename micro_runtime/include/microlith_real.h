/* SPDX-License-Identifier: MIT-0 */
/* Real numbers to quantised ones, rounded as the operator QUANTIZE rounds. */
#ifndef MICROLITH_REAL_H
#define MICROLITH_REAL_H

#include <stdint.h>

/*
 * The nearest integer, halves away from zero, of a number clamped to [least, most], which int32_t
 * can hold. Clamping comes first, so that the conversion is defined for every number; what is not a
 * number becomes `least`.
 */
static inline int32_t mr_round_clamped(float value, float least, float most)
{
    value = value > least ? value : least;
    value = value < most ? value : most;
    int32_t whole = (int32_t)value;
    float rest = value - (float)whole;
    whole += rest >= 0.5f ? 1 : 0;
    whole -= rest <= -0.5f ? 1 : 0;
    return whole;
}

/* The value in [low, high] that stands for `real`; `low` for a NaN. Of at most 16 bits. */
static inline int32_t mr_quantized(float real, float scale, int32_t zero_point, int32_t low,
                                   int32_t high)
{
    float least = (float)(low - zero_point);
    float most = (float)(high - zero_point);
    return mr_round_clamped(real / scale, least, most) + zero_point;
}

#endif
