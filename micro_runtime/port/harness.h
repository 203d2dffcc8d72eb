/* SPDX-License-Identifier: MIT-0 */
/* Runs a model on the samples of a file. The model's side is generated: see mr_subject_*. */
#ifndef MICROLITH_HARNESS_H
#define MICROLITH_HARNESS_H

#include <stdint.h>

#include "microlith.h"

/*
 * Reads samples from DIRECTORY/input.bin, runs the model on each, and writes what it gives to
 * DIRECTORY/output.bin; the bytes of a sample's inputs, and of its outputs, follow each other
 * without a gap. `stack <bytes>` goes to DIRECTORY/report.txt. In mode "trace" the rows of every
 * op go to DIRECTORY/trace.bin, in records of an mr_trace_record and its rows. In mode "profile"
 * there are marks around every step instead of every invoke. Returns the exit code: 0 when all
 * went well.
 */
int mr_harness(const char *mode, const char *directory);

typedef struct mr_trace_record {
    uint32_t sample;
    uint32_t op;
    uint32_t output;
    uint32_t first_row;
    uint32_t row_count;
    uint32_t row_bytes;
} mr_trace_record;

extern const uint32_t mr_subject_input_count;
extern const uint32_t mr_subject_output_count;
uint32_t mr_subject_input_size(uint32_t index);
uint32_t mr_subject_output_size(uint32_t index);
void *mr_subject_input(uint32_t index);
const void *mr_subject_output(uint32_t index);
mr_status mr_subject_init(mr_hook *hook);
mr_status mr_subject_invoke(uint32_t *stack_used);

/* An invoke step by step, each between two marks. */
mr_status mr_subject_profile(void);

#endif
