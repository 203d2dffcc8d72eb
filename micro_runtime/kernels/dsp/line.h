/* SPDX-License-Identifier: MIT-0 */
/*
 * Outputs as a straight line through the reference's steps, which the code generator fits to every
 * sum that can occur: see codegen/microlith/kernels/dsp/line.py. Sums are raised by 11 bits.
 */
#ifndef MICROLITH_DSP_LINE_H
#define MICROLITH_DSP_LINE_H

#include "dsp.h"

#define MR_LINE_RAISED 11
#define MR_LINE_SHIFT  15

/* Of a channel; bent lines have another offset for negative sums, less by -`drop`. */
typedef struct mr_dsp_line {
    int32_t multiplier;
    int32_t offset;
    int32_t drop;
} mr_dsp_line;

static inline int8_t mr_dsp_on_line(int32_t raised, const mr_dsp_line *line)
{
    int32_t offset = line->offset + (raised < 0 ? line->drop : 0);
    return (int8_t)mr_ssat8(mr_smmla(raised, line->multiplier, offset) >> MR_LINE_SHIFT);
}

#endif
