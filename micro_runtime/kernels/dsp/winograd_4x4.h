/* SPDX-License-Identifier: MIT-0 */
/*
 * F(4 x 4, 3 x 3): outputs of a tile are Y = A' [U * (B' D B)] A for inputs D and transformed
 * weights U, with integers throughout. U is 576 times what it would be (24 in each direction), so
 * that sums are 576 times the outputs, modulo 2^32.
 *
 * Inputs are taken as 0 to 255, transformed they lie in [-12750, 17340]. Two of them share a word
 * as low + 2^16 * high; LIFT keeps the lower one from borrowing when the word is taken apart, and
 * what it adds to the sums is in the biases.
 */
#ifndef MICROLITH_DSP_WINOGRAD_4X4_H
#define MICROLITH_DSP_WINOGRAD_4X4_H

#include "winograd_tiles.h"

#if MR_DSP_ASM

/* clang-format off */

/* B' d of r8 to r12, lr, into r8, r10, r12, r11, r9, lr; LIFTED adds r2. Spoils r1. */
#define INPUT_4X4(LIFTED)                  \
    "sub    r1, r11, r9\n\t"               \
    "sub    lr, lr, r11\n\t"               \
    "sub    lr, lr, r1, lsl #2\n\t"        \
    "sub    r11, r11, r9, lsl #2\n\t"      \
    "sub    r9, r12, r10\n\t"              \
    "sub    r8, r8, r10\n\t"               \
    "sub    r12, r12, r10, lsl #2\n\t"     \
    LIFTED                                 \
    "add    r8, r9, r8, lsl #2\n\t"        \
    "add    r10, r12, r11\n\t"             \
    "sub    r12, r12, r11\n\t"             \
    "add    r11, r9, r1, lsl #1\n\t"       \
    "sub    r9, r9, r1, lsl #1\n\t"

#define LIFTED_4X4                         \
    "add    r9, r2\n\t"                    \
    "add    r12, r2\n\t"                   \
    "add    lr, r2\n\t"

/* Two channels of a row's six pixels in r2 to r7; the results go to the columns of `partial`. */
#define ROW_4X4(rotate, half)                          \
    "mov    r1, #0x00800080\n\t"                       \
    "sxtab16 r8, r1, r2" rotate "\n\t"                 \
    "sxtab16 r9, r1, r3" rotate "\n\t"                 \
    "sxtab16 r10, r1, r4" rotate "\n\t"                \
    "sxtab16 r11, r1, r5" rotate "\n\t"                \
    "sxtab16 r12, r1, r6" rotate "\n\t"                \
    "sxtab16 lr, r1, r7" rotate "\n\t"                 \
    INPUT_4X4("")                                      \
    "str    r8, [r0, #0*48+" half "]\n\t"              \
    "str    r10, [r0, #1*48+" half "]\n\t"             \
    "str    r12, [r0, #2*48+" half "]\n\t"             \
    "str    r11, [r0, #3*48+" half "]\n\t"             \
    "str    r9, [r0, #4*48+" half "]\n\t"              \
    "str    lr, [r0, #5*48+" half "]\n\t"

#define COLUMN_4X4                         \
    "ldm    r0!, {r8-r12, lr}\n\t"         \
    INPUT_4X4(LIFTED_4X4)                  \
    "str    r8, [r3]\n\t"                  \
    "str    r10, [r3, r5]\n\t"             \
    "str    r12, [r3, r5, lsl #1]\n\t"     \
    "str    r11, [r4, r5, lsl #1]\n\t"     \
    "str    r9, [r3, r5, lsl #2]\n\t"      \
    "str    lr, [r4, r5, lsl #2]\n\t"

/* [sp]: first, groups left, stride, to, end of the rows. */
__attribute__((naked, noinline)) static void transform_4x4(mr_winograd_tile *tile)
{
    (void)tile;
    __asm__("push   {r4-r11, lr}\n\t"
            "add    r1, r0, #" TILE_BYTES "\n\t"
            "ldm    r1, {r2-r6}\n\t"
            "add    r7, r0, #24\n\t"
            "push   {r2-r7}\n"
            "1:\n\t" /* a group: its rows */
            "ldrd   r10, r9, [sp]\n\t"
            "ldr    r8, [r0, #" TILE_ROWS "]\n\t"
            "add    r8, r9\n\t"
            "add    r9, r8, r10\n\t"
            "ldr    r2, [r8]\n\t"
            "ldr    r3, [r8, r10]\n\t"
            "ldr    r4, [r8, r10, lsl #1]\n\t"
            "ldr    r5, [r9, r10, lsl #1]\n\t"
            "ldr    r6, [r8, r10, lsl #2]\n\t"
            "ldr    r7, [r9, r10, lsl #2]\n\t"
            ROW_4X4("", "0")
            ROW_4X4(", ror #8", "24")
            "add    r0, #4\n\t"
            "ldr    r8, [sp, #20]\n\t"
            "cmp    r0, r8\n\t"
            "bne    1b\n\t"
            "sub    r0, #24\n\t" /* its columns */
            "ldrd   r5, r3, [sp, #12]\n\t"
            "add    r4, r3, r5\n\t"
            "add    r6, r5, r5, lsl #1\n\t"
            "lsl    r6, r6, #1\n\t"
            "sub    r6, #8\n\t"
            "add    r7, r0, #" TILE_ROWS "\n\t"
            "mov    r2, #12800\n"
            "2:\n\t"
            COLUMN_4X4
            "add    r3, #8\n\t"
            "add    r4, #8\n\t"
            COLUMN_4X4
            "add    r3, r6\n\t"
            "add    r4, r6\n\t"
            "cmp    r0, r7\n\t"
            "bne    2b\n\t"
            "sub    r0, #" TILE_ROWS "\n\t"
            "ldrd   r1, r2, [sp, #4]\n\t"
            "ldr    r3, [sp, #16]\n\t"
            "add    r1, #4\n\t"
            "add    r3, #16\n\t"
            "str    r3, [sp, #16]\n\t"
            "subs   r2, #1\n\t"
            "strd   r1, r2, [sp, #4]\n\t"
            "bne    1b\n\t"
            "add    sp, #24\n\t"
            "pop    {r4-r11, pc}");
}

/* A' m of r2 to r7, into r2 to r5. Spoils r8 to r11. */
#define OUTPUT_4X4                         \
    "add    r8, r3, r4\n\t"                \
    "sub    r9, r3, r4\n\t"                \
    "add    r10, r5, r6\n\t"               \
    "sub    r11, r5, r6\n\t"               \
    "add    r2, r8\n\t"                    \
    "add    r2, r10\n\t"                   \
    "add    r3, r9, r11, lsl #1\n\t"       \
    "add    r4, r8, r10, lsl #2\n\t"       \
    "add    r5, r9, r11, lsl #3\n\t"       \
    "add    r5, r5, r7, lsl #1\n\t"

/* A column of sums at r0 and one slot on at r1, slots r12 apart, to lr. */
#define SUMS_4X4                           \
    "ldr    r2, [r0]\n\t"                  \
    "ldr    r3, [r0, r12]\n\t"             \
    "ldr    r4, [r0, r12, lsl #1]\n\t"     \
    "ldr    r5, [r1, r12, lsl #1]\n\t"     \
    "ldr    r6, [r0, r12, lsl #2]\n\t"     \
    "ldr    r7, [r1, r12, lsl #2]\n\t"     \
    OUTPUT_4X4                             \
    "stm    lr!, {r2-r5}\n\t"

#define NEXT_4X4                           \
    "add    r0, r0, r12, lsl #2\n\t"       \
    "add    r0, r0, r12, lsl #1\n\t"       \
    "add    r1, r0, r12\n\t"

/* A row of outputs, from [column][row] at sp: biases end at r1, pixels at r0. */
#define OUTPUTS_4X4(SCALE, row)            \
    "ldr    r2, [sp, #0*16+" row "]\n\t"   \
    "ldr    r3, [sp, #1*16+" row "]\n\t"   \
    "ldr    r4, [sp, #2*16+" row "]\n\t"   \
    "ldr    r5, [sp, #3*16+" row "]\n\t"   \
    "ldr    r6, [sp, #4*16+" row "]\n\t"   \
    "ldr    r7, [sp, #5*16+" row "]\n\t"   \
    OUTPUT_4X4                             \
    "ldmdb  r1!, {r8-r11}\n\t"             \
    "mla    r2, r2, r12, r8\n\t"           \
    "mla    r3, r3, r12, r9\n\t"           \
    "mla    r4, r4, r12, r10\n\t"          \
    "mla    r5, r5, r12, r11\n\t"          \
    "ldrd   r6, r7, [sp, #96]\n\t"         \
    SCALE("r2", "lr", "r6", "r7", "r8")    \
    SCALE("r3", "lr", "r6", "r7", "r8")    \
    SCALE("r4", "lr", "r6", "r7", "r8")    \
    SCALE("r5", "lr", "r6", "r7", "r8")    \
    "ldr    r7, [sp, #140]\n\t"            \
    "ldmdb  r0!, {r8-r11}\n\t"             \
    "strb   r5, [r11, r7]\n\t"             \
    "strb   r4, [r10, r7]\n\t"             \
    "strb   r3, [r9, r7]\n\t"              \
    "strb   r2, [r8, r7]\n\t"

/* r0: sums, r1: stride, r2: output, r3: pixels, [sp, #140]: channel. */
#define FINISH_4X4(SCALE)                  \
    __asm__("push   {r4-r11, lr}\n\t"      \
            "sub    sp, #104\n\t"          \
            "strd   r2, r3, [sp, #96]\n\t" \
            "mov    r12, r1\n\t"           \
            "add    r1, r0, r12\n\t"       \
            "mov    lr, sp\n\t"            \
            SUMS_4X4 NEXT_4X4              \
            SUMS_4X4 NEXT_4X4              \
            SUMS_4X4 NEXT_4X4              \
            SUMS_4X4 NEXT_4X4              \
            SUMS_4X4 NEXT_4X4              \
            SUMS_4X4                       \
            "ldrd   r1, r0, [sp, #96]\n\t" \
            "ldm    r1!, {r6, r7, r8, r9}\n\t" \
            "mov    r12, r6\n\t"           \
            "mov    lr, r7\n\t"            \
            "strd   r8, r9, [sp, #96]\n\t" \
            "add    r1, #64\n\t"           \
            "add    r0, #64\n\t"           \
            OUTPUTS_4X4(SCALE, "12")       \
            OUTPUTS_4X4(SCALE, "8")        \
            OUTPUTS_4X4(SCALE, "4")        \
            OUTPUTS_4X4(SCALE, "0")        \
            "add    sp, #104\n\t"          \
            "pop    {r4-r11, pc}")

__attribute__((naked, noinline)) static void finish_4x4(const uint32_t *sums, uint32_t stride,
                                                        const mr_winograd_output *output,
                                                        int8_t *const *pixels, uint32_t channel)
{
    (void)sums, (void)stride, (void)output, (void)pixels, (void)channel;
    FINISH_4X4(WINOGRAD_SIGNED);
}

__attribute__((naked, noinline)) static void finish_4x4_scaled(const uint32_t *sums,
                                                               uint32_t stride,
                                                               const mr_winograd_output *output,
                                                               int8_t *const *pixels,
                                                               uint32_t channel)
{
    (void)sums, (void)stride, (void)output, (void)pixels, (void)channel;
    FINISH_4X4(WINOGRAD_SCALED);
}

/* clang-format on */

#else

#define LIFT_4X4 12800u

/* B' d of six values `step` apart. */
static void input_4x4(uint32_t *d, uint32_t step)
{
    uint32_t d0 = d[0], d1 = d[step], d2 = d[2 * step], d3 = d[3 * step], d4 = d[4 * step];
    uint32_t odd = d3 - 4 * d1, even = d4 - 4 * d2;
    d[0] = 4 * d0 - 5 * d2 + d4;
    d[5 * step] += 4 * d1 - 5 * d3;
    d[step] = even + odd;
    d[2 * step] = even - odd;
    d[3 * step] = d4 - d2 + 2 * (d3 - d1);
    d[4 * step] = d4 - d2 - 2 * (d3 - d1);
}

static void transform_4x4(mr_winograd_tile *tile)
{
    for (uint32_t i = 0; i < 4 * tile->groups; i++) {
        uint32_t *d = tile->partial, channel = i % 4, word = tile->stride / sizeof *d;
        for (uint32_t k = 0; k < 36; k++) {
            const uint8_t *row = tile->rows[k / 6] + tile->first + i;
            d[k] = (uint32_t)((int8_t)row[k % 6 * tile->bytes] + 128);
        }
        for (uint32_t k = 0; k < 6; k++) {
            input_4x4(d + 6 * k, 1);
        }
        for (uint32_t k = 0; k < 6; k++) {
            input_4x4(d + k, 6);
        }
        uint32_t *to = tile->to + i / 4 * MR_WINOGRAD_WORDS;
        for (uint32_t k = 0; k < 36; k++, to += word) {
            mr_winograd_put(to, channel, d[k % 6 * 6 + k / 6] + (channel < 2 ? LIFT_4X4 : 0));
        }
    }
}

/* A' m of six values `step` apart; four remain. */
static void output_4x4(uint32_t *m, uint32_t step)
{
    uint32_t m1 = m[step], m2 = m[2 * step], m3 = m[3 * step], m4 = m[4 * step];
    m[0] += m1 + m2 + m3 + m4;
    m[step] = m1 - m2 + 2 * (m3 - m4);
    m[2 * step] = m1 + m2 + 4 * (m3 + m4);
    m[3 * step] = m1 - m2 + 8 * (m3 - m4) + 2 * m[5 * step];
}

static void finish_4x4(const uint32_t *sums, uint32_t stride, const mr_winograd_output *output,
                       int8_t *const *pixels, uint32_t channel)
{
    uint32_t m[36];
    for (uint32_t k = 0; k < 36; k++, sums += stride / sizeof *sums) {
        m[k] = *sums;
    }
    for (uint32_t k = 0; k < 6; k++) {
        output_4x4(m + 6 * k, 1);
    }
    for (uint32_t k = 0; k < 4; k++) {
        output_4x4(m + k, 6);
    }
    for (uint32_t k = 16; k-- > 0;) {
        uint32_t sum = m[k % 4 * 6 + k / 4], bias = (uint32_t)output->biases[k];
        pixels[k][channel] = mr_winograd_round(sum, bias, output);
    }
}

static void finish_4x4_scaled(const uint32_t *sums, uint32_t stride,
                              const mr_winograd_output *output, int8_t *const *pixels,
                              uint32_t channel)
{
    finish_4x4(sums, stride, output, pixels, channel);
}

#endif

#endif
