/* SPDX-License-Identifier: MIT-0 */
/* A fully connected layer, eight units at a time. */
#ifndef MICROLITH_FPU_UNITS_H
#define MICROLITH_FPU_UNITS_H

#include <stddef.h>
#include <string.h>

#include "fpu.h"
#include "fully_connected.h"
#include "kernel.h"

#define MR_FPU_UNITS 8u

/* Blocks of units of one vector. */
typedef struct mr_units_job {
    const float *input;
    const float *fours_end; /* of the inputs in whole groups of four */
    const float *input_end;
    const float *weights;
    uint32_t blocks;
    float *output;
    uint32_t rectified;
} mr_units_job;

/* In plain C, what the assembly of fully_connected.c and of other backends computes. */
static inline void mr_compute_units(const mr_units_job *work)
{
    const float *weights = work->weights;
    float *out = work->output;
    for (uint32_t block = 0; block < work->blocks; block++) {
        float sums[MR_FPU_UNITS] = {0};
        for (const float *x = work->input; x != work->input_end; x++) {
            for (uint32_t unit = 0; unit < MR_FPU_UNITS; unit++) {
                sums[unit] += *x * *weights++;
            }
        }
        for (uint32_t unit = 0; unit < MR_FPU_UNITS; unit++) {
            float sum = sums[unit] + *weights++;
            *out++ = work->rectified != 0 && sum < 0.0f ? 0.0f : sum;
        }
    }
}

/* The units behind the last whole block. */
static MR_NOINLINE void mr_compute_rest(const mr_units_job *whole, uint32_t units,
                                        void (*compute)(const mr_units_job *))
{
    float outputs[MR_FPU_UNITS];
    mr_units_job work = *whole;
    uint32_t depth = (uint32_t)(work.input_end - work.input);
    work.weights += whole->blocks * (depth + 1u) * MR_FPU_UNITS;
    work.blocks = 1;
    work.output = outputs;
    compute(&work);
    memcpy(whole->output + whole->blocks * MR_FPU_UNITS, outputs, units * sizeof(float));
}

/* All vectors of a layer. */
static inline void mr_connect_units(const mr_context *context,
                                    const mr_fully_connected_f32_fpu_params *p,
                                    void (*compute)(const mr_units_job *))
{
    const float *input = mr_data_at(context, p->input);
    float *output = mr_arena_at(context, p->output);
    for (uint32_t batch = 0; batch < p->batches; batch++) {
        mr_units_job work = {
            .input = input,
            .fours_end = input + p->depth / 4 * 4,
            .input_end = input + p->depth,
            .weights = mr_data_at(context, p->weights),
            .blocks = p->units / MR_FPU_UNITS,
            .output = output,
            .rectified = p->rectified,
        };
        if (work.blocks > 0) {
            compute(&work);
        }
        if (p->units % MR_FPU_UNITS != 0) {
            mr_compute_rest(&work, p->units % MR_FPU_UNITS, compute);
        }
        if (p->clamped != 0) {
            mr_fpu_clamp(output, p->units, p->least, p->most);
        }
        input += p->depth;
        output += p->units;
    }
}

#endif
