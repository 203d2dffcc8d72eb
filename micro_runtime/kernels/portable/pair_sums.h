/* SPDX-License-Identifier: MIT-0 */
/* Sums of int8 products for two pixels and four channels. */
#ifndef MICROLITH_PORTABLE_PAIR_SUMS_H
#define MICROLITH_PORTABLE_PAIR_SUMS_H

#include "conv_pairs.h"
#include "requantize.h"

/*
 * Cores whose multiplication gives 32 bits in one instruction, and 64 in many or in two: baseline
 * Arm and 32-bit RISC-V.
 */
#if defined(__ARM_ARCH_ISA_THUMB) && !defined(__aarch64__)
#define MR_MULTIPLIES_WIDE (__ARM_ARCH_ISA_THUMB >= 2)
#elif defined(__riscv)
#define MR_MULTIPLIES_WIDE (__riscv_xlen >= 64)
#else
#define MR_MULTIPLIES_WIDE 1
#endif

#if MR_MULTIPLIES_WIDE

/*
 * Two pixels share a multiplication: x0 + x1 * 2^23 times a weight adds both products to one
 * 64-bit accumulator (SMLAL). Its low 23 bits hold the first sum while that stays within 2^22,
 * which 255 products of int8 cannot leave. Before more come, the sums move to `carried`. The
 * result of a lane is its base, the bias or what was carried, plus the sum in `packed`.
 */
#define MR_PAIR_SHIFT 23
#define MR_PAIR_LIMIT 255u

typedef struct mr_pair_sums {
    const int32_t *bases[2];
    int64_t packed[MR_LANES];
    int32_t carried[2][MR_LANES];
} mr_pair_sums;

static inline int32_t mr_first_sum(const mr_pair_sums *at, uint32_t lane)
{
    uint32_t low = (uint32_t)at->packed[lane] << (32 - MR_PAIR_SHIFT);
    return mr_wrapping_add(at->bases[0][lane], (int32_t)low >> (32 - MR_PAIR_SHIFT));
}

static inline int32_t mr_second_sum(const mr_pair_sums *at, uint32_t lane)
{
    int64_t rounded = at->packed[lane] + (1 << (MR_PAIR_SHIFT - 1));
    return mr_wrapping_add(at->bases[1][lane], (int32_t)(rounded >> MR_PAIR_SHIFT));
}

static inline void mr_clear_sums(mr_pair_sums *at, const int32_t *first_bases,
                                 const int32_t *second_bases)
{
    at->bases[0] = first_bases;
    at->bases[1] = second_bases;
    at->packed[0] = at->packed[1] = at->packed[2] = at->packed[3] = 0;
}

static inline void mr_carry_sums(mr_pair_sums *at)
{
    for (uint32_t lane = 0; lane < MR_LANES; lane++) {
        int32_t first = mr_first_sum(at, lane), second = mr_second_sum(at, lane);
        at->carried[0][lane] = first;
        at->carried[1][lane] = second;
    }
    mr_clear_sums(at, at->carried[0], at->carried[1]);
}

/* Adds `count` products for each lane and pixel; returns the weights behind them. */
static inline const int8_t *mr_multiply_run(const int8_t *x0, const int8_t *x1,
                                            const int8_t *weights, uint32_t count,
                                            int64_t packed[MR_LANES])
{
    int64_t a = packed[0], b = packed[1], c = packed[2], d = packed[3];
    for (const int8_t *end = weights + count * MR_LANES; weights != end; weights += MR_LANES) {
        int32_t x = *x0++ + *x1++ * (1 << MR_PAIR_SHIFT);
        a += (int64_t)x * weights[0];
        b += (int64_t)x * weights[1];
        c += (int64_t)x * weights[2];
        d += (int64_t)x * weights[3];
    }
    packed[0] = a, packed[1] = b, packed[2] = c, packed[3] = d;
    return weights;
}

#else

/* Nothing is shared and nothing carried: one sum for each pixel and lane. */
#define MR_PAIR_LIMIT UINT32_MAX

typedef struct mr_pair_sums {
    const int32_t *bases[2];
    int32_t packed[2 * MR_LANES];
} mr_pair_sums;

static inline int32_t mr_first_sum(const mr_pair_sums *at, uint32_t lane)
{
    return mr_wrapping_add(at->bases[0][lane], at->packed[lane]);
}

static inline int32_t mr_second_sum(const mr_pair_sums *at, uint32_t lane)
{
    return mr_wrapping_add(at->bases[1][lane], at->packed[MR_LANES + lane]);
}

static inline void mr_clear_sums(mr_pair_sums *at, const int32_t *first_bases,
                                 const int32_t *second_bases)
{
    *at = (mr_pair_sums){.bases = {first_bases, second_bases}};
}

static inline void mr_carry_sums(mr_pair_sums *at)
{
    (void)at;
}

/* Adds `count` products for each lane and pixel; returns the weights behind them. */
static inline const int8_t *mr_multiply_run(const int8_t *x0, const int8_t *x1,
                                            const int8_t *weights, uint32_t count,
                                            int32_t packed[2 * MR_LANES])
{
    int32_t a0 = packed[0], b0 = packed[1], c0 = packed[2], d0 = packed[3];
    int32_t a1 = packed[4], b1 = packed[5], c1 = packed[6], d1 = packed[7];
    for (const int8_t *end = weights + count * MR_LANES; weights != end; weights += MR_LANES) {
        int32_t first = *x0++, second = *x1++;
        a0 += first * weights[0], a1 += second * weights[0];
        b0 += first * weights[1], b1 += second * weights[1];
        c0 += first * weights[2], c1 += second * weights[2];
        d0 += first * weights[3], d1 += second * weights[3];
    }
    packed[0] = a0, packed[1] = b0, packed[2] = c0, packed[3] = d0;
    packed[4] = a1, packed[5] = b1, packed[6] = c1, packed[7] = d1;
    return weights;
}

#endif

/* Adds the products of both windows with a block of weights; returns the next block. */
static inline const int8_t *mr_multiply_windows(const mr_pair *at, const int8_t *weights,
                                                mr_pair_sums *total)
{
    uint32_t room = MR_PAIR_LIMIT;
    for (uint32_t k = 0; k < at->rows; k++) {
        const int8_t *x0 = (const int8_t *)at->starts[0][k] + at->offsets[0];
        const int8_t *x1 = (const int8_t *)at->starts[1][k] + at->offsets[1];
        for (uint32_t left = at->run, count; left != 0; left -= count) {
            if (room == 0) {
                mr_carry_sums(total);
                room = MR_PAIR_LIMIT;
            }
            count = left < room ? left : room;
            weights = mr_multiply_run(x0, x1, weights, count, total->packed);
            x0 += count, x1 += count, room -= count;
        }
    }
    return weights;
}

#endif
