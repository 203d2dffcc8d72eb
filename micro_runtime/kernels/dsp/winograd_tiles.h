/* SPDX-License-Identifier: MIT-0 */
/*
 * What Winograd convolutions of all sizes share. Two tiles and two output channels are computed
 * together. Their transformed inputs and products lie in slots, one for each position:
 *
 *     [group][tile 0, 1: channels 0 and 2; tile 0, 1: channels 1 and 3], in words of two channels,
 *     [tile][output], the sums of products
 *
 * so that the pointer that read the inputs writes the sums.
 */
#ifndef MICROLITH_DSP_WINOGRAD_TILES_H
#define MICROLITH_DSP_WINOGRAD_TILES_H

#include <stddef.h>
#include <stdint.h>

#include "dsp.h"

#define MR_WINOGRAD_TILES   2u
#define MR_WINOGRAD_OUTPUTS 2u

/* Words of a group, and of the sums, in a slot. */
#define MR_WINOGRAD_WORDS 4u

/* Right shift of scaled outputs; an immediate of the assembly. */
#define MR_WINOGRAD_SHIFT 16

/* Groups up to which a position takes no loop. */
#define MR_WINOGRAD_FEW 8u

/*
 * Input of a tile: `groups` groups from byte `first` of a pixel on. Row k of the tile starts at
 * rows[k], its pixels are `bytes` apart. The group's words of position p go to
 * to[p * stride / 4 ...]. `partial` holds what is transformed along rows.
 */
typedef struct mr_winograd_tile {
    uint32_t partial[72];
    const uint8_t *rows[6];
    uint32_t bytes;
    uint32_t first;
    uint32_t groups;
    uint32_t stride;
    uint32_t *to;
} mr_winograd_tile;

/*
 * From a transformed sum to int8: SMMLA(sum * factor + bias, multiplier, offset) >>
 * MR_WINOGRAD_SHIFT, saturated; `sign` is added to the offset where the scaled sum is negative.
 */
typedef struct mr_winograd_output {
    int32_t factor;
    int32_t multiplier;
    int32_t offset;
    int32_t sign;
    int32_t biases[];
} mr_winograd_output;

#if MR_DSP_ASM

/* clang-format off */

_Static_assert(offsetof(mr_winograd_tile, rows) == 288 &&
                   offsetof(mr_winograd_tile, bytes) == 312 &&
                   offsetof(mr_winograd_tile, to) == 328,
               "the assembly relies on it");

#define TILE_ROWS  "288"
#define TILE_BYTES "312" /* and first, groups, stride, to */

/* Four channels of both tiles and outputs: inputs at r0, weights at r1, sums in r2 to r5. */
#define WINOGRAD_LOAD                        \
    "ldmia.w r0!, {r6-r9}\n\t"               \
    "ldmia.w r1!, {r10-r12, lr}\n\t"

#define WINOGRAD_SECOND_HALF                 \
    "smlad  r2, r8, r12, r2\n\t"             \
    "smlad  r3, r8, lr, r3\n\t"              \
    "smlad  r4, r9, r12, r4\n\t"             \
    "smlad  r5, r9, lr, r5\n\t"

#define WINOGRAD_FIRST_GROUP                 \
    WINOGRAD_LOAD                            \
    "smuad  r2, r6, r10\n\t"                 \
    "smuad  r3, r6, r11\n\t"                 \
    "smuad  r4, r7, r10\n\t"                 \
    "smuad  r5, r7, r11\n\t"                 \
    WINOGRAD_SECOND_HALF

#define WINOGRAD_GROUP /* 40 bytes */        \
    WINOGRAD_LOAD                            \
    "smlad  r2, r6, r10, r2\n\t"             \
    "smlad  r3, r6, r11, r3\n\t"             \
    "smlad  r4, r7, r10, r4\n\t"             \
    "smlad  r5, r7, r11, r5\n\t"             \
    WINOGRAD_SECOND_HALF

#define WINOGRAD_TWO_GROUPS  WINOGRAD_GROUP WINOGRAD_GROUP
#define WINOGRAD_FOUR_GROUPS WINOGRAD_TWO_GROUPS WINOGRAD_TWO_GROUPS

/* [sp, #4]: where to enter the groups before label 3 so that r3 of them run. */
#define WINOGRAD_ENTRY                       \
    "adr.w  r6, 3f\n\t"                      \
    "mov    r7, #40\n\t"                     \
    "mls    r6, r3, r7, r6\n\t"              \
    "orr    r6, #1\n\t"                      \
    "str    r6, [sp, #4]\n"

/* All sums of slots up to `end`; `more` is the number of groups less one, below MR_WINOGRAD_FEW. */
__attribute__((naked, noinline)) static void winograd_few(uint32_t *slots, const void *weights,
                                                          const uint32_t *end, uint32_t more)
{
    (void)slots, (void)weights, (void)end, (void)more;
    __asm__("push   {r2, r3, r4-r11, lr}\n\t"
            WINOGRAD_ENTRY
            "1:\n\t"
            WINOGRAD_FIRST_GROUP
            "ldr    pc, [sp, #4]\n\t"
            WINOGRAD_FOUR_GROUPS
            WINOGRAD_TWO_GROUPS
            WINOGRAD_GROUP
            "3:\n\t"
            "stmia.w r0!, {r2-r5}\n\t"
            "ldr    r6, [sp]\n\t"
            "cmp    r0, r6\n\t"
            "bne.w  1b\n\t"
            "pop    {r2, r3, r4-r11, pc}");
}

/* The same for more groups; the first turn of a position's loop starts in the middle. [sp]: end,
 * [sp, #8]: sums of the position, [sp, #12]: bytes of a slot, [sp, #16]: end. */
__attribute__((naked, noinline)) static void winograd_many(uint32_t *slots, const void *weights,
                                                           const uint32_t *end, uint32_t more)
{
    (void)slots, (void)weights, (void)end, (void)more;
    __asm__("push   {r2, r4-r11, lr}\n\t"
            "sub    sp, #16\n\t"
            "add    r7, r3, #1\n\t"
            "add    r6, r0, r7, lsl #4\n\t"
            "add    r7, r7, #1\n\t"
            "lsl    r7, r7, #4\n\t"
            "strd   r6, r7, [sp, #8]\n\t"
            "sub    r3, r3, #1\n\t"
            "and    r3, r3, #7\n\t"
            "add    r3, r3, #1\n\t"
            WINOGRAD_ENTRY
            "1:\n\t"
            WINOGRAD_FIRST_GROUP
            "ldr    pc, [sp, #4]\n"
            "2:\n\t"
            WINOGRAD_FOUR_GROUPS
            WINOGRAD_FOUR_GROUPS
            "3:\n\t"
            "ldr    r6, [sp, #8]\n\t"
            "cmp    r0, r6\n\t"
            "bne.w  2b\n\t"
            "stmia.w r0!, {r2-r5}\n\t"
            "ldrd   r7, r8, [sp, #12]\n\t"
            "add    r6, r7\n\t"
            "str    r6, [sp, #8]\n\t"
            "cmp    r0, r8\n\t"
            "bne.w  1b\n\t"
            "add    sp, #16\n\t"
            "pop    {r2, r4-r11, pc}");
}

/* Scaled sums to int8. `offset` and `sign` name registers, `spare` is spoilt. */
#define WINOGRAD_SIGNED(sum, multiplier, offset, sign, spare)        \
    "and    " spare ", " sign ", " sum ", asr #31\n\t"               \
    "add    " spare ", " offset "\n\t"                               \
    "smmla  " sum ", " sum ", " multiplier ", " spare "\n\t"         \
    "ssat   " sum ", #8, " sum ", asr #16\n\t"

#define WINOGRAD_SCALED(sum, multiplier, offset, sign, spare)        \
    "smmla  " sum ", " sum ", " multiplier ", " offset "\n\t"        \
    "ssat   " sum ", #8, " sum ", asr #16\n\t"

/* clang-format on */

static inline void mr_winograd_multiply(uint32_t *slots, const void *weights, const uint32_t *end,
                                        uint32_t groups)
{
    if (groups <= MR_WINOGRAD_FEW) {
        winograd_few(slots, weights, end, groups - 1);
    } else {
        winograd_many(slots, weights, end, groups - 1);
    }
}

#else

/* All sums of slots up to `end`. */
static inline void mr_winograd_multiply(uint32_t *slots, const void *weights, const uint32_t *end,
                                        uint32_t groups)
{
    const uint32_t *by = weights;
    for (; slots != end; slots += MR_WINOGRAD_WORDS) {
        int32_t sums[MR_WINOGRAD_TILES][MR_WINOGRAD_OUTPUTS] = {{0}};
        for (uint32_t half = 0; half < 2 * groups; half++, slots += 2, by += 2) {
            for (uint32_t tile = 0; tile < MR_WINOGRAD_TILES; tile++) {
                sums[tile][0] = mr_smlad(slots[tile], by[0], sums[tile][0]);
                sums[tile][1] = mr_smlad(slots[tile], by[1], sums[tile][1]);
            }
        }
        for (uint32_t i = 0; i < MR_WINOGRAD_WORDS; i++) {
            slots[i] = (uint32_t)sums[i / 2][i % 2];
        }
    }
}

/* Puts channel 0 to 3 of a group into a slot: 0 and 1 start a word, 2 and 3 fill its upper half. */
static inline void mr_winograd_put(uint32_t *slot, uint32_t channel, uint32_t value)
{
    uint32_t *word = slot + channel % 2 * MR_WINOGRAD_TILES;
    *word = channel < 2 ? value & 0xffffu : value << 16 | *word;
}

static inline int8_t mr_winograd_round(uint32_t sum, uint32_t bias,
                                       const mr_winograd_output *output)
{
    int32_t scaled = (int32_t)(sum * (uint32_t)output->factor + bias);
    int32_t offset = output->offset + (output->sign & scaled >> 31);
    return (int8_t)mr_ssat8(mr_smmla(scaled, output->multiplier, offset) >> MR_WINOGRAD_SHIFT);
}

#endif

#endif
