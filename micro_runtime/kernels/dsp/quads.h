/* SPDX-License-Identifier: MIT-0 */
/*
 * Four sums of products from three accumulators. With weights a, b, c, d of four outputs, three
 * numbers of 16 bits are multiplied with the same inputs:
 *
 *     a + 256 b    S1 = A + 256 B
 *     c + 256 d    S2 = C + 256 D      modulo 2^32
 *     d + 256 a    S3 = D + 256 A
 *
 * Since S2 - 2^8 S3 + 2^16 S1 = C + 2^24 B, its lowest 24 bits are C, as long as C fits them. Then
 * D, A and B are what is left of S2, S3 and S1, divided by 256.
 */
#ifndef MICROLITH_DSP_QUADS_H
#define MICROLITH_DSP_QUADS_H

#include <stdint.h>

#include "dsp.h"

#if MR_DSP_ASM

/* clang-format off */

/* A to D, from s1 to s3, all of them registers. */
#define MR_QUAD_SUMS(s1, s2, s3, a, b, c, d)               \
    "sub    " c ", " s2 ", " s3 ", lsl #8\n\t"             \
    "add    " c ", " c ", " s1 ", lsl #16\n\t"             \
    "sbfx   " c ", " c ", #0, #24\n\t"                     \
    "sub    " d ", " s2 ", " c "\n\t"                      \
    "asr    " d ", " d ", #8\n\t"                          \
    "sub    " a ", " s3 ", " d "\n\t"                      \
    "asr    " a ", " a ", #8\n\t"                          \
    "sub    " b ", " s1 ", " a "\n\t"                      \
    "asr    " b ", " b ", #8\n\t"

/* clang-format on */

#else

static inline void mr_quad_sums(const int32_t three[3], int32_t sums[4])
{
    uint32_t s1 = (uint32_t)three[0], s2 = (uint32_t)three[1], s3 = (uint32_t)three[2];
    sums[2] = (int32_t)((s2 - (s3 << 8) + (s1 << 16)) << 8) >> 8;
    sums[3] = (int32_t)(s2 - (uint32_t)sums[2]) >> 8;
    sums[0] = (int32_t)(s3 - (uint32_t)sums[3]) >> 8;
    sums[1] = (int32_t)(s1 - (uint32_t)sums[0]) >> 8;
}

#endif

#endif
