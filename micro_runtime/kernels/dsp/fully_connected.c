/* SPDX-License-Identifier: MIT-0 */
/*
 * Fully connected layers with SMLAD and weights of one byte. Two units share 16 bits, u + 256 v:
 *
 *     sum of x * (u + 256 v) = sum of x * u + 256 * (sum of x * v)
 *
 * so that a word of two inputs is multiplied with two units as it is; only u, which gives the first
 * sum, has to be widened. The second sum is what is left, exactly as long as it fits 24 bits: 14
 * instructions for 16 products.
 *
 * Where there is room for half as much again, three sums tell four units apart (quads.h): 8
 * instructions for 16 products, or 10 where inputs are widened only there, without scratch.
 */
#include "fully_connected.h"

#include <string.h>

#include "dsp.h"
#include "quads.h"

#define LANES 4u

static inline uint32_t *widen_group(uint32_t four, uint32_t *to)
{
    to[0] = mr_sxtab16(0, four);
    to[1] = mr_sxtab16_ror8(0, four);
    return to + 2;
}

/* Elements 0 and 2, then 1 and 3 of each group; the last one is filled up with zeros. */
static void widen(const int8_t *input, uint32_t depth, uint32_t *to)
{
    uint32_t four = 0;
    for (const int8_t *end = input + depth / 4 * 4; input != end; input += 4) {
        memcpy(&four, input, sizeof four);
        to = widen_group(four, to);
    }
    if (depth % 4 != 0) {
        four = 0;
        memcpy(&four, input, depth % 4);
        widen_group(four, to);
    }
}

#if MR_DSP_ASM

#define MULTIPLY_PAIR(weights, inputs, first, both)                                                \
    "sxtb16 r12, " weights "\n\t"                                                                  \
    "smlad " both ", " weights ", " inputs ", " both "\n\t"                                        \
    "smlad " first ", r12, " inputs ", " first "\n\t"

#define MULTIPLY_GROUP                                                                             \
    "ldrd r3, lr, [r0], #8\n\t"                                                                    \
    "ldm r1!, {r4-r7}\n\t" MULTIPLY_PAIR("r4", "r3", "r8", "r9")                                   \
        MULTIPLY_PAIR("r5", "r3", "r10", "r11") MULTIPLY_PAIR("r6", "lr", "r8", "r9")              \
            MULTIPLY_PAIR("r7", "lr", "r10", "r11")

/* Four inputs of four units, 32 bytes of code. */
#define MULTIPLY_QUAD                                                                              \
    "ldmia.w r0!, {r5, r6}\n\t"                                                                    \
    "ldmia.w r1!, {r7-r12}\n\t"                                                                    \
    "smlad r2, r5, r7, r2\n\t"                                                                     \
    "smlad r3, r5, r8, r3\n\t"                                                                     \
    "smlad r4, r5, r9, r4\n\t"                                                                     \
    "smlad r2, r6, r10, r2\n\t"                                                                    \
    "smlad r3, r6, r11, r3\n\t"                                                                    \
    "smlad r4, r6, r12, r4\n\t"

#define TWO_QUADS MULTIPLY_QUAD MULTIPLY_QUAD

/* Eight groups a turn; the first one starts where what is left is a multiple of them. */
__attribute__((naked, noinline)) static void
multiply_quads(const void *inputs, const uint32_t *weights, uint32_t groups, int32_t sums[LANES])
{
    (void)inputs, (void)weights, (void)groups, (void)sums;
    __asm__(
        "push {r3-r11, lr}\n\t"
        "add lr, r0, r2, lsl #3\n\t"
        "sub r2, #1\n\t"
        "and r2, #7\n\t"
        "add r2, #1\n\t"
        "adr.w r5, 2f\n\t"
        "sub r5, r5, r2, lsl #5\n\t"
        "mov r2, #0\n\t"
        "mov r3, #0\n\t"
        "mov r4, #0\n\t"
        "mov pc, r5\n"
        "1:\n\t" TWO_QUADS TWO_QUADS TWO_QUADS TWO_QUADS "2:\n\t"
        "cmp r0, lr\n\t"
        "bne.w 1b\n\t" MR_QUAD_SUMS("r2", "r3", "r4", "r5", "r6", "r7", "r8") "pop {r3}\n\t"
                                                                              "stm r3, {r5-r8}\n\t"
                                                                              "pop {r4-r11, pc}");
}

/* The same for inputs as they are, 40 bytes of code. */
#define MULTIPLY_BYTES                                                                             \
    "ldr r6, [r0], #4\n\t"                                                                         \
    "ldmia.w r1!, {r7-r12}\n\t"                                                                    \
    "sxtb16 r5, r6\n\t"                                                                            \
    "sxtb16 r6, r6, ror #8\n\t"                                                                    \
    "smlad r2, r5, r7, r2\n\t"                                                                     \
    "smlad r3, r5, r8, r3\n\t"                                                                     \
    "smlad r4, r5, r9, r4\n\t"                                                                     \
    "smlad r2, r6, r10, r2\n\t"                                                                    \
    "smlad r3, r6, r11, r3\n\t"                                                                    \
    "smlad r4, r6, r12, r4\n\t"

#define TWO_BYTES MULTIPLY_BYTES MULTIPLY_BYTES

__attribute__((naked, noinline)) static void
multiply_bytes(const void *inputs, const uint32_t *weights, uint32_t groups, int32_t sums[LANES])
{
    (void)inputs, (void)weights, (void)groups, (void)sums;
    __asm__(
        "push {r3-r11, lr}\n\t"
        "add lr, r0, r2, lsl #2\n\t"
        "sub r2, #1\n\t"
        "and r2, #7\n\t"
        "add r2, #1\n\t"
        "adr.w r5, 2f\n\t"
        "mov r6, #40\n\t"
        "mls r5, r2, r6, r5\n\t"
        "mov r2, #0\n\t"
        "mov r3, #0\n\t"
        "mov r4, #0\n\t"
        "mov pc, r5\n"
        "1:\n\t" TWO_BYTES TWO_BYTES TWO_BYTES TWO_BYTES "2:\n\t"
        "cmp r0, lr\n\t"
        "bne.w 1b\n\t" MR_QUAD_SUMS("r2", "r3", "r4", "r5", "r6", "r7", "r8") "pop {r3}\n\t"
                                                                              "stm r3, {r5-r8}\n\t"
                                                                              "pop {r4-r11, pc}");
}

/* Two groups a turn; with an odd number the first turn starts in the middle. */
__attribute__((naked, noinline)) static void
multiply_block(const void *inputs, const uint32_t *weights, uint32_t groups, int32_t sums[LANES])
{
    (void)inputs, (void)weights, (void)groups, (void)sums;
    __asm__("push {r3-r11, lr}\n\t"
            "mov r8, #0\n\t"
            "mov r9, #0\n\t"
            "mov r10, #0\n\t"
            "mov r11, #0\n\t"
            "tst r2, #1\n\t"
            "add r2, r0, r2, lsl #3\n\t"
            "bne 2f\n"
            "1:\n\t" MULTIPLY_GROUP "2:\n\t" MULTIPLY_GROUP "cmp r0, r2\n\t"
            "bne 1b\n\t"
            "sub r9, r8\n\t"
            "sub r11, r10\n\t"
            "pop {r3}\n\t"
            "asr r9, #8\n\t"
            "asr r11, #8\n\t"
            "stm r3, {r8-r11}\n\t"
            "pop {r4-r11, pc}");
}

#else

static void multiply_block(const void *given, const uint32_t *weights, uint32_t groups,
                           int32_t sums[LANES])
{
    const uint32_t *inputs = given;
    int32_t first[2] = {0, 0}, both[2] = {0, 0};
    for (const uint32_t *end = inputs + 2 * groups; inputs != end; inputs++) {
        for (uint32_t pair = 0; pair < 2; pair++, weights++) {
            both[pair] = mr_smlad(*weights, *inputs, both[pair]);
            first[pair] = mr_smlad(mr_sxtab16(0, *weights), *inputs, first[pair]);
        }
    }
    for (uint32_t pair = 0; pair < 2; pair++) {
        sums[2 * pair] = first[pair];
        sums[2 * pair + 1] = (int32_t)((uint32_t)both[pair] - (uint32_t)first[pair]) >> 8;
    }
}

static void multiply_quads(const void *inputs, const uint32_t *weights, uint32_t groups,
                           int32_t sums[LANES])
{
    const uint32_t *input = inputs;
    int32_t three[3] = {0, 0, 0};
    for (const uint32_t *end = input + 2 * groups; input != end; input++) {
        for (uint32_t i = 0; i < 3; i++, weights++) {
            three[i] = mr_smlad(*weights, *input, three[i]);
        }
    }
    mr_quad_sums(three, sums);
}

static void multiply_bytes(const void *inputs, const uint32_t *weights, uint32_t groups,
                           int32_t sums[LANES])
{
    const int8_t *input = inputs;
    int32_t three[3] = {0, 0, 0};
    for (const int8_t *end = input + 4 * groups; input != end; input += 4) {
        uint32_t four, wide[2];
        memcpy(&four, input, sizeof four);
        widen_group(four, wide);
        for (uint32_t i = 0; i < 6; i++, weights++) {
            three[i % 3] = mr_smlad(*weights, wide[i / 3], three[i % 3]);
        }
    }
    mr_quad_sums(three, sums);
}

#endif

/* Multiplies a block of units, of whose weights a group takes `words`. */
typedef struct product {
    void (*block)(const void *inputs, const uint32_t *weights, uint32_t groups,
                  int32_t sums[LANES]);
    uint32_t words;
    uint32_t widens; /* whether inputs have to be 16 bits wide */
} product;

static void connect(const mr_context *context, const mr_fully_connected_s8_dsp_params *p,
                    const product *multiply, const void *inputs, int8_t *output)
{
    const uint32_t *weights = mr_data_at(context, p->weights);
    const int32_t *biases = mr_data_at(context, p->biases);
    const mr_dsp_scale *scale = mr_data_at(context, p->scales);
    const uint32_t groups = p->groups, step = p->per_unit; /* stores of int8 may alias anything */
    for (uint32_t left = p->units; left != 0;) {
        int32_t sums[LANES];
        uint32_t count = left < LANES ? left : LANES;
        multiply->block(inputs, weights, groups, sums);
        weights += multiply->words * groups;
        for (uint32_t i = 0; i < count; i++, scale += step) {
            int32_t sum = (int32_t)((uint32_t)sums[i] + (uint32_t)*biases++);
            *output++ = (int8_t)mr_dsp_requantize_once(sum, scale);
        }
        left -= count;
    }
}

static void connect_all(const mr_context *context, const mr_fully_connected_s8_dsp_params *p,
                        const product *multiply)
{
    const int8_t *input = mr_data_at(context, p->input);
    int8_t *output = mr_arena_at(context, p->output);
    uint32_t *inputs = mr_arena_at(context, p->scratch);
    int clamps = p->least != INT8_MIN || p->most != INT8_MAX;
    for (uint32_t batch = 0; batch < p->batches; batch++, input += p->depth, output += p->units) {
        if (multiply->widens) {
            widen(input, p->depth, inputs);
        }
        connect(context, p, multiply, multiply->widens ? (const void *)inputs : input, output);
        if (clamps) {
            mr_dsp_clamp(output, p->units, p->least, p->most);
        }
    }
}

mr_status mr_fully_connected_s8_dsp(const mr_context *context, const void *params, mr_band band)
{
    static const product pairs = {multiply_block, 4, 1};
    (void)band;
    connect_all(context, params, &pairs);
    return MR_OK;
}

mr_status mr_fully_connected_s8_quads(const mr_context *context, const void *params, mr_band band)
{
    static const product quads = {multiply_quads, 6, 1};
    (void)band;
    connect_all(context, params, &quads);
    return MR_OK;
}

mr_status mr_fully_connected_s8_quads_bytes(const mr_context *context, const void *params,
                                            mr_band band)
{
    static const product quads = {multiply_bytes, 6, 0};
    (void)band;
    connect_all(context, params, &quads);
    return MR_OK;
}
