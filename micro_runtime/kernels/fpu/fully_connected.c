/* SPDX-License-Identifier: MIT-0 */
/*
 * Fully connected layers in single precision, eight units at a time: 69 instructions for 64
 * operations. Each sum has a register of its own and takes its terms in the reference's order, the
 * bias last.
 */
#include "fully_connected.h"

#include <stddef.h>
#include <string.h>

#include "fpu.h"

#define UNITS 8u

/* Blocks of units of one vector. */
typedef struct job {
    const float *input;
    const float *fours_end; /* of the inputs in whole groups of four */
    const float *input_end;
    const float *weights;
    uint32_t blocks;
    float *output;
    uint32_t rectified;
} job;

#if MR_FPU_ASM

/* clang-format off */

_Static_assert(offsetof(job, rectified) == 24 && sizeof(job) == 28, "the assembly relies on it");

/* Adds the products of the input `x` and eight weights to the sums s0 to s7. */
#define MULTIPLY_4(x, w0, w1, w2, w3, a, b, c, d)   \
    "vmul.f32 s28, " w0 ", " x "\n\t"               \
    "vmul.f32 s29, " w1 ", " x "\n\t"               \
    "vmul.f32 s30, " w2 ", " x "\n\t"               \
    "vmul.f32 s31, " w3 ", " x "\n\t"               \
    "vadd.f32 " a ", " a ", s28\n\t"                \
    "vadd.f32 " b ", " b ", s29\n\t"                \
    "vadd.f32 " c ", " c ", s30\n\t"                \
    "vadd.f32 " d ", " d ", s31\n\t"
#define MULTIPLY(x, w0, w1, w2, w3, w4, w5, w6, w7)                 \
    MULTIPLY_4(x, w0, w1, w2, w3, "s0", "s1", "s2", "s3")           \
    MULTIPLY_4(x, w4, w5, w6, w7, "s4", "s5", "s6", "s7")
#define MULTIPLY_TWO(x, y)                                                          \
    "vldmia r3!, {s12-s27}\n\t"                                                     \
    MULTIPLY(x, "s12", "s13", "s14", "s15", "s16", "s17", "s18", "s19")             \
    MULTIPLY(y, "s20", "s21", "s22", "s23", "s24", "s25", "s26", "s27")

/* r0 is the first input, r1 and r2 are the ends of groups and of all, r3 is the next weight, r4 the
 * number of blocks, r5 the output, r6 whether it is rectified, r7 the next input. */
__attribute__((naked, noinline)) static void compute(const job *work)
{
    (void)work;
    __asm__("push   {r4-r11, lr}\n\t"
            "vpush  {s16-s31}\n\t"
            "ldmia  r0, {r0-r6}\n\t"
            "movs   r8, #0\n"
            "1:\n\t"
            "vmov   d0, r8, r8\n\t"
            "vmov   d1, r8, r8\n\t"
            "vmov   d2, r8, r8\n\t"
            "vmov   d3, r8, r8\n\t"
            "mov    r7, r0\n\t"
            "cmp    r7, r1\n\t"
            "beq    3f\n"
            "2:\n\t"
            "vldmia r7!, {s8-s11}\n\t"
            MULTIPLY_TWO("s8", "s9")
            MULTIPLY_TWO("s10", "s11")
            "cmp    r7, r1\n\t"
            "bne    2b\n"
            "3:\n\t"
            "cmp    r7, r2\n\t"
            "beq    5f\n"
            "4:\n\t"
            "vldmia r7!, {s8}\n\t"
            "vldmia r3!, {s12-s19}\n\t"
            MULTIPLY("s8", "s12", "s13", "s14", "s15", "s16", "s17", "s18", "s19")
            "cmp    r7, r2\n\t"
            "bne    4b\n"
            "5:\n\t"
            "vldmia r3!, {s24-s27}\n\t"
            MR_FPU_ADD_BIASES("s0", "s1", "s2", "s3")
            "vldmia r3!, {s24-s27}\n\t"
            MR_FPU_ADD_BIASES("s4", "s5", "s6", "s7")
            "cbz    r6, 6f\n\t"
            MR_FPU_STORE_RECTIFIED("r5", "s0", "s1", "s2", "s3")
            MR_FPU_STORE_RECTIFIED("r5", "s4", "s5", "s6", "s7")
            "b      7f\n"
            "6:\n\t"
            "vstmia r5!, {s0-s7}\n"
            "7:\n\t"
            "subs   r4, #1\n\t"
            "bne    1b\n\t"
            "vpop   {s16-s31}\n\t"
            "pop    {r4-r11, pc}");
}

/* clang-format on */

#else

static void compute(const job *work)
{
    const float *weights = work->weights;
    float *out = work->output;
    for (uint32_t block = 0; block < work->blocks; block++) {
        float sums[UNITS] = {0};
        for (const float *x = work->input; x != work->input_end; x++) {
            for (uint32_t unit = 0; unit < UNITS; unit++) {
                sums[unit] += *x * *weights++;
            }
        }
        for (uint32_t unit = 0; unit < UNITS; unit++) {
            float sum = sums[unit] + *weights++;
            *out++ = work->rectified != 0 && sum < 0.0f ? 0.0f : sum;
        }
    }
}

#endif

/* The units behind the last whole block. */
static MR_NOINLINE void compute_rest(const job *whole, uint32_t units)
{
    float outputs[UNITS];
    job work = *whole;
    uint32_t depth = (uint32_t)(work.input_end - work.input);
    work.weights += whole->blocks * (depth + 1u) * UNITS;
    work.blocks = 1;
    work.output = outputs;
    compute(&work);
    memcpy(whole->output + whole->blocks * UNITS, outputs, units * sizeof(float));
}

mr_status mr_fully_connected_f32_fpu(const mr_context *context, const void *params, mr_band band)
{
    const mr_fully_connected_f32_fpu_params *p = params;
    const float *input = mr_data_at(context, p->input);
    float *output = mr_arena_at(context, p->output);
    (void)band;
    for (uint32_t batch = 0; batch < p->batches; batch++) {
        job work = {
            .input = input,
            .fours_end = input + p->depth / 4 * 4,
            .input_end = input + p->depth,
            .weights = mr_data_at(context, p->weights),
            .blocks = p->units / UNITS,
            .output = output,
            .rectified = p->rectified,
        };
        if (work.blocks > 0) {
            compute(&work);
        }
        if (p->units % UNITS != 0) {
            compute_rest(&work, p->units % UNITS);
        }
        if (p->clamped != 0) {
            mr_fpu_clamp(output, p->units, p->least, p->most);
        }
        input += p->depth;
        output += p->units;
    }
    return MR_OK;
}
