/* SPDX-License-Identifier: MIT-0 */
/*
 * Fully connected layers with Helium: eight units at a time, whose sums are the general registers
 * that VMLADAVA can add to. They start with the biases; 16 inputs take 17 instructions for 128
 * products.
 */
#include "fully_connected.h"

#include "helium.h"

#define UNITS 8u

/* All units of a vector of inputs. */
typedef struct job {
    const int8_t *input;
    uint32_t chunks;
    const int32_t *biases;
    uint32_t entry; /* bytes of code before the end of a loop's turn that the first turn runs */
    int8_t *out;
    int32_t units;
    const int8_t *weights;
    int32_t multiplier;
    int32_t right; /* negative */
    int32_t offset;
    int32_t left;
} job;

#if MR_HELIUM_ASM

#define TURN        4u  /* chunks in a turn of the loop */
#define CHUNK_BYTES 68u /* of code */

/* Offsets in a job; the stack frame starts with a copy of its first six fields. */
#define BIASES  "8"
#define ENTRY   "12"
#define OUT     "16" /* and units */
#define WEIGHTS "24"
#define FRAME   "24"

_Static_assert(sizeof(job) == 44, "the assembly below relies on it");

#define MULTIPLY_UNIT(sum)                                                                         \
    "vldrb.u8 q1, [r3], #16\n\t"                                                                   \
    "vmladava.s8 " sum ", q0, q1\n\t"

/* 16 inputs at r1 and the weights of eight units at r3. */
#define MULTIPLY_CHUNK                                                                             \
    "vldrb.u8 q0, [r1], #16\n\t" MULTIPLY_UNIT("r0") MULTIPLY_UNIT("r2") MULTIPLY_UNIT("r4")       \
        MULTIPLY_UNIT("r6") MULTIPLY_UNIT("r8") MULTIPLY_UNIT("r10") MULTIPLY_UNIT("r12")          \
            MULTIPLY_UNIT("lr")

/* Multiplier and right shift are in r7 and r9, offset and left shift in q5 and q6. */
__attribute__((naked, noinline)) static void compute_units(const job *work)
{
    (void)work;
    __asm__("push {r4-r11, lr}\n\t"
            "vpush {d8-d15}\n\t"
            "sub sp, #" FRAME "\n\t"
            "ldm r0!, {r1-r6}\n\t"
            "adr.w r7, 12f\n\t"
            "sub r4, r7, r4\n\t"
            "orr r4, #1\n\t"
            "stm sp, {r1-r6}\n\t"
            "ldm r0, {r3, r7, r9, r10, r11}\n\t"
            "vdup.32 q5, r10\n\t"
            "vdup.32 q6, r11\n"
            "10:\n\t"
            "ldm sp, {r1, r5, r11}\n\t"
            "ldm r11!, {r0, r2, r4, r6, r8, r10, r12, lr}\n\t"
            "str r11, [sp, #" BIASES "]\n\t"
            "ldr pc, [sp, #" ENTRY "]\n"
            "11:\n\t" MULTIPLY_CHUNK MULTIPLY_CHUNK MULTIPLY_CHUNK MULTIPLY_CHUNK "12:\n\t"
            "subs r5, #4\n\t"
            "bgt.w 11b\n\t"
            /* even units in q0, odd ones in q1 */
            "vmov q0[2], q0[0], r0, r8\n\t"
            "vmov q0[3], q0[1], r4, r12\n\t"
            "vmov q1[2], q1[0], r2, r10\n\t"
            "vmov q1[3], q1[1], r6, lr\n\t"
            "vshl.s32 q0, q0, q6\n\t"
            "vshl.s32 q1, q1, q6\n\t"
            "vmov q2, q5\n\t"
            "vmov q3, q5\n\t"
            "vqrdmlah.s32 q2, q0, r7\n\t"
            "vqrdmlah.s32 q3, q1, r7\n\t"
            "vshl.s32 q2, r9\n\t"
            "vshl.s32 q3, r9\n\t"
            "vqmovnb.s32 q2, q2\n\t"
            "ldrd r0, r2, [sp, #" OUT "]\n\t"
            "vqmovnt.s32 q2, q3\n\t"
            "vctp.16 r2\n\t"
            "vqmovnb.s16 q2, q2\n\t"
            "vpst\n\t"
            "vstrbt.16 q2, [r0], #8\n\t"
            "subs r2, #8\n\t"
            "strd r0, r2, [sp, #" OUT "]\n\t"
            "bgt.w 10b\n\t"
            "add sp, #" FRAME "\n\t"
            "vpop {d8-d15}\n\t"
            "pop {r4-r11, pc}");
}

static uint32_t loop_entry(uint32_t chunks)
{
    return ((chunks - 1) % TURN + 1) * CHUNK_BYTES;
}

#else

static void compute_units(const job *work)
{
    const int8_t *weights = work->weights;
    for (int32_t unit = 0; unit < work->units; unit++) {
        uint32_t block = (uint32_t)unit / UNITS * UNITS, lane = (uint32_t)unit % UNITS;
        int32_t sum = work->biases[unit];
        for (uint32_t i = 0; i < work->chunks * MR_VECTOR; i++) {
            uint32_t chunk = block * work->chunks + i / MR_VECTOR * UNITS + lane;
            sum += work->input[i] * weights[chunk * MR_VECTOR + i % MR_VECTOR];
        }
        int64_t product = (int64_t)(sum * (1 << work->left)) * work->multiplier;
        int32_t high = (int32_t)((product + (1 << 30)) >> 31);
        int32_t value = (high + work->offset) >> -work->right;
        work->out[unit] = (int8_t)(value < INT8_MIN   ? INT8_MIN
                                   : value > INT8_MAX ? INT8_MAX
                                                      : value);
    }
}

static uint32_t loop_entry(uint32_t chunks)
{
    (void)chunks;
    return 0;
}

#endif

mr_status mr_fully_connected_s8_helium(const mr_context *context, const void *params, mr_band band)
{
    const mr_fully_connected_s8_helium_params *p = params;
    const int8_t *input = mr_data_at(context, p->input);
    int8_t *copy = p->depth % MR_VECTOR != 0 ? mr_arena_at(context, p->scratch) : NULL;
    job work = {
        .chunks = p->chunks,
        .biases = mr_data_at(context, p->biases),
        .entry = loop_entry(p->chunks),
        .out = mr_arena_at(context, p->output),
        .units = (int32_t)p->units,
        .weights = mr_data_at(context, p->weights),
        .multiplier = p->multiplier,
        .right = -p->right,
        .offset = p->offset,
        .left = p->left,
    };
    (void)band;
    for (uint32_t batch = 0; batch < p->batches; batch++, input += p->depth) {
        work.input = input;
        if (copy != NULL) {
            mr_helium_fill(copy + (p->chunks - 1) * MR_VECTOR, MR_VECTOR, 0);
            mr_helium_copy(copy, input, p->depth);
            work.input = copy;
        }
        compute_units(&work);
        if (p->least != INT8_MIN || p->most != INT8_MAX) {
            mr_helium_clamp(work.out, p->units, p->least, p->most);
        }
        work.out += p->units;
    }
    return MR_OK;
}
