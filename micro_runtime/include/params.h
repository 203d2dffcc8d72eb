/* SPDX-License-Identifier: MIT-0 */
/*
 * Types that kernel parameters are made of. These and the headers of the kernels are read by the
 * code generator too: they hold only structs of fixed-width integers, floats and arrays of these.
 */
#ifndef MICROLITH_PARAMS_H
#define MICROLITH_PARAMS_H

#include <stdint.h>

/* A place in the arena (byte offset) or, with MR_CONST_BIT set, in the model's constants. */
typedef uint32_t mr_ref;

/* Rows that have an offset each start at multiples of it. */
#define MR_ROW_UNIT 4u

/*
 * Rows of a tensor, of pitch bytes each. Row r starts (r mod capacity) * pitch bytes after base: a
 * whole tensor has as many slots as rows, a ring fewer. When capacity is 0, base is an array of
 * uint16_t in the constants: row r starts MR_ROW_UNIT * base[r] bytes into the arena.
 */
typedef struct mr_rows {
    mr_ref base;
    uint32_t pitch;
    uint32_t capacity;
} mr_rows;

/* Geometry of an operator that slides a window over an image, extents in elements. */
typedef struct mr_window {
    uint16_t in_height, in_width;
    uint16_t out_height, out_width;
    uint16_t kernel_height, kernel_width;
    uint16_t stride_height, stride_width;
    uint16_t dilation_height, dilation_width;
    uint16_t pad_top, pad_left;
} mr_window;

#endif
