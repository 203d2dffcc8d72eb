/* SPDX-License-Identifier: MIT-0 */
/*
 * The transforms of Winograd's F(2 x 2, 3 x 3): of inputs along one axis
 *
 *     x0 - x2, x1 + x2, x2 - x1, x1 - x3
 *
 * and of sums along one axis m0 + m1 + m2, m1 - m2 - m3. Counts are multiples of four.
 */
#ifndef MICROLITH_FPU_WINOGRAD_2X2_H
#define MICROLITH_FPU_WINOGRAD_2X2_H

#include "fpu.h"
#include "kernel.h"

/* Four places that a transform reads, and four that it writes. */
typedef struct mr_sources_4 {
    const float *at[4];
} mr_sources_4;

typedef struct mr_places_4 {
    float *at[4];
} mr_places_4;

#if MR_FPU_ASM

/* clang-format off */

#define MR_LOAD_SOURCES             \
    "vldmia %[a]!, {s0-s3}\n\t"     \
    "vldmia %[b]!, {s4-s7}\n\t"     \
    "vldmia %[c]!, {s8-s11}\n\t"    \
    "vldmia %[d]!, {s12-s15}\n\t"

/* Of lane 0 to 3: a, b, c, d in s0, s4, s8, s12 and so on; results in s16, s20, s24, s28. */
#define MR_TRANSFORM_LANE(a, b, c, d, r0, r1, r2, r3)   \
    "vsub.f32 " r0 ", " a ", " c "\n\t"                 \
    "vadd.f32 " r1 ", " b ", " c "\n\t"                 \
    "vsub.f32 " r2 ", " c ", " b "\n\t"                 \
    "vsub.f32 " r3 ", " b ", " d "\n\t"
#define MR_TRANSFORM                                                            \
    MR_TRANSFORM_LANE("s0", "s4", "s8", "s12", "s16", "s20", "s24", "s28")      \
    MR_TRANSFORM_LANE("s1", "s5", "s9", "s13", "s17", "s21", "s25", "s29")      \
    MR_TRANSFORM_LANE("s2", "s6", "s10", "s14", "s18", "s22", "s26", "s30")     \
    MR_TRANSFORM_LANE("s3", "s7", "s11", "s15", "s19", "s23", "s27", "s31")

/* Results in s16 and s20 and so on. */
#define MR_INVERT_LANE(a, b, c, d, r0, r1)      \
    "vadd.f32 " r0 ", " a ", " b "\n\t"         \
    "vsub.f32 " r1 ", " b ", " c "\n\t"         \
    "vadd.f32 " r0 ", " r0 ", " c "\n\t"        \
    "vsub.f32 " r1 ", " r1 ", " d "\n\t"
#define MR_INVERT                                               \
    MR_INVERT_LANE("s0", "s4", "s8", "s12", "s16", "s20")       \
    MR_INVERT_LANE("s1", "s5", "s9", "s13", "s17", "s21")       \
    MR_INVERT_LANE("s2", "s6", "s10", "s14", "s18", "s22")      \
    MR_INVERT_LANE("s3", "s7", "s11", "s15", "s19", "s23")

/* With biases, two pixels are stored from s16 to s19 and from s20 to s23. */
#define MR_INVERT_COLUMNS(store)                                                                    \
    __asm__ volatile(MR_LOAD_SOURCES MR_INVERT                                                      \
                     "vldmia %[biases]!, {s24-s27}\n\t"                                             \
                     MR_FPU_ADD_BIASES("s16", "s17", "s18", "s19")                                  \
                     MR_FPU_ADD_BIASES("s20", "s21", "s22", "s23")                                  \
                     store                                                                          \
                     : [a] "+r"(a), [b] "+r"(b), [c] "+r"(c), [d] "+r"(d), [p] "+r"(p),             \
                       [q] "+r"(q), [biases] "+r"(biases)                                           \
                     :                                                                              \
                     : "r10", "r11", "r12", "lr", MR_SPOILED)

#define MR_SPOILED                                                                              \
    "s0", "s1", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "s12", "s13",     \
    "s14", "s15", "s16", "s17", "s18", "s19", "s20", "s21", "s22", "s23", "s24", "s25", "s26",  \
    "s27", "s28", "s29", "s30", "s31", "memory"

/* clang-format on */

#endif

/* Inputs along the columns: results lie behind each other. */
static MR_NOINLINE void mr_transform_rows(const mr_sources_4 *from, uint32_t count,
                                          const mr_places_4 *to)
{
    const float *a = from->at[0], *b = from->at[1], *c = from->at[2], *d = from->at[3];
    float *p = to->at[0], *q = to->at[1], *r = to->at[2], *s = to->at[3];
    for (; count > 0; count -= 4) {
#if MR_FPU_ASM
        __asm__ volatile(MR_LOAD_SOURCES MR_TRANSFORM "vstmia %[p]!, {s16-s19}\n\t"
                                                      "vstmia %[q]!, {s20-s23}\n\t"
                                                      "vstmia %[r]!, {s24-s27}\n\t"
                                                      "vstmia %[s]!, {s28-s31}"
                         : [a] "+r"(a), [b] "+r"(b), [c] "+r"(c), [d] "+r"(d), [p] "+r"(p),
                           [q] "+r"(q), [r] "+r"(r), [s] "+r"(s)
                         :
                         : MR_SPOILED);
#else
        for (uint32_t i = 0; i < 4; i++, a++, b++, c++, d++) {
            *p++ = *a - *c, *q++ = *b + *c, *r++ = *c - *b, *s++ = *b - *d;
        }
#endif
    }
}

/* Inputs along the rows, into pairs of taps: MR_FPU_PITCH floats from one to the next. */
static MR_NOINLINE void mr_transform_columns(const mr_sources_4 *from, uint32_t count,
                                             const mr_places_4 *to)
{
    const float *a = from->at[0], *b = from->at[1], *c = from->at[2], *d = from->at[3];
    float *p = to->at[0], *q = to->at[1], *r = to->at[2], *s = to->at[3];
    for (; count > 0; count -= 4) {
#if MR_FPU_ASM
        __asm__ volatile(MR_LOAD_SOURCES MR_TRANSFORM
                         "vstr d8, [%[p]]\n\tvstr d9, [%[p], #32]\n\t"
                         "vstr d10, [%[q]]\n\tvstr d11, [%[q], #32]\n\t"
                         "vstr d12, [%[r]]\n\tvstr d13, [%[r], #32]\n\t"
                         "vstr d14, [%[s]]\n\tvstr d15, [%[s], #32]"
                         : [a] "+r"(a), [b] "+r"(b), [c] "+r"(c), [d] "+r"(d)
                         : [p] "r"(p), [q] "r"(q), [r] "r"(r), [s] "r"(s)
                         : MR_SPOILED);
#else
        for (uint32_t i = 0; i < 4; i++, a++, b++, c++, d++) {
            uint32_t at = i / 2 * 8 + i % 2;
            p[at] = *a - *c, q[at] = *b + *c, r[at] = *c - *b, s[at] = *b - *d;
        }
#endif
        p += 16, q += 16, r += 16, s += 16;
    }
}

/* Sums along the columns; results lie behind each other, where the first sources do. */
static MR_NOINLINE void mr_invert_rows(float *sums, uint32_t count)
{
    const float *a = sums, *b = a + count, *c = b + count, *d = c + count;
    float *p = sums, *q = sums + count;
    for (; count > 0; count -= 4) {
#if MR_FPU_ASM
        __asm__ volatile(
            MR_LOAD_SOURCES MR_INVERT "vstmia %[p]!, {s16-s19}\n\t"
                                      "vstmia %[q]!, {s20-s23}"
            : [a] "+r"(a), [b] "+r"(b), [c] "+r"(c), [d] "+r"(d), [p] "+r"(p), [q] "+r"(q)
            :
            : MR_SPOILED);
#else
        for (uint32_t i = 0; i < 4; i++, a++, b++, c++, d++) {
            float even = *a + *b + *c, odd = *b - *c - *d;
            *p++ = even, *q++ = odd;
        }
#endif
    }
}

/* Sums along the rows become two pixels of outputs. */
static MR_NOINLINE void mr_invert_columns(const float *sums, const float *biases, uint32_t count,
                                          int rectified, float *p, float *q)
{
    const float *a = sums, *b = a + count, *c = b + count, *d = c + count;
#if MR_FPU_ASM
    if (rectified) {
        for (; count > 0; count -= 4) {
            MR_INVERT_COLUMNS(MR_FPU_STORE_RECTIFIED("%[p]", "s16", "s17", "s18", "s19")
                                  MR_FPU_STORE_RECTIFIED("%[q]", "s20", "s21", "s22", "s23"));
        }
        return;
    }
    for (; count > 0; count -= 4) {
        MR_INVERT_COLUMNS("vstmia %[p]!, {s16-s19}\n\t"
                          "vstmia %[q]!, {s20-s23}");
    }
#else
    for (; count > 0; count--, biases++) {
        float x = *a++, y = *b++, z = *c++;
        float even = x + y + z + *biases, odd = y - z - *d++ + *biases;
        *p++ = rectified && even < 0.0f ? 0.0f : even;
        *q++ = rectified && odd < 0.0f ? 0.0f : odd;
    }
#endif
}

#endif
