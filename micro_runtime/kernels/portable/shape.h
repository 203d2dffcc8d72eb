/* SPDX-License-Identifier: MIT-0 */
/* Operators that only move elements: RESHAPE, PAD, CONCATENATION. Sizes are in bytes. */
#ifndef MICROLITH_PORTABLE_SHAPE_H
#define MICROLITH_PORTABLE_SHAPE_H

#include "kernel.h"

typedef struct mr_copy_params {
    mr_ref input, output;
    uint32_t size;
} mr_copy_params;

/*
 * The axes that number the rows come innermost first; unused ones have extent 1. An output row is
 * `left` bytes of padding, then `chunks` times chunk_left bytes of padding, chunk_size bytes of
 * the input and chunk_right bytes of padding, then `right` bytes of padding.
 */
typedef struct mr_pad_params {
    mr_rows input, output;
    uint32_t in_extent[3], out_extent[3], before[3];
    uint32_t left, right;
    uint32_t chunks, chunk_left, chunk_size, chunk_right;
    uint8_t value; /* every byte of a padding element */
} mr_pad_params;

/* For each of `outer` turns, the next sizes[i] bytes of every input one after the other. */
typedef struct mr_concat_4_params {
    mr_ref output;
    uint32_t outer, count;
    mr_ref inputs[4];
    uint32_t sizes[4];
} mr_concat_4_params;

typedef struct mr_concat_16_params {
    mr_ref output;
    uint32_t outer, count;
    mr_ref inputs[16];
    uint32_t sizes[16];
} mr_concat_16_params;

typedef struct mr_concat_64_params {
    mr_ref output;
    uint32_t outer, count;
    mr_ref inputs[64];
    uint32_t sizes[64];
} mr_concat_64_params;

mr_status mr_copy(const mr_context *context, const void *params, mr_band band);
mr_status mr_pad(const mr_context *context, const void *params, mr_band band);
mr_status mr_concat_4(const mr_context *context, const void *params, mr_band band);
mr_status mr_concat_16(const mr_context *context, const void *params, mr_band band);
mr_status mr_concat_64(const mr_context *context, const void *params, mr_band band);

#endif
