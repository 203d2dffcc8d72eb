/* SPDX-License-Identifier: MIT-0 */
/*
 * Convolutions of three pixels and two output channels at a time, whose outputs are a line of the
 * sums: one SMMLA and one SSAT each, the shift of which is the same for all channels.
 *
 * SMLAL makes three products of an instruction. With z = 2^21, inputs a, b, c of three pixels and
 * weights u, v of two channels, packed into words,
 *
 *     (a + bz)(u + vz) = au + (bu + av)z + bv z^2
 *     (b + cz)(u + vz) = bu + (cu + bv)z + cv z^2
 *
 * so that two accumulators of 64 bits sum all six products: 11 instructions for 24 products. The
 * sums come apart again, each raised to the top of a word, because the code generator has made sure
 * that no field overflows. The accumulators start with half a field in the two lower ones, so that
 * they never borrow from the next.
 *
 * SMLAD makes two, of weights that take one byte: 17 instructions for 24 products. Both channels
 * share 16 bits, u + 256 v:
 *
 *     sum of x * (u + 256 v) = sum of x * u + 256 * (sum of x * v)
 *
 * so that only u has to be widened. Inputs are taken from -128 on and are raised by 3 bits when
 * they are widened, or by 1 where sums are large: what is left of the second sum is raised by 8
 * more.
 */
#include "conv_line.h"

#include "gather.h"
#include "line.h"

#define PIXELS 3u
#define FIELD  21

/*
 * Three pixels: outputs, packed inputs and the stream of constants. The products of a pair go round
 * a loop of TURN blocks that starts `skip` bytes of code from its top.
 */
typedef struct job {
    int8_t *out[PIXELS];
    const void *inputs;
    const void *inputs_end;
    uint32_t skip;
    const void *end;
    const void *stream;
} job;

#define TURN 8u

/* Packs `bytes` of each pixel to `to`, and returns where they end. */
typedef void *pack_bytes(const int8_t *a, const int8_t *b, const int8_t *c, uint32_t bytes,
                         void *to);

/* Windows of three neighbours inside a row of pixels: run k of the first one starts at
 * rows[k] + offset, those of the others `step` and twice as many bytes further on. */
typedef struct neighbours {
    const int8_t *const *rows;
    const int8_t *const *rows_end;
    uint32_t offset;
    uint32_t run;
    uint32_t step;
    void *to;
} neighbours;

/* All channels of three pixels. */
typedef void compute_pixels(const job *work);

#if MR_DSP_ASM

/* clang-format off */

#define FIELDS_BLOCK_CODE 44u /* bytes of FIELDS_BLOCK and HALVES_BLOCK */
#define HALVES_BLOCK_CODE 68u

_Static_assert(sizeof(job) == 32 && offsetof(job, stream) == 28, "the assembly relies on it");

/* Places on the stack: the job without the stream, with the entry of the loop as `skip`. */
#define INPUTS     "12"
#define INPUTS_END "16"
#define ENTRY      "20"
#define END        "24"

/* Goes with the job at r0; the stream goes to `stream`. */
#define ENTER(stream)                           \
    "push   {r4-r11, lr}\n\t"                   \
    "sub    sp, #28\n\t"                        \
    "ldm    r0, {r1-r8}\n\t"                    \
    "adr.w  lr, 2f\n\t"                         \
    "add    r6, lr\n\t"                         \
    "orr    r6, #1\n\t"                         \
    "stm    sp, {r1-r7}\n\t"                    \
    "mov    " stream ", r8\n"                   \
    "1:\n\t" /* a pair of channels */

#define LEAVE                                   \
    "add    sp, #28\n\t"                        \
    "pop    {r4-r11, pc}"

/* An output in `sum`, which goes to `out`. */
#define ON_LINE(sum, multiplier, offset, shift, out)           \
    "smmla  " sum ", " sum ", " multiplier ", " offset "\n\t"  \
    "ssat   " sum ", #8, " sum ", asr #" shift "\n\t"          \
    "strb   " sum ", [" out "], #1\n\t"

#define ON_BENT(sum, multiplier, offset, drop, spoiled, shift, out)  \
    "and    " spoiled ", " drop ", " sum ", asr #31\n\t"             \
    "add    " spoiled ", " offset "\n\t"                             \
    ON_LINE(sum, multiplier, spoiled, shift, out)

/* Eight bytes of words a and b, c in r4 to r6, from bit `ror` on, to r7 to r10; spoils lr. */
#define PACK_FIELDS(ror0, ror1)                 \
    "sxtb   r8, r5" ror0 "\n\t"                 \
    "sxtb   r9, r6" ror0 "\n\t"                 \
    "sxtb   lr, r4" ror0 "\n\t"                 \
    "add    r7, lr, r8, lsl #21\n\t"            \
    "add    r8, r8, r9, lsl #21\n\t"            \
    "sxtb   r10, r5" ror1 "\n\t"                \
    "sxtb   r11, r6" ror1 "\n\t"                \
    "sxtb   lr, r4" ror1 "\n\t"                 \
    "add    r9, lr, r10, lsl #21\n\t"           \
    "add    r10, r10, r11, lsl #21\n\t"         \
    "stm    r12!, {r7-r10}\n\t"

/* [tap][a + bz, b + cz] */
/* A run of r3 bytes from r0 on, and those of the other pixels, which are found by the operands that
 * load words and bytes, to r12. */
#define PACK_RUN(word_b, word_c, to_bytes, byte_b, byte_c) \
    "subs   r3, #4\n\t"                         \
    "blo    2f\n"                               \
    "1:\n\t"                                    \
    "ldr    r4, [r0], #4\n\t"                   \
    "ldr    r5, " word_b                        \
    "ldr    r6, " word_c                        \
    PACK_FIELDS("", ", ror #8")                 \
    PACK_FIELDS(", ror #16", ", ror #24")       \
    "subs   r3, #4\n\t"                         \
    "bhs    1b\n"                               \
    "2:\n\t"                                    \
    "adds   r3, #4\n\t"                         \
    "beq    4f\n\t"                             \
    to_bytes                                    \
    "3:\n\t"                                    \
    "ldrsb  r4, [r0], #1\n\t"                   \
    "ldrsb  r5, " byte_b                        \
    "ldrsb  r6, " byte_c                        \
    "add    r7, r4, r5, lsl #21\n\t"            \
    "add    r8, r5, r6, lsl #21\n\t"            \
    "stm    r12!, {r7, r8}\n\t"                 \
    "subs   r3, #1\n\t"                         \
    "bne    3b\n"                               \
    "4:\n\t"

__attribute__((naked, noinline)) static void *pack_fields(const int8_t *a, const int8_t *b,
                                                          const int8_t *c, uint32_t bytes, void *to)
{
    (void)a, (void)b, (void)c, (void)bytes, (void)to;
    __asm__("push   {r4-r11, lr}\n\t"
            "ldr    r12, [sp, #36]\n\t"
            PACK_RUN("[r1], #4\n\t", "[r2], #4\n\t", "", "[r1], #1\n\t", "[r2], #1\n\t")
            "mov    r0, r12\n\t"
            "pop    {r4-r11, pc}");
}

_Static_assert(offsetof(neighbours, to) == 20, "the assembly relies on it");

/* The steps to the neighbours, less what r0 has gone on, are in r1 and r2. */
__attribute__((naked, noinline)) static void pack_neighbours(const neighbours *from)
{
    (void)from;
    __asm__("push   {r4-r11, lr}\n\t"
            "sub    sp, #20\n\t"
            "ldm    r0, {r3-r7, r12}\n\t"
            "stm    sp, {r3-r7}\n"
            "5:\n\t"
            "ldm    sp, {r4-r8}\n\t"
            "ldr    r0, [r4], #4\n\t"
            "str    r4, [sp]\n\t"
            "add    r0, r6\n\t"
            "mov    r3, r7\n\t"
            "sub    r1, r8, #4\n\t"
            "add    r2, r1, r8\n\t"
            PACK_RUN("[r0, r1]\n\t", "[r0, r2]\n\t", "add r1, #3\n\t" "add r2, #3\n\t",
                     "[r0, r1]\n\t", "[r0, r2]\n\t")
            "ldrd   r4, r5, [sp]\n\t"
            "cmp    r4, r5\n\t"
            "bne    5b\n\t"
            "add    sp, #20\n\t"
            "pop    {r4-r11, pc}");
}

/* [block][taps 0 and 2, taps 1 and 3][pixel], from -128 on, raised; whole words. `half` is the mask
 * of a raised byte. */
#define PACK_HALVES(half, left, right)          \
    __asm__("push   {r4-r11, lr}\n\t"           \
            "ldr    r12, [sp, #36]\n\t"         \
            "movw   r11, #" half "\n\t"         \
            "movt   r11, #" half "\n"           \
            "1:\n\t"                            \
            "ldr    r4, [r0], #4\n\t"           \
            "ldr    r5, [r1], #4\n\t"           \
            "ldr    r6, [r2], #4\n\t"           \
            "eor    r4, #0x80808080\n\t"        \
            "eor    r5, #0x80808080\n\t"        \
            "eor    r6, #0x80808080\n\t"        \
            "and    r7, r11, r4, lsr #" right "\n\t" \
            "and    r8, r11, r5, lsr #" right "\n\t" \
            "and    r9, r11, r6, lsr #" right "\n\t" \
            "and    r4, r11, r4, lsl #" left "\n\t"  \
            "and    r5, r11, r5, lsl #" left "\n\t"  \
            "and    r6, r11, r6, lsl #" left "\n\t"  \
            "stm    r12!, {r4-r9}\n\t"          \
            "subs   r3, #4\n\t"                 \
            "bne    1b\n\t"                     \
            "mov    r0, r12\n\t"                \
            "pop    {r4-r11, pc}")

__attribute__((naked, noinline)) static void *pack_eightfold(const int8_t *a, const int8_t *b,
                                                             const int8_t *c, uint32_t bytes,
                                                             void *to)
{
    (void)a, (void)b, (void)c, (void)bytes, (void)to;
    PACK_HALVES("0x07f8", "3", "5");
}

__attribute__((naked, noinline)) static void *pack_twofold(const int8_t *a, const int8_t *b,
                                                           const int8_t *c, uint32_t bytes,
                                                           void *to)
{
    (void)a, (void)b, (void)c, (void)bytes, (void)to;
    PACK_HALVES("0x01fe", "1", "7");
}

/* Two taps: inputs at r0, accumulators in r2:r3 and r4:r5. */
#define FIELDS_TAPS(first, second)              \
    "ldm    r0!, {r6-r9}\n\t"                   \
    "smlal  r2, r3, r6, " first "\n\t"          \
    "smlal  r4, r5, r7, " first "\n\t"          \
    "smlal  r2, r3, r8, " second "\n\t"         \
    "smlal  r4, r5, r9, " second "\n\t"

/* Four: the stream is at r1. */
#define FIELDS_BLOCK                            \
    "ldm    r1!, {r10-r12, lr}\n\t"             \
    FIELDS_TAPS("r10", "r11")                   \
    FIELDS_TAPS("r12", "lr")

/*
 * Fields come apart with 2^31 in r0, outputs in r10 to r12: au, bu and cu in lr, av in r2, bv and cv
 * in r3 and r5, these two raised by 10 bits.
 */
#define COMPUTE_FIELDS(LOAD_U, ON_U, LOAD_V, ON_V, HALVE_V)     \
    __asm__(ENTER("r1")                                         \
            "ldm    r1!, {r2, r3}\n\t"                          \
            "ldr    r0, [sp, #" INPUTS "]\n\t"                  \
            "mov    r4, r2\n\t"                                 \
            "mov    r5, r3\n\t"                                 \
            "ldr    pc, [sp, #" ENTRY "]\n"                     \
            "2:\n\t"                                            \
            FIELDS_BLOCK FIELDS_BLOCK FIELDS_BLOCK FIELDS_BLOCK \
            FIELDS_BLOCK FIELDS_BLOCK FIELDS_BLOCK FIELDS_BLOCK \
            "ldr    lr, [sp, #" INPUTS_END "]\n\t"              \
            "cmp    r0, lr\n\t"                                 \
            "bne    2b\n\t"                                     \
            LOAD_U                                              \
            "ldm    sp, {r10-r12}\n\t"                          \
            "mov    r0, #0x80000000\n\t"                        \
            "add    lr, r0, r2, lsl #11\n\t"                    \
            ON_U("lr", "15", "r10")                             \
            "add    lr, r0, r4, lsl #11\n\t"                    \
            ON_U("lr", "15", "r11")                             \
            "lsl    lr, r3, #22\n\t"                            \
            "orr    lr, lr, r2, lsr #10\n\t"                    \
            "bfc    lr, #0, #11\n\t"                            \
            "sub    r2, lr, r4, lsl #11\n\t"                    \
            "bfc    r3, #0, #10\n\t"                            \
            "lsl    lr, r5, #22\n\t"                            \
            "orr    lr, lr, r4, lsr #10\n\t"                    \
            "bfc    lr, #0, #11\n\t"                            \
            "sub    lr, lr, r3, lsl #1\n\t"                     \
            "add    lr, r0\n\t"                                 \
            ON_U("lr", "15", "r12")                             \
            LOAD_V                                              \
            "bfc    r5, #0, #10\n\t"                            \
            ON_V("r2", "15", "r10")                             \
            HALVE_V                                             \
            ON_V("r3", "14", "r11")                             \
            ON_V("r5", "14", "r12")                             \
            "ldr    lr, [sp, #" END "]\n\t"                     \
            "stm    sp, {r10-r12}\n\t"                          \
            "cmp    r1, lr\n\t"                                 \
            "bne    1b\n\t"                                     \
            LEAVE)

#define FIELDS_ON_U(sum, shift, out) ON_LINE(sum, "r6", "r7", shift, out)
#define FIELDS_ON_V(sum, shift, out) ON_LINE(sum, "r8", "r9", shift, out)
#define FIELDS_ON_BENT(sum, shift, out) ON_BENT(sum, "r6", "r7", "r8", "r9", shift, out)

__attribute__((naked, noinline)) static void fields_on_line(const job *work)
{
    (void)work;
    COMPUTE_FIELDS("ldm r1!, {r6-r9}\n\t", FIELDS_ON_U, "", FIELDS_ON_V, "asr r9, r9, #1\n\t");
}

__attribute__((naked, noinline)) static void fields_on_bent(const job *work)
{
    (void)work;
    COMPUTE_FIELDS("ldm r1!, {r6-r8}\n\t", FIELDS_ON_BENT, "ldm r1!, {r6-r8}\n\t", FIELDS_ON_BENT,
                   "asr r7, r7, #1\n\t" "asr r8, r8, #1\n\t");
}

/* Two taps of each pixel: inputs at r7. */
#define HALVES_TAPS(weights)                    \
    "sxtb16 r10, " weights "\n\t"               \
    "ldm    r7!, {r11, r12, lr}\n\t"           \
    "smlad  r0, r10, r11, r0\n\t"              \
    "smlad  r1, " weights ", r11, r1\n\t"      \
    "smlad  r2, r10, r12, r2\n\t"              \
    "smlad  r3, " weights ", r12, r3\n\t"      \
    "smlad  r4, r10, lr, r4\n\t"               \
    "smlad  r5, " weights ", lr, r5\n\t"

/* Four: the stream is at r6. */
#define HALVES_BLOCK                            \
    "ldrd   r8, r9, [r6], #8\n\t"              \
    HALVES_TAPS("r8")                           \
    HALVES_TAPS("r9")

#define COMPUTE_HALVES(LOAD_U, ON_U, LOAD_V, ON_V)              \
    __asm__(ENTER("r6")                                         \
            "ldm    r6!, {r0, r1}\n\t"                          \
            "ldr    r7, [sp, #" INPUTS "]\n\t"                  \
            "mov    r2, r0\n\t"                                 \
            "mov    r3, r1\n\t"                                 \
            "mov    r4, r0\n\t"                                 \
            "mov    r5, r1\n\t"                                 \
            "ldr    pc, [sp, #" ENTRY "]\n"                     \
            "2:\n\t"                                            \
            HALVES_BLOCK HALVES_BLOCK HALVES_BLOCK HALVES_BLOCK \
            HALVES_BLOCK HALVES_BLOCK HALVES_BLOCK HALVES_BLOCK \
            "ldr    lr, [sp, #" INPUTS_END "]\n\t"              \
            "cmp    r7, lr\n\t"                                 \
            "bne    2b\n\t"                                     \
            LOAD_U                                              \
            "ldm    sp, {r7, r12, lr}\n\t"                      \
            "sub    r1, r1, r0\n\t"                             \
            "sub    r3, r3, r2\n\t"                             \
            "sub    r5, r5, r4\n\t"                             \
            "lsl    r0, r0, #8\n\t"                             \
            ON_U("r0", "r7")                                    \
            "lsl    r2, r2, #8\n\t"                             \
            ON_U("r2", "r12")                                   \
            "lsl    r4, r4, #8\n\t"                             \
            ON_U("r4", "lr")                                    \
            LOAD_V                                              \
            ON_V("r1", "r7")                                    \
            ON_V("r3", "r12")                                   \
            ON_V("r5", "lr")                                    \
            "ldr    r0, [sp, #" END "]\n\t"                     \
            "stm    sp, {r7, r12, lr}\n\t"                      \
            "cmp    r6, r0\n\t"                                 \
            "bne    1b\n\t"                                     \
            LEAVE)

#define HALVES_ON_U(sum, out) ON_LINE(sum, "r8", "r9", "15", out)
#define HALVES_ON_V(sum, out) ON_LINE(sum, "r10", "r11", "15", out)
#define HALVES_ON_BENT(sum, out) ON_BENT(sum, "r8", "r9", "r10", "r11", "15", out)

__attribute__((naked, noinline)) static void halves_on_line(const job *work)
{
    (void)work;
    COMPUTE_HALVES("ldm r6!, {r8-r11}\n\t", HALVES_ON_U, "", HALVES_ON_V);
}

__attribute__((naked, noinline)) static void halves_on_bent(const job *work)
{
    (void)work;
    COMPUTE_HALVES("ldm r6!, {r8-r10}\n\t", HALVES_ON_BENT, "ldm r6!, {r8-r10}\n\t",
                   HALVES_ON_BENT);
}

/* clang-format on */

#else

#define FIELDS_BLOCK_CODE 0u
#define HALVES_BLOCK_CODE 0u

static void *pack_fields(const int8_t *a, const int8_t *b, const int8_t *c, uint32_t bytes,
                         void *packed)
{
    int32_t *to = packed;
    for (const int8_t *end = a + bytes; a != end; to += 2) {
        int32_t middle = *b++;
        to[0] = *a++ + middle * (1 << FIELD);
        to[1] = middle + *c++ * (1 << FIELD);
    }
    return to;
}

static void pack_neighbours(const neighbours *from)
{
    void *to = from->to;
    for (const int8_t *const *row = from->rows; row != from->rows_end; row++) {
        const int8_t *a = *row + from->offset;
        to = pack_fields(a, a + from->step, a + 2 * from->step, from->run, to);
    }
}

static uint32_t raise(const int8_t *four, uint32_t tap, uint32_t factor)
{
    uint32_t low = (uint32_t)(four[tap] + 128), high = (uint32_t)(four[tap + 2] + 128);
    return low * factor | (high * factor) << 16;
}

static void *pack_halves(const int8_t *const pixels[PIXELS], uint32_t bytes, uint32_t *to,
                         uint32_t factor)
{
    for (uint32_t at = 0; at != bytes; at += 4, to += 2 * PIXELS) {
        for (uint32_t i = 0; i < PIXELS; i++) {
            to[i] = raise(pixels[i] + at, 0, factor);
            to[PIXELS + i] = raise(pixels[i] + at, 1, factor);
        }
    }
    return to;
}

static void *pack_eightfold(const int8_t *a, const int8_t *b, const int8_t *c, uint32_t bytes,
                            void *to)
{
    return pack_halves((const int8_t *const[]){a, b, c}, bytes, to, 8);
}

static void *pack_twofold(const int8_t *a, const int8_t *b, const int8_t *c, uint32_t bytes,
                          void *to)
{
    return pack_halves((const int8_t *const[]){a, b, c}, bytes, to, 2);
}

/* The field of `bits` from its lowest bit, sign-extended. */
static int32_t field(int64_t bits)
{
    return (int32_t)((uint32_t)bits << (32 - FIELD)) >> (32 - FIELD);
}

/* The raised sums of a pair, [pixel][channel]; moves the stream past the weights. */
typedef const uint32_t *sum_pair(const job *work, const uint32_t *stream,
                                 int32_t raised[PIXELS][2]);

static const uint32_t *sum_fields(const job *work, const uint32_t *stream,
                                  int32_t raised[PIXELS][2])
{
    const int64_t half = 1 << (FIELD - 1);
    const int32_t *packed = work->inputs;
    uint64_t sums[2] = {stream[0] | (uint64_t)stream[1] << 32, 0};
    sums[1] = sums[0];
    for (stream += 2; packed != work->inputs_end; packed += 2, stream++) {
        sums[0] += (uint64_t)((int64_t)packed[0] * (int32_t)*stream);
        sums[1] += (uint64_t)((int64_t)packed[1] * (int32_t)*stream);
    }
    int64_t first = (int64_t)sums[0] - half, second = (int64_t)sums[1] - half;
    int32_t au = field(first), bu = field(second);
    int64_t rest1 = ((first - au) >> FIELD) - half, rest2 = ((second - bu) >> FIELD) - half;
    int32_t av = field(rest1) - bu, bv = (int32_t)((rest1 - field(rest1)) >> FIELD);
    int32_t cu = field(rest2) - bv, cv = (int32_t)((rest2 - field(rest2)) >> FIELD);
    int32_t all[PIXELS][2] = {{au, av}, {bu, bv}, {cu, cv}};
    for (uint32_t i = 0; i < 2 * PIXELS; i++) {
        raised[i / 2][i % 2] = all[i / 2][i % 2] * (1 << MR_LINE_RAISED);
    }
    return stream;
}

static const uint32_t *sum_halves(const job *work, const uint32_t *stream,
                                  int32_t raised[PIXELS][2])
{
    int32_t first[PIXELS], both[PIXELS];
    for (uint32_t i = 0; i < PIXELS; i++) {
        first[i] = (int32_t)stream[0];
        both[i] = (int32_t)stream[1];
    }
    stream += 2;
    for (const uint32_t *packed = work->inputs; packed != work->inputs_end; stream++) {
        for (uint32_t i = 0; i < PIXELS; i++, packed++) {
            first[i] = mr_smlad(mr_sxtab16(0, *stream), *packed, first[i]);
            both[i] = mr_smlad(*stream, *packed, both[i]);
        }
    }
    for (uint32_t i = 0; i < PIXELS; i++) {
        raised[i][0] = (int32_t)((uint32_t)first[i] << 8);
        raised[i][1] = (int32_t)((uint32_t)both[i] - (uint32_t)first[i]);
    }
    return stream;
}

static void compute(const job *work, sum_pair *sum, int bent)
{
    const uint32_t *stream = work->stream;
    for (uint32_t channel = 0; stream != work->end; channel += 2) {
        int32_t raised[PIXELS][2];
        stream = sum(work, stream, raised);
        for (uint32_t i = 0; i < 2; i++) {
            mr_dsp_line line = {(int32_t)stream[0], (int32_t)stream[1], 0};
            line.drop = bent ? (int32_t)stream[2] : 0;
            stream += bent ? 3 : 2;
            for (uint32_t pixel = 0; pixel < PIXELS; pixel++) {
                work->out[pixel][channel + i] = mr_dsp_on_line(raised[pixel][i], &line);
            }
        }
    }
}

static void fields_on_line(const job *work)
{
    compute(work, sum_fields, 0);
}

static void fields_on_bent(const job *work)
{
    compute(work, sum_fields, 1);
}

static void halves_on_line(const job *work)
{
    compute(work, sum_halves, 0);
}

static void halves_on_bent(const job *work)
{
    compute(work, sum_halves, 1);
}

#endif

/* --------------------------------------------------------------------------- windows */

/* How inputs are packed, and what of a pair's stream that takes: its words besides the weights. */
typedef struct method {
    pack_bytes *pack;
    void (*pack_neighbours)(const neighbours *from); /* or NULL */
    compute_pixels *compute;
    uint8_t block_words;  /* of packed inputs */
    uint8_t weight_words; /* of a block in the stream */
    uint8_t pair_words;
    uint8_t block_code;
} method;

typedef struct walk {
    const mr_context *context;
    const mr_conv_2d_s8_line_params *params;
    const method *how;
    uint32_t *packed;
    int8_t *copies; /* a window for each pixel */
    uint32_t in_bytes;
    job work;
} walk;

/* Window of a pixel: run k starts at rows[k] + offset or, when `rows` is null, at copy + k * run.
 */
typedef struct source {
    const int8_t *const *rows;
    const int8_t *copy;
    uint32_t offset;
} source;

/* The window of output column `x`, read in place if it is a rectangle of the image. */
static source find_window(const walk *at, const int8_t *const *rows, uint32_t x, uint32_t slot)
{
    const mr_conv_2d_s8_line_params *p = at->params;
    const mr_window *window = &p->window;
    uint32_t left = x * window->stride_width - window->pad_left;
    int inside = left < window->in_width && left + window->kernel_width <= window->in_width;
    if (inside && !p->gathers) {
        return (source){.rows = rows, .offset = left * at->in_bytes};
    }
    int8_t *copy = at->copies + 4u * p->blocks * slot;
    mr_gather(window, rows, left, at->in_bytes, mr_data_at(at->context, p->padding), copy);
    return (source){.copy = copy};
}

static const int8_t *run_of(const source *from, uint32_t k, uint32_t run)
{
    return from->rows != NULL ? from->rows[k] + from->offset : from->copy + k * run;
}

/* All channels of the pixels whose inputs are packed. */
static void compute_packed(const walk *at)
{
    const mr_conv_2d_s8_line_params *p = at->params;
    at->how->compute(&at->work);
    if (p->least != INT8_MIN || p->most != INT8_MAX) {
        for (uint32_t i = 0; i < PIXELS; i++) {
            mr_dsp_clamp(at->work.out[i], p->out_channels, p->least, p->most);
        }
    }
}

/* The windows of three pixels. */
static void compute_windows(const walk *at, const source from[PIXELS])
{
    const mr_conv_2d_s8_line_params *p = at->params;
    uint32_t runs = p->gathers ? 1 : p->window.kernel_height;
    uint32_t run = p->gathers ? 4u * p->blocks : p->window.kernel_width * at->in_bytes;
    void *to = at->packed;
    for (uint32_t k = 0; k < runs; k++) {
        to = at->how->pack(run_of(&from[0], k, run), run_of(&from[1], k, run),
                           run_of(&from[2], k, run), run, to);
    }
    compute_packed(at);
}

/* Output columns `x` and the two after it, if their windows are rectangles of the image. */
static int compute_neighbours(walk *at, const int8_t *const *rows, uint32_t x, int8_t *out)
{
    const mr_conv_2d_s8_line_params *p = at->params;
    const mr_window *window = &p->window;
    uint32_t left = x * window->stride_width - window->pad_left;
    uint32_t right = left + 2u * window->stride_width + window->kernel_width;
    if (left >= window->in_width || right > window->in_width || x + 2 >= window->out_width) {
        return 0;
    }
    const neighbours from = {
        .rows = rows,
        .rows_end = rows + window->kernel_height,
        .offset = left * at->in_bytes,
        .run = window->kernel_width * at->in_bytes,
        .step = window->stride_width * at->in_bytes,
        .to = at->packed,
    };
    at->how->pack_neighbours(&from);
    for (uint32_t i = 0; i < PIXELS; i++, out += p->out_channels) {
        at->work.out[i] = out;
    }
    compute_packed(at);
    return 1;
}

static void convolve_windows(walk *at, mr_band band, const void **tables)
{
    const mr_conv_2d_s8_line_params *p = at->params;
    const mr_window *window = &p->window;
    source from[PIXELS] = {{0}, {0}, {0}};
    uint32_t slot = 0;
    int together = at->how->pack_neighbours != NULL && !p->gathers;
    for (uint32_t row = band.first; row < band.first + band.count; row++) {
        /* Three pixels lie in at most three rows: each has its own table. */
        const void **rows = tables + row % PIXELS * window->kernel_height;
        int8_t *out = mr_row_out(at->context, &p->output, row);
        mr_window_rows(at->context, &p->input, window, row, mr_data_at(at->context, p->padding),
                       rows);
        for (uint32_t x = 0; x < window->out_width; x++, out += p->out_channels) {
            if (together && slot == 0 &&
                compute_neighbours(at, (const int8_t *const *)rows, x, out)) {
                x += PIXELS - 1u;
                out += (PIXELS - 1u) * p->out_channels;
                continue;
            }
            from[slot] = find_window(at, (const int8_t *const *)rows, x, slot);
            at->work.out[slot++] = out;
            if (slot == PIXELS) {
                compute_windows(at, from);
                slot = 0;
            }
        }
    }
    if (slot != 0) { /* pixels that do not exist share the first one's place: they equal it */
        for (; slot < PIXELS; slot++) {
            from[slot] = from[0];
            at->work.out[slot] = at->work.out[0];
        }
        compute_windows(at, from);
    }
}

/* The same for windows of one pixel. */
static void convolve_points(walk *at, mr_band band)
{
    const mr_conv_2d_s8_line_params *p = at->params;
    const mr_window *window = &p->window;
    const int8_t *from[PIXELS] = {NULL, NULL, NULL};
    uint32_t step = window->stride_width * at->in_bytes, channels = p->out_channels, slot = 0;
    for (uint32_t row = band.first; row < band.first + band.count; row++) {
        uint32_t image = row / window->out_height, y = row % window->out_height;
        const int8_t *in = mr_row_in(at->context, &p->input,
                                     image * window->in_height + y * window->stride_height);
        int8_t *out = mr_row_out(at->context, &p->output, row);
        for (uint32_t left = window->out_width; left != 0; left--, in += step, out += channels) {
            from[slot] = in;
            at->work.out[slot++] = out;
            if (slot == PIXELS) {
                at->how->pack(from[0], from[1], from[2], at->in_bytes, at->packed);
                compute_packed(at);
                slot = 0;
            }
        }
    }
    if (slot != 0) {
        for (; slot < PIXELS; slot++) {
            from[slot] = from[0];
            at->work.out[slot] = at->work.out[0];
        }
        at->how->pack(from[0], from[1], from[2], at->in_bytes, at->packed);
        compute_packed(at);
    }
}

static mr_status run(const mr_context *context, const mr_conv_2d_s8_line_params *p, mr_band band,
                     const method *how)
{
    const void **tables = mr_arena_at(context, p->scratch);
    uint32_t *packed = (uint32_t *)(tables + PIXELS * (uint32_t)p->window.kernel_height);
    uint32_t *packed_end = packed + (uint32_t)how->block_words * p->blocks;
    const uint32_t *stream = mr_data_at(context, p->stream);
    uint32_t pair = (uint32_t)how->weight_words * p->blocks + how->pair_words;
    walk at = {
        .context = context,
        .params = p,
        .how = how,
        .packed = packed,
        .copies = (int8_t *)packed_end,
        .in_bytes = p->in_channels,
        .work = {.inputs = packed,
                 .inputs_end = packed_end,
                 .skip = (0u - p->blocks) % TURN * how->block_code,
                 .stream = stream,
                 .end = stream + pair * p->out_channels / 2u},
    };
    int points = p->window.kernel_height == 1 && p->window.kernel_width == 1;
    if (points && !p->gathers && p->window.pad_top == 0 && p->window.pad_left == 0) {
        convolve_points(&at, band);
    } else {
        convolve_windows(&at, band, tables);
    }
    return MR_OK;
}

mr_status mr_conv_2d_s8_smlal_line(const mr_context *context, const void *params, mr_band band)
{
    static const method how = {pack_fields, pack_neighbours,  fields_on_line, 8, 4,
                               6,           FIELDS_BLOCK_CODE};
    return run(context, params, band, &how);
}

mr_status mr_conv_2d_s8_smlal_bent(const mr_context *context, const void *params, mr_band band)
{
    static const method how = {pack_fields, pack_neighbours,  fields_on_bent, 8, 4,
                               8,           FIELDS_BLOCK_CODE};
    return run(context, params, band, &how);
}

mr_status mr_conv_2d_s8_smlad_line(const mr_context *context, const void *params, mr_band band)
{
    static const method how = {pack_eightfold, NULL, halves_on_line, 6, 2, 6, HALVES_BLOCK_CODE};
    return run(context, params, band, &how);
}

mr_status mr_conv_2d_s8_smlad_bent(const mr_context *context, const void *params, mr_band band)
{
    static const method how = {pack_eightfold, NULL, halves_on_bent, 6, 2, 8, HALVES_BLOCK_CODE};
    return run(context, params, band, &how);
}

mr_status mr_conv_2d_s8_smlad_line_wide(const mr_context *context, const void *params, mr_band band)
{
    static const method how = {pack_twofold, NULL, halves_on_line, 6, 2, 6, HALVES_BLOCK_CODE};
    return run(context, params, band, &how);
}

mr_status mr_conv_2d_s8_smlad_bent_wide(const mr_context *context, const void *params, mr_band band)
{
    static const method how = {pack_twofold, NULL, halves_on_bent, 6, 2, 8, HALVES_BLOCK_CODE};
    return run(context, params, band, &how);
}
