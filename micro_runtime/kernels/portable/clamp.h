/* SPDX-License-Identifier: MIT-0 */
#ifndef MICROLITH_CLAMP_H
#define MICROLITH_CLAMP_H

/* A number between `low` and `high`; what is not a number stays so, as in the reference. */
static inline float mr_clamp_float(float value, float low, float high)
{
    value = value < low ? low : value;
    return value > high ? high : value;
}

#endif
