/* SPDX-License-Identifier: MIT-0 */
/*
 * The Microlith runtime: a model is a table of kernel calls, an arena that was laid out when the
 * model was compiled, and this interpreter, which walks the table. No heap, no recursion, no
 * global state.
 */
#ifndef MICROLITH_H
#define MICROLITH_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__) || defined(__clang__)
#define MR_ALIGNED(bytes) __attribute__((aligned(bytes)))
#define MR_MUST_CHECK     __attribute__((warn_unused_result))
#else
#define MR_ALIGNED(bytes)
#define MR_MUST_CHECK
#endif

/* Where arenas and constants go: define these for a linker section of your own. */
#ifndef MR_ARENA_SECTION
#define MR_ARENA_SECTION
#endif
#ifndef MR_WEIGHTS_SECTION
#define MR_WEIGHTS_SECTION
#endif

/* Alignment that an arena needs, in bytes. */
#define MR_ARENA_ALIGNMENT 16u

/* Marks a reference into the constants, in kernel parameters (see params.h). */
#define MR_CONST_BIT 0x80000000u

typedef enum mr_status {
    MR_OK = 0,
    MR_ARENA_TOO_SMALL,  /* init: fewer bytes than the model's arena size */
    MR_ARENA_MISALIGNED, /* init: not at a multiple of MR_ARENA_ALIGNMENT */
    MR_BAD_ARGUMENT,     /* a null pointer */
    MR_KERNEL_FAILED     /* a kernel (a delegate's, a custom one) reported a failure */
} mr_status;

/* Where a kernel finds memory. */
typedef struct mr_context {
    uint8_t *arena;
    const uint8_t *constants;
} mr_context;

/* Output rows [first, first + count) of a call; calls that are not made of rows have one. */
typedef struct mr_band {
    uint32_t first;
    uint32_t count;
} mr_band;

typedef mr_status mr_kernel(const mr_context *context, const void *params, mr_band band);

/*
 * How an output lies in memory, for the step hook: row r is (r mod capacity) * pitch bytes after
 * `offset`; with capacity 0, `offset` is that of an array in the constants, with an offset for each
 * row (see mr_rows). The first `lead_rows` rows of the call come before those of the output.
 */
typedef struct mr_output {
    uint32_t offset;
    uint32_t pitch;
    uint16_t capacity;
    uint16_t lead_rows;
} mr_output;

/* A kernel with its parameters. `op` is the operator's index in the .tflite file. */
typedef struct mr_call {
    mr_kernel *kernel;
    const void *params;
    const mr_output *outputs;
    uint16_t op;
    uint16_t output_count;
} mr_call;

/* One entry of the execution plan. */
typedef struct mr_step {
    uint16_t call;
    uint16_t first_row;
    uint16_t row_count;
} mr_step;

/* A compiled model: constant, shared by all its instances. */
typedef struct mr_model {
    const mr_call *calls;
    const mr_step *steps;
    const void *constants;
    uint32_t step_count;
    uint32_t arena_size;
    uint32_t variables_offset; /* state that lasts from one invoke to the next */
    uint32_t variables_size;
} mr_model;

/*
 * Called after each kernel call, once per output, before anything can overwrite its rows: rows[i]
 * is row first_row + i of output `output` of operator `op`, row_bytes long.
 */
typedef struct mr_event {
    uint32_t op;
    uint32_t output;
    uint32_t first_row;
    uint32_t row_count;
    uint32_t row_bytes;
    const mr_output *layout;
    const mr_context *context;
} mr_event;

typedef void mr_hook(void *user, const mr_event *event);

/* One running model. Generated code wraps it in a type of its own, NAME_t. */
typedef struct mr_instance {
    const mr_model *model;
    uint8_t *arena;
    uint32_t next_step;
    mr_hook *hook; /* null but for tests and profiles */
    void *hook_user;
} mr_instance;

/* Ties an instance to its arena and clears the model's variables. Start here. */
MR_MUST_CHECK mr_status mr_init(mr_instance *instance, const mr_model *model, void *arena,
                                size_t arena_size);

/* Runs the whole model on the inputs in the arena. */
MR_MUST_CHECK mr_status mr_invoke(mr_instance *instance);

/* Runs one step, for cooperative schedulers; `*done` is set to 1 after the last one, else 0. */
MR_MUST_CHECK mr_status mr_run_step(mr_instance *instance, int *done);

/* Clears the model's variables and goes back to the first step. */
void mr_reset(mr_instance *instance);

/* Row `row` of the event, 0 <= row < row_count. */
const uint8_t *mr_event_row(const mr_event *event, uint32_t row);

#ifdef __cplusplus
}
#endif

#endif
