/* SPDX-License-Identifier: MIT-0 */
/*
 * The inner loops of depthwise.c: tiles of eight outputs of a channel. Words of four rows, one a
 * column, are gathered to vectors of four columns; VMLADAVA adds the products of such a vector and
 * a vector of weights to a general register.
 */
#ifndef MICROLITH_HELIUM_DEPTHWISE_TILES_H
#define MICROLITH_HELIUM_DEPTHWISE_TILES_H

#include "depthwise.h"
#include "helium.h"
#include "interleave.h"

#define TILE 8u /* outputs */

/* Tiles of `channels`, beginning with the one that the pointers are for. */
typedef struct job {
    const int8_t *words;
    const int8_t *weights;
    const mr_helium_output *how;
    uint32_t channels;
    int8_t *out;
    uint32_t tiles;
    /* Of outputs, from `out` on; those of the last tile that do not exist are negative. Others that
     * do not exist have the place of one of the last tile, which is stored later. */
    const int16_t *places;
    uint32_t unused;
    uint32_t gather[MR_WORDS]; /* where words are, less a load's advance */
} job;

#if MR_HELIUM_ASM

_Static_assert(sizeof(job) == 48 && sizeof(mr_helium_output) == 16,
               "the assembly below relies on it");

/* clang-format off */

/* Eight sums, narrowed to the bytes of 16-bit lanes of q4, and their places in q5. */
#define COMPUTE_TILE(MULTIPLY, NARROW)                      \
    "ldm   sp, {r0, r2, r4, r6, r8, r10, r12, lr}\n\t"      \
    MULTIPLY                                                \
    "vmov  q4[2], q4[0], r0, r4\n\t"                        \
    "vmov  q4[3], q4[1], r2, r6\n\t"                        \
    "vmov  q5[2], q5[0], r8, r12\n\t"                       \
    "vmov  q5[3], q5[1], r10, lr\n\t"                       \
    NARROW                                                  \
    "vldrh.u16 q5, [r1], #16\n\t"                           \
    "vqmovnb.s16 q4, q4\n\t"

/*
 * A channel: pointers and constants of the job at r0, then two tiles a turn, and the last one.
 * Weights are in q0 to q3, words in q7; multiplier, offset and shift in r7, r9 and r11. The sums
 * start with the bias.
 */
#define COMPUTE_TILES(WEIGHTS, MULTIPLY, PREPARE, NARROW)   \
    "push  {r4-r11, lr}\n\t"                                \
    "vpush {d8-d15}\n\t"                                    \
    "sub   sp, #36\n\t"                                     \
    "str   r0, [sp, #32]\n\t"                               \
    "ldr   r3, [r0, #16]\n"                                 \
    "10:\n\t"                                               \
    "ldm   r0, {r1, r2, r4, r6}\n\t"                        \
    WEIGHTS                                                 \
    "vldrw.u32 q7, [r0, #32]\n\t"                           \
    "vadd.i32  q7, q7, r1\n\t"                              \
    "ldm   r4!, {r7, r8, r9, r11}\n\t"                      \
    "vdup.32   q4, r7\n\t"                                  \
    "vstrw.32  q4, [sp]\n\t"                                \
    "vstrw.32  q4, [sp, #16]\n\t"                           \
    PREPARE                                                 \
    "add   r1, #4\n\t"                                      \
    "sub   r6, #1\n\t"                                      \
    "stm   r0, {r1, r2, r4, r6}\n\t"                        \
    "ldrd  r5, r1, [r0, #20]\n\t"                           \
    "lsrs  r5, #1\n\t" /* an odd number leaves all turns full */ \
    "bcc.w 12f\n\t"                                         \
    "beq.w 13f\n"                                           \
    "11:\n\t"                                               \
    COMPUTE_TILE(MULTIPLY, NARROW)                          \
    "vstrb.16 q4, [r3, q5]\n"                               \
    "12:\n\t"                                               \
    COMPUTE_TILE(MULTIPLY, NARROW)                          \
    "vstrb.16 q4, [r3, q5]\n\t"                             \
    "subs  r5, #1\n\t"                                      \
    "bne.w 11b\n"                                           \
    "13:\n\t"                                               \
    COMPUTE_TILE(MULTIPLY, NARROW)                          \
    "vpt.s16 ge, q5, zr\n\t"                                \
    "vstrbt.16 q4, [r3, q5]\n\t"                            \
    "add   r3, #1\n\t"                                      \
    "ldr   r0, [sp, #32]\n\t"                               \
    "ldr   r1, [r0, #12]\n\t"                               \
    "cmp   r1, #0\n\t"                                      \
    "bne.w 10b\n\t"                                         \
    "add   sp, #36\n\t"                                     \
    "vpop  {d8-d15}\n\t"                                    \
    "pop   {r4-r11, pc}"

/* The weights at r2 for the outputs of a load, whose windows begin so many bytes later. */
#define WEIGHTS4(second, third, fourth)     \
    "vldrb.u8 q1, [r2, #-" second "]\n\t"   \
    "vldrb.u8 q2, [r2, #-" third "]\n\t"    \
    "vldrb.u8 q3, [r2, #-" fourth "]\n\t"   \
    "vldrb.u8 q0, [r2], #16\n\t"

#define WEIGHTS1 "vldrb.u8 q0, [r2], #16\n\t"

#define LOAD(to, advance) "vldrw.u32 " to ", [q7, #" advance "]!\n\t"

/* Two loads of four outputs. Outputs of a tile take turns in two vectors. */
#define FOURS(advance)                  \
    LOAD("q4", advance)                 \
    LOAD("q5", advance)                 \
    "vmladava.s8 r0, q4, q0\n\t"        \
    "vmladava.s8 r8, q4, q1\n\t"        \
    "vmladava.s8 r2, q4, q2\n\t"        \
    "vmladava.s8 r10, q4, q3\n\t"       \
    "vmladava.s8 r4, q5, q0\n\t"        \
    "vmladava.s8 r12, q5, q1\n\t"       \
    "vmladava.s8 r6, q5, q2\n\t"        \
    "vmladava.s8 lr, q5, q3\n\t"

/* Eight loads of one. */
#define ONES(advance)                   \
    LOAD("q4", advance)                 \
    LOAD("q5", advance)                 \
    "vmladava.s8 r0, q4, q0\n\t"        \
    LOAD("q4", advance)                 \
    "vmladava.s8 r8, q5, q0\n\t"        \
    LOAD("q5", advance)                 \
    "vmladava.s8 r2, q4, q0\n\t"        \
    LOAD("q4", advance)                 \
    "vmladava.s8 r10, q5, q0\n\t"       \
    LOAD("q5", advance)                 \
    "vmladava.s8 r4, q4, q0\n\t"        \
    LOAD("q4", advance)                 \
    "vmladava.s8 r12, q5, q0\n\t"       \
    LOAD("q5", advance)                 \
    "vmladava.s8 r6, q4, q0\n\t"        \
    "vmladava.s8 lr, q5, q0\n\t"

/* q4 and q5 to the 16-bit lanes of q4: see helium.h. */
#define PREPARE_ANY "mov r7, r8\n\t"
#define NARROW_ANY                              \
    MR_HELIUM_SCALE("q6", "q4", "r7", "r9", "r11") \
    "vqmovnb.s32 q4, q6\n\t"                    \
    MR_HELIUM_SCALE("q6", "q5", "r7", "r9", "r11") \
    "vqmovnt.s32 q4, q6\n\t"

/* The same without the care for negative sums, and with the multiplier in q6. */
#define PREPARE_RECTIFIED "vdup.32 q6, r8\n\t"
#define NARROW_RECTIFIED                        \
    "vqrdmlash.s32 q4, q6, r9\n\t"              \
    "vqrdmlash.s32 q5, q6, r9\n\t"              \
    "vshl.s32 q4, r11\n\t"                      \
    "vshl.s32 q5, r11\n\t"                      \
    "vqmovnb.s32 q4, q4\n\t"                    \
    "vqmovnt.s32 q4, q5\n\t"

/* clang-format on */

#define COMPUTE_FUNCTIONS(name, WEIGHTS, MULTIPLY)                                                 \
    __attribute__((naked, noinline)) static void name##_any(job *work)                             \
    {                                                                                              \
        (void)work;                                                                                \
        __asm__(COMPUTE_TILES(WEIGHTS, MULTIPLY, PREPARE_ANY, NARROW_ANY));                        \
    }                                                                                              \
    __attribute__((naked, noinline)) static void name##_rectified(job *work)                       \
    {                                                                                              \
        (void)work;                                                                                \
        __asm__(COMPUTE_TILES(WEIGHTS, MULTIPLY, PREPARE_RECTIFIED, NARROW_RECTIFIED));            \
    }                                                                                              \
    static void name(const mr_depthwise_conv_2d_s8_helium_params *p, job *work)                    \
    {                                                                                              \
        (p->rectified ? name##_rectified : name##_any)(work);                                      \
    }

/* Named for the bytes that a load advances: two columns of 16 or of 8 channels, or one of 16. */
COMPUTE_FUNCTIONS(compute_squares_128, WEIGHTS4("1", "4", "5"), FOURS("128"))
COMPUTE_FUNCTIONS(compute_squares_64, WEIGHTS4("1", "4", "5"), FOURS("64"))
COMPUTE_FUNCTIONS(compute_tall_64, WEIGHTS4("1", "2", "3"), FOURS("64"))
COMPUTE_FUNCTIONS(compute_ones_128, WEIGHTS1, ONES("128"))
COMPUTE_FUNCTIONS(compute_ones_64, WEIGHTS1, ONES("64"))

static void compute_tiles(const mr_depthwise_conv_2d_s8_helium_params *p, job *work)
{
    if (p->tall) {
        compute_tall_64(p, work);
    } else if (p->per_load == 1) {
        (p->group == MR_VECTOR ? compute_ones_128 : compute_ones_64)(p, work);
    } else {
        (p->group == MR_VECTOR ? compute_squares_128 : compute_squares_64)(p, work);
    }
}

#else

static void compute_channel(const mr_depthwise_conv_2d_s8_helium_params *p, const job *work)
{
    static const uint8_t squares[MR_WORDS] = {0, 1, 4, 5}, tall[MR_WORDS] = {0, 1, 2, 3};
    uint32_t column = (uint32_t)p->group * MR_WORDS, step = p->advance * column;
    for (uint32_t i = 0; i < TILE * work->tiles; i++) {
        if (work->places[i] < 0) {
            continue;
        }
        const int8_t *words = work->words + i / p->per_load * step;
        const int8_t *weights = work->weights - (p->tall ? tall : squares)[i % p->per_load];
        int32_t sum = 0;
        for (uint32_t k = 0; k < MR_VECTOR; k++) {
            sum += words[k / MR_WORDS * column + k % MR_WORDS] * weights[k];
        }
        work->out[work->places[i]] = mr_helium_requantize(sum, work->how);
    }
}

static void compute_tiles(const mr_depthwise_conv_2d_s8_helium_params *p, job *work)
{
    for (; work->channels > 0; work->channels--) {
        compute_channel(p, work);
        work->words += MR_WORDS;
        work->weights += MR_VECTOR;
        work->how++;
        work->out++;
    }
}

#endif

#endif
