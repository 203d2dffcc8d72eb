/* SPDX-License-Identifier: MIT-0 */
/*
 * ADD with SMLAW, which multiplies 32 bits by 16 and drops the lowest 16 bits: factors keep all
 * their bits when inputs are widened to the upper byte of 16 bits. The code generator has compared
 * the results of all 65,536 pairs of inputs with the reference's.
 */
#include "elementwise.h"

#include <string.h>

#include "dsp.h"

#define OUTPUT_SHIFT 20
#define UPPER_BYTES  0xff00ff00u

typedef struct factors {
    int32_t first;
    int32_t second;
    int32_t offset;
} factors;

/* Inputs in the lower halves. */
static inline int8_t add_lower(const factors *by, uint32_t a, uint32_t b)
{
    int32_t sum = mr_smlawb(by->first, a, mr_smlawb(by->second, b, by->offset));
    return (int8_t)mr_ssat8_asr(sum, OUTPUT_SHIFT);
}

/* Inputs in the upper halves. */
static inline int8_t add_upper(const factors *by, uint32_t a, uint32_t b)
{
    int32_t sum = mr_smlawt(by->first, a, mr_smlawt(by->second, b, by->offset));
    return (int8_t)mr_ssat8_asr(sum, OUTPUT_SHIFT);
}

/* All inputs of a word are read before its outputs, which may take their place, are written. */
static void add_row(const factors by, const int8_t *in1, const int8_t *in2, int8_t *out,
                    uint32_t length)
{
    for (const int8_t *end = in1 + length / 4 * 4; in1 != end; in1 += 4, in2 += 4, out += 4) {
        uint32_t a, b;
        memcpy(&a, in1, sizeof a);
        memcpy(&b, in2, sizeof b);
        uint32_t even_a = a << 8 & UPPER_BYTES, even_b = b << 8 & UPPER_BYTES;
        a &= UPPER_BYTES;
        b &= UPPER_BYTES;
        out[0] = add_lower(&by, even_a, even_b);
        out[1] = add_lower(&by, a, b);
        out[2] = add_upper(&by, even_a, even_b);
        out[3] = add_upper(&by, a, b);
    }
    for (uint32_t i = 0; i < length % 4; i++) {
        out[i] = add_lower(&by, (uint32_t)in1[i] << 8, (uint32_t)in2[i] << 8);
    }
}

mr_status mr_add_s8_dsp(const mr_context *context, const void *params, mr_band band)
{
    const mr_add_s8_dsp_params *p = params;
    const factors by = {p->factor1, p->factor2, p->offset};
    int clamps = p->least != INT8_MIN || p->most != INT8_MAX;
    for (uint32_t row = band.first; row < band.first + band.count; row++) {
        int8_t *out = mr_row_out(context, &p->output, row);
        add_row(by, mr_row_in(context, &p->input1, row), mr_row_in(context, &p->input2, row), out,
                p->length);
        if (clamps) {
            mr_dsp_clamp(out, p->length, p->least, p->most);
        }
    }
    return MR_OK;
}
