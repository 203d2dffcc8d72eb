/* SPDX-License-Identifier: MIT-0 */
#ifndef MICROLITH_PORTABLE_ROUND_H
#define MICROLITH_PORTABLE_ROUND_H

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

#endif
