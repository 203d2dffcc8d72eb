/* SPDX-License-Identifier: MIT-0 */
/* From sums of int16 x int8 products to int16 with the DSP extension. */
#ifndef MICROLITH_DSP_OUTPUTS_S16_H
#define MICROLITH_DSP_OUTPUTS_S16_H

#include "dsp.h"

/* Saturates to int16. */
static inline int32_t mr_ssat16(int32_t value)
{
#if MR_DSP_ASM
    int32_t result;
    __asm__("ssat %0, #16, %1" : "=r"(result) : "r"(value));
    return result;
#else
    return value < INT16_MIN ? INT16_MIN : value > INT16_MAX ? INT16_MAX : value;
#endif
}

/*
 * mr_requantize_s64 of a sum of 32 bits in three instructions: the multiplier is raised by 16 bits,
 * so that the product's upper half is what the shift leaves, and `offset` is half of what is
 * shifted out of it. Shifts of the reference from 17 on become `shift` = 1 and more.
 */
static inline int32_t mr_dsp_output_s16(int32_t sum, const mr_dsp_output *output)
{
    return mr_ssat16(mr_smmla(sum, output->multiplier, output->offset) >> output->shift);
}

/* Narrows the range of outputs that an activation bounds. */
static inline void mr_dsp_clamp_s16(int16_t *out, uint32_t count, int32_t least, int32_t most)
{
    for (const int16_t *end = out + count; out != end; out++) {
        int32_t value = *out < least ? least : *out;
        *out = (int16_t)(value > most ? most : value);
    }
}

#endif
