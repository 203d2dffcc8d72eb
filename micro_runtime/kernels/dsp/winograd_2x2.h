/* SPDX-License-Identifier: MIT-0 */
/*
 * F(2 x 2, 3 x 3): outputs of a tile are Y = A' [U * (B' D B)] A for inputs D and transformed
 * weights U, which are four times what they would be, so that they are integers. Transformed inputs
 * lie in [-512, 512].
 */
#ifndef MICROLITH_DSP_WINOGRAD_2X2_H
#define MICROLITH_DSP_WINOGRAD_2X2_H

#include "winograd_tiles.h"

#if MR_DSP_ASM

/* clang-format off */

/* B' d of r8 to r11, into r8, r12, r10, r9. */
#define INPUT_2X2                          \
    "ssub16 r8, r8, r10\n\t"               \
    "sadd16 r12, r9, r10\n\t"              \
    "ssub16 r10, r10, r9\n\t"              \
    "ssub16 r9, r9, r11\n\t"

/* Two channels of a row's four pixels in r2 to r5; the results go to the columns of `partial`. */
#define ROW_2X2(rotate, half)                      \
    "sxtb16 r8, r2" rotate "\n\t"                  \
    "sxtb16 r9, r3" rotate "\n\t"                  \
    "sxtb16 r10, r4" rotate "\n\t"                 \
    "sxtb16 r11, r5" rotate "\n\t"                 \
    INPUT_2X2                                      \
    "str    r8, [r0, #0*32+" half "]\n\t"          \
    "str    r12, [r0, #1*32+" half "]\n\t"         \
    "str    r10, [r0, #2*32+" half "]\n\t"         \
    "str    r9, [r0, #3*32+" half "]\n\t"

#define COLUMN_2X2                         \
    "ldm    r0!, {r8-r11}\n\t"             \
    INPUT_2X2                              \
    "str    r8, [r3]\n\t"                  \
    "str    r12, [r3, r5]\n\t"             \
    "str    r10, [r3, r5, lsl #1]\n\t"     \
    "str    r9, [r4, r5, lsl #1]\n\t"

/* [sp]: first, groups left, stride, to, end of the rows. */
__attribute__((naked, noinline)) static void transform_2x2(mr_winograd_tile *tile)
{
    (void)tile;
    __asm__("push   {r4-r11, lr}\n\t"
            "add    r1, r0, #" TILE_BYTES "\n\t"
            "ldm    r1, {r2-r6}\n\t"
            "add    r7, r0, #16\n\t"
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
            ROW_2X2("", "0")
            ROW_2X2(", ror #8", "16")
            "add    r0, #4\n\t"
            "ldr    r8, [sp, #20]\n\t"
            "cmp    r0, r8\n\t"
            "bne    1b\n\t"
            "sub    r0, #16\n\t" /* its columns */
            "ldrd   r5, r3, [sp, #12]\n\t"
            "add    r4, r3, r5\n\t"
            "lsl    r6, r5, #2\n\t"
            "sub    r6, #8\n\t"
            "add    r7, r0, #128\n"
            "2:\n\t"
            COLUMN_2X2
            "add    r3, #8\n\t"
            "add    r4, #8\n\t"
            COLUMN_2X2
            "add    r3, r6\n\t"
            "add    r4, r6\n\t"
            "cmp    r0, r7\n\t"
            "bne    2b\n\t"
            "sub    r0, #128\n\t"
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

/* A' m of a column of sums at r0 and one slot on at r1, slots r12 apart. */
#define SUMS_2X2(upper, lower)                     \
    "ldr    r11, [r0, r12]\n\t"                    \
    "ldr    lr, [r0, r12, lsl #1]\n\t"             \
    "ldr    r10, [r0]\n\t"                         \
    "add    " upper ", r11, lr\n\t"                \
    "sub    " lower ", r11, lr\n\t"                \
    "add    " upper ", r10\n\t"                    \
    "ldr    r10, [r1, r12, lsl #1]\n\t"            \
    "sub    " lower ", r10\n\t"                    \
    "add    r0, r0, r12, lsl #2\n\t"               \
    "add    r1, r1, r12, lsl #2\n\t"

/* A' m of a row; the first two remain. Spoils r10 and r11. */
#define OUTPUT_2X2(m0, m1, m2, m3)                 \
    "add    r10, " m1 ", " m2 "\n\t"               \
    "sub    r11, " m1 ", " m2 "\n\t"               \
    "add    " m0 ", r10\n\t"                       \
    "sub    " m1 ", r11, " m3 "\n\t"

/* r0: sums, r1: stride, r2: output, r3: pixels, [sp, #44]: channel. */
#define FINISH_2X2(SCALE)                          \
    __asm__("push   {r2-r11, lr}\n\t"              \
            "mov    r12, r1\n\t"                   \
            "add    r1, r0, r12\n\t"               \
            SUMS_2X2("r2", "r3")                   \
            SUMS_2X2("r4", "r5")                   \
            SUMS_2X2("r6", "r7")                   \
            SUMS_2X2("r8", "r9")                   \
            OUTPUT_2X2("r2", "r4", "r6", "r8")     \
            OUTPUT_2X2("r3", "r5", "r7", "r9")     \
            "ldrd   r0, r1, [sp]\n\t"              \
            "ldm    r0, {r6-r10}\n\t"              \
            "mla    r2, r2, r6, r10\n\t"           \
            "mla    r3, r3, r6, r10\n\t"           \
            "mla    r4, r4, r6, r10\n\t"           \
            "mla    r5, r5, r6, r10\n\t"           \
            SCALE("r2", "r7", "r8", "r9", "r11")   \
            SCALE("r3", "r7", "r8", "r9", "r11")   \
            SCALE("r4", "r7", "r8", "r9", "r11")   \
            SCALE("r5", "r7", "r8", "r9", "r11")   \
            "ldr    r6, [sp, #44]\n\t"             \
            "ldm    r1, {r8-r11}\n\t"              \
            "strb   r5, [r11, r6]\n\t"             \
            "strb   r3, [r10, r6]\n\t"             \
            "strb   r4, [r9, r6]\n\t"              \
            "strb   r2, [r8, r6]\n\t"              \
            "pop    {r2-r11, pc}")

__attribute__((naked, noinline)) static void finish_2x2(const uint32_t *sums, uint32_t stride,
                                                        const mr_winograd_output *output,
                                                        int8_t *const *pixels, uint32_t channel)
{
    (void)sums, (void)stride, (void)output, (void)pixels, (void)channel;
    FINISH_2X2(WINOGRAD_SIGNED);
}

__attribute__((naked, noinline)) static void finish_2x2_scaled(const uint32_t *sums,
                                                               uint32_t stride,
                                                               const mr_winograd_output *output,
                                                               int8_t *const *pixels,
                                                               uint32_t channel)
{
    (void)sums, (void)stride, (void)output, (void)pixels, (void)channel;
    FINISH_2X2(WINOGRAD_SCALED);
}

/* clang-format on */

#else

/* B' d of four values `step` apart. */
static void input_2x2(uint32_t *d, uint32_t step)
{
    uint32_t d1 = d[step], d2 = d[2 * step];
    d[0] -= d2;
    d[step] = d1 + d2;
    d[2 * step] = d2 - d1;
    d[3 * step] = d1 - d[3 * step];
}

static void transform_2x2(mr_winograd_tile *tile)
{
    for (uint32_t i = 0; i < 4 * tile->groups; i++) {
        uint32_t *d = tile->partial, word = tile->stride / sizeof *d;
        for (uint32_t k = 0; k < 16; k++) {
            const uint8_t *row = tile->rows[k / 4] + tile->first + i;
            d[k] = (uint32_t)(int8_t)row[k % 4 * tile->bytes];
        }
        for (uint32_t k = 0; k < 4; k++) {
            input_2x2(d + 4 * k, 1);
        }
        for (uint32_t k = 0; k < 4; k++) {
            input_2x2(d + k, 4);
        }
        uint32_t *to = tile->to + i / 4 * MR_WINOGRAD_WORDS;
        for (uint32_t k = 0; k < 16; k++, to += word) {
            mr_winograd_put(to, i % 4, d[k % 4 * 4 + k / 4]);
        }
    }
}

/* A' m of four values `step` apart; two remain. */
static void output_2x2(uint32_t *m, uint32_t step)
{
    uint32_t m1 = m[step], m2 = m[2 * step];
    m[0] += m1 + m2;
    m[step] = m1 - m2 - m[3 * step];
}

static void finish_2x2(const uint32_t *sums, uint32_t stride, const mr_winograd_output *output,
                       int8_t *const *pixels, uint32_t channel)
{
    uint32_t m[16];
    for (uint32_t k = 0; k < 16; k++, sums += stride / sizeof *sums) {
        m[k] = *sums;
    }
    for (uint32_t k = 0; k < 4; k++) {
        output_2x2(m + 4 * k, 1);
    }
    for (uint32_t k = 0; k < 2; k++) {
        output_2x2(m + k, 4);
    }
    for (uint32_t k = 4; k-- > 0;) {
        uint32_t sum = m[k % 2 * 4 + k / 2], bias = (uint32_t)output->biases[0];
        pixels[k][channel] = mr_winograd_round(sum, bias, output);
    }
}

static void finish_2x2_scaled(const uint32_t *sums, uint32_t stride,
                              const mr_winograd_output *output, int8_t *const *pixels,
                              uint32_t channel)
{
    finish_2x2(sums, stride, output, pixels, channel);
}

#endif

#endif
