/* SPDX-License-Identifier: MIT-0 */
/*
 * The inner loops of conv.c. VMLADAVA adds the products of two vectors of 16 bytes to a general
 * register. Eight of those are sums, of four pixels times two output channels: a chunk of 16
 * elements of their windows takes 14 instructions for 128 products. Lanes of requantisation are
 * pixels; four channels of a pixel make a word, and the four words are scattered at once.
 */
#ifndef MICROLITH_HELIUM_CONV_SUMS_H
#define MICROLITH_HELIUM_CONV_SUMS_H

#include <stddef.h>

#include "helium.h"

#define PIXELS 4u

/* All channels of groups of four pixels; windows and outputs are those of the first group. */
typedef struct job {
    const int8_t *windows[PIXELS];
    uint32_t groups;
    uint32_t window_step; /* from group to group */
    uint32_t output_step; /* the same, less the channels of a pixel */
    int32_t zero_point;
    int8_t *outputs[PIXELS];
    uint32_t rest; /* chunks after the first */
    uint32_t skip; /* bytes of code */
    const int8_t *weights;
    const int8_t *weights_end;
} job;

#if MR_HELIUM_ASM

_Static_assert(sizeof(job) == 64 && sizeof(mr_helium_scaling) == 12,
               "the assembly below relies on it");

#define TURN        4u  /* chunks in a turn of the loop */
#define CHUNK_BYTES 56u /* of code */

/* The frame is a copy of the job; addresses of code take the place of what is in registers. */
#define FRAME       "64"
#define GROUPS      "16"
#define WINDOW_STEP "20" /* and that of outputs */
#define ZERO        "28"
#define OUTPUTS     "32"
#define ENTRY1      "32" /* of the first pair of channels */
#define ENTRY2      "36"
#define REST        "48"
#define SKIP        "52"
#define WEIGHTS     "56" /* and their end */
#define END         "60"

/* clang-format off */

/* 16 elements of four windows (r3, r5, r7, r9) and of two channels' weights (r11). */
#define MULTIPLY_CHUNK(operation, at)       \
    "vldrb.u8 q4, [r11], #16\n\t"           \
    "vldrb.u8 q0, [r3" at "\n\t"            \
    operation ".s8 r0, q0, q4\n\t"          \
    "vldrb.u8 q1, [r5" at "\n\t"            \
    operation ".s8 r2, q1, q4\n\t"          \
    "vldrb.u8 q2, [r7" at "\n\t"            \
    operation ".s8 r4, q2, q4\n\t"          \
    "vldrb.u8 q3, [r9" at "\n\t"            \
    operation ".s8 r6, q3, q4\n\t"          \
    "vldrb.u8 q4, [r11], #16\n\t"           \
    operation ".s8 r8, q0, q4\n\t"          \
    operation ".s8 r10, q1, q4\n\t"         \
    operation ".s8 r12, q2, q4\n\t"         \
    operation ".s8 lr, q3, q4\n\t"

#define CHUNK_AT(offset) MULTIPLY_CHUNK("vmladava", ", #" offset "]")
#define NEXT_CHUNK       MULTIPLY_CHUNK("vmladava", "], #16")

/* Up to nine chunks, from where the frame says. r1 is the end of the weights. Windows are taken from
 * their second chunk on, because offsets end with 127. */
#define LADDER_SUMS(turn, done, entry)              \
    MULTIPLY_CHUNK("vmladav", ", #-16]")            \
    "ldr  pc, [sp, #" entry "]\n"                   \
    CHUNK_AT("112") CHUNK_AT("96") CHUNK_AT("80")   \
    CHUNK_AT("64") CHUNK_AT("48") CHUNK_AT("32")    \
    CHUNK_AT("16") CHUNK_AT("0")                    \
    done ":\n\t"

/* A loop, whose first turn starts where the frame says. */
#define LOOP_SUMS(turn, done, entry)                \
    "ldm  sp, {r3, r5, r7, r9}\n\t"                 \
    "ldr  r1, [sp, #" REST "]\n\t"                  \
    MULTIPLY_CHUNK("vmladav", "], #16")             \
    "ldr  pc, [sp, #" entry "]\n"                   \
    turn ":\n\t"                                    \
    NEXT_CHUNK NEXT_CHUNK NEXT_CHUNK NEXT_CHUNK     \
    done ":\n\t"                                    \
    "subs r1, #4\n\t"                               \
    "bgt.w " turn "b\n\t"

/* Sums of two channels to the vectors `first` and `second`. */
#define FINISH_PAIR(SCALE, first, second)           \
    "vmov q0[2], q0[0], r0, r4\n\t"                 \
    "vmov q0[3], q0[1], r2, r6\n\t"                 \
    "vmov q1[2], q1[0], r8, r12\n\t"                \
    "vmov q1[3], q1[1], r10, lr\n\t"                \
    "ldm  r11!, {r0, r2, r4, r6, r8, r10}\n\t"      \
    "vadd.i32 q0, q0, r0\n\t"                       \
    "vadd.i32 q1, q1, r2\n\t"                       \
    SCALE(first, "q0", "r4", "r8")                  \
    SCALE(second, "q1", "r6", "r10")

/* For a zero point of -128: negative results saturate. */
#define SCALE_RECTIFIED(to, sums, multiplier, shift)    \
    "vqrdmulh.s32 " to ", " sums ", " multiplier "\n\t" \
    "vrshl.s32    " to ", " shift "\n\t"

#define NARROW_RECTIFIED            \
    "vqmovunb.s32 q5, q5\n\t"       \
    "vqmovunb.s32 q6, q6\n\t"       \
    "vqmovunt.s32 q5, q2\n\t"       \
    "vqmovunt.s32 q6, q3\n\t"       \
    "mov  r0, #128\n\t"             \
    "vqmovnb.u16 q5, q5\n\t"        \
    "vqmovnt.u16 q5, q6\n\t"        \
    "vadd.i8 q5, q5, r0\n\t"

/* VQRDMLAH adds the doubled high half of the product to -1 for negative sums, whose halves so round
 * down as gemmlowp's do. */
#define SCALE_ANY(to, sums, multiplier, shift)          \
    "vshr.s32     " to ", " sums ", #31\n\t"            \
    "vqrdmlah.s32 " to ", " sums ", " multiplier "\n\t" \
    "vrshl.s32    " to ", " shift "\n\t"

#define NARROW_ANY                  \
    "vqmovnb.s32 q5, q5\n\t"        \
    "vqmovnb.s32 q6, q6\n\t"        \
    "vqmovnt.s32 q5, q2\n\t"        \
    "vqmovnt.s32 q6, q3\n\t"        \
    "ldr  r0, [sp, #" ZERO "]\n\t"  \
    "vqadd.s16 q5, q5, r0\n\t"      \
    "vqadd.s16 q6, q6, r0\n\t"      \
    "vqmovnb.s16 q5, q5\n\t"        \
    "vqmovnt.s16 q5, q6\n\t"

/* Windows of the first group. */
#define START_REGISTERS             \
    "add  r3, #16\n\t"              \
    "add  r5, #16\n\t"              \
    "add  r7, #16\n\t"              \
    "add  r9, #16\n\t"

#define START_FRAME ""

/* Windows of the next group. */
#define STEP_REGISTERS              \
    "add  r3, r2\n\t"               \
    "add  r5, r2\n\t"               \
    "add  r7, r2\n\t"               \
    "add  r9, r2\n\t"

#define STEP_FRAME                  \
    "ldm  sp, {r3, r5, r7, r9}\n\t" \
    STEP_REGISTERS                  \
    "stm  sp, {r3, r5, r7, r9}\n\t"

/* The end of the weights is in r1, or to be brought there. */
#define END_STAYS ""
#define END_COMES "ldr  r1, [sp, #" END "]\n\t"

/* Four channels a turn. q7 holds where the last ones of the pixels went. */
#define COMPUTE_PIXELS(SUMS, START, STEP, END_WHERE, SCALE, NARROW)    \
    "push {r4-r11, lr}\n\t"                                     \
    "vpush {d8-d15}\n\t"                                        \
    "sub  sp, #" FRAME "\n\t"                                   \
    "vldrw.u32 q0, [r0]\n\t"                                    \
    "vldrw.u32 q1, [r0, #16]\n\t"                               \
    "vldrw.u32 q7, [r0, #" OUTPUTS "]\n\t"                      \
    "vldrw.u32 q3, [r0, #" REST "]\n\t"                         \
    "vstrw.32 q0, [sp]\n\t"                                     \
    "vstrw.32 q1, [sp, #16]\n\t"                                \
    "vstrw.32 q3, [sp, #" REST "]\n\t"                          \
    "ldm  r0, {r3, r5, r7, r9}\n\t"                             \
    START                                                       \
    "ldr  r1, [sp, #" SKIP "]\n\t"                              \
    "adr.w r0, 12f\n\t"                                         \
    "sub  r0, r1\n\t"                                           \
    "orr  r0, #1\n\t"                                           \
    "adr.w r2, 14f\n\t"                                         \
    "sub  r2, r1\n\t"                                           \
    "orr  r2, #1\n\t"                                           \
    "strd r0, r2, [sp, #" ENTRY1 "]\n\t"                        \
    "mov  r4, #4\n\t"                                           \
    "vsub.i32 q7, q7, r4\n"                                     \
    "9:\n\t"                                                    \
    "ldrd r11, r1, [sp, #" WEIGHTS "]\n"                        \
    "10:\n\t"                                                   \
    SUMS("11", "12", ENTRY1)                                    \
    FINISH_PAIR(SCALE, "q5", "q6")                              \
    SUMS("13", "14", ENTRY2)                                    \
    FINISH_PAIR(SCALE, "q2", "q3")                              \
    NARROW                                                      \
    "vstrw.32 q5, [q7, #4]!\n\t"                                \
    END_WHERE                                                   \
    "cmp  r11, r1\n\t"                                          \
    "bne.w 10b\n\t"                                             \
    "ldrd r2, r4, [sp, #" WINDOW_STEP "]\n\t"                   \
    "ldr  r0, [sp, #" GROUPS "]\n\t"                            \
    "vadd.i32 q7, q7, r4\n\t"                                   \
    "subs r0, #1\n\t"                                           \
    "str  r0, [sp, #" GROUPS "]\n\t"                            \
    "beq  15f\n\t"                                              \
    STEP                                                        \
    "b.w  9b\n"                                                 \
    "15:\n\t"                                                   \
    "add  sp, #" FRAME "\n\t"                                   \
    "vpop {d8-d15}\n\t"                                         \
    "pop  {r4-r11, pc}"

/* clang-format on */

#define COMPUTE_FUNCTION(name, ...)                                                                \
    __attribute__((naked, noinline)) static void name(const job *work)                             \
    {                                                                                              \
        (void)work;                                                                                \
        __asm__(COMPUTE_PIXELS(__VA_ARGS__));                                                      \
    }

COMPUTE_FUNCTION(short_any, LADDER_SUMS, START_REGISTERS, STEP_REGISTERS, END_STAYS, SCALE_ANY,
                 NARROW_ANY)
COMPUTE_FUNCTION(short_rectified, LADDER_SUMS, START_REGISTERS, STEP_REGISTERS, END_STAYS,
                 SCALE_RECTIFIED, NARROW_RECTIFIED)
COMPUTE_FUNCTION(deep_any, LOOP_SUMS, START_FRAME, STEP_FRAME, END_COMES, SCALE_ANY, NARROW_ANY)
COMPUTE_FUNCTION(deep_rectified, LOOP_SUMS, START_FRAME, STEP_FRAME, END_COMES, SCALE_RECTIFIED,
                 NARROW_RECTIFIED)

static void compute_short(job *work)
{
    work->skip = work->rest * CHUNK_BYTES;
    (work->zero_point == INT8_MIN ? short_rectified : short_any)(work);
}

static void compute_deep(job *work)
{
    work->skip = ((work->rest - 1) % TURN + 1) * CHUNK_BYTES;
    (work->zero_point == INT8_MIN ? deep_rectified : deep_any)(work);
}

#else

/* Four pixels and two channels. Chunk i of the weights is that of the window which `order` tells.
 */
static void compute_pair(const job *work, const int8_t *const *windows, int8_t *const *outputs,
                         const int8_t *weights, uint32_t ladder)
{
    int32_t packed[6];
    memcpy(packed, weights + 2 * MR_VECTOR * (work->rest + 1), sizeof packed);
    for (uint32_t i = 0; i < 2 * PIXELS; i++) {
        uint32_t half = i % 2, pixel = i / 2;
        int32_t sum = 0;
        for (uint32_t chunk = 0; chunk <= work->rest; chunk++) {
            uint32_t place = ladder && chunk != 0 ? work->rest + 1 - chunk : chunk;
            const int8_t *w = weights + (2 * place + half) * MR_VECTOR;
            for (uint32_t k = 0; k < MR_VECTOR; k++) {
                sum += windows[pixel][chunk * MR_VECTOR + k] * w[k];
            }
        }
        mr_helium_scaling scaling = {packed[half], packed[2 + half], packed[4 + half]};
        outputs[pixel][half] = mr_helium_scale(sum, &scaling, work->zero_point);
    }
}

static void compute_all(const job *work, uint32_t ladder)
{
    const uint32_t pair_bytes = 2 * MR_VECTOR * (work->rest + 1) + 2 * sizeof(mr_helium_scaling);
    job now = *work;
    for (uint32_t group = 0; group < work->groups; group++) {
        for (const int8_t *at = now.weights; at != now.weights_end; at += pair_bytes) {
            compute_pair(work, now.windows, now.outputs, at, ladder);
            for (uint32_t i = 0; i < PIXELS; i++) {
                now.outputs[i] += 2;
            }
        }
        for (uint32_t i = 0; group + 1 < work->groups && i < PIXELS; i++) {
            now.windows[i] += work->window_step;
            now.outputs[i] += work->output_step;
        }
    }
}

static void compute_short(job *work)
{
    compute_all(work, 1);
}

static void compute_deep(job *work)
{
    compute_all(work, 0);
}

#endif

#endif
