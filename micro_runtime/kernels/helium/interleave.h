/* SPDX-License-Identifier: MIT-0 */
/* Words of four rows: byte by byte, so that a channel has one in each column. */
#ifndef MICROLITH_HELIUM_INTERLEAVE_H
#define MICROLITH_HELIUM_INTERLEAVE_H

#include <stddef.h>

#include "helium.h"

#define MR_WORDS 4u /* bytes of a word, and words of a vector */

/* Four rows for each of `strips` strips: `count` times 16 bytes, the first of them `offset` bytes
 * into a row, the others `step` bytes apart. Columns of a strip lie one after the other, those of
 * the next begin `pitch` bytes later. */
typedef struct mr_interleaving {
    const int8_t *const *rows;
    uint32_t strips;
    uint32_t offset;
    ptrdiff_t step;
    uint32_t count;
    uint32_t pitch;
} mr_interleaving;

#if MR_HELIUM_ASM

static void mr_interleave(mr_interleaving from, int8_t *to)
{
    uint32_t gap = from.pitch - MR_WORDS * MR_VECTOR * from.count;
    const int8_t *a, *b, *c, *d;
    __asm__ volatile(
        "1:\n\t"
        "ldrd %[a], %[b], [%[rows]], #8\n\t"
        "ldrd %[c], %[d], [%[rows]], #8\n\t"
        "add %[a], %[offset]\n\t"
        "add %[b], %[offset]\n\t"
        "add %[c], %[offset]\n\t"
        "add %[d], %[offset]\n\t"
        "dls lr, %[count]\n"
        "2:\n\t"
        "vldrb.u8 q0, [%[a]]\n\t"
        "add %[a], %[step]\n\t"
        "vldrb.u8 q1, [%[b]]\n\t"
        "add %[b], %[step]\n\t"
        "vldrb.u8 q2, [%[c]]\n\t"
        "add %[c], %[step]\n\t"
        "vldrb.u8 q3, [%[d]]\n\t"
        "add %[d], %[step]\n\t"
        "vst40.8 {q0, q1, q2, q3}, [%[to]]\n\t"
        "vst41.8 {q0, q1, q2, q3}, [%[to]]\n\t"
        "vst42.8 {q0, q1, q2, q3}, [%[to]]\n\t"
        "vst43.8 {q0, q1, q2, q3}, [%[to]]!\n\t"
        "le lr, 2b\n\t"
        "add %[to], %[gap]\n\t"
        "subs %[strips], #1\n\t"
        "bne 1b"
        : [a] "=&r"(a), [b] "=&r"(b), [c] "=&r"(c), [d] "=&r"(d), [to] "+r"(to),
          [rows] "+r"(from.rows), [strips] "+r"(from.strips)
        : [count] "r"(from.count), [step] "r"(from.step), [offset] "r"(from.offset), [gap] "r"(gap)
        : "lr", "cc", "q0", "q1", "q2", "q3", "memory");
}

#else

static void mr_interleave(mr_interleaving from, int8_t *to)
{
    for (; from.strips > 0; from.strips--, from.rows += MR_WORDS, to += from.pitch) {
        for (uint32_t i = 0; i < MR_VECTOR * MR_WORDS * from.count; i++) {
            uint32_t vector = i / MR_WORDS / MR_VECTOR, byte = i / MR_WORDS % MR_VECTOR;
            const int8_t *row = from.rows[i % MR_WORDS] + from.offset + byte;
            to[i] = row[(ptrdiff_t)vector * from.step];
        }
    }
}

#endif

#endif
