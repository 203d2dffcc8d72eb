/* SPDX-License-Identifier: MIT-0 */
/*
 * Bitmaps of cameras and displays, read pixel by pixel: what NAME_set_input_0_bitmap() of a model
 * with an image as input is made of. Nothing here takes flash unless it is called.
 */
#ifndef MICROLITH_BITMAP_H
#define MICROLITH_BITMAP_H

#include <stddef.h>
#include <stdint.h>

typedef enum mr_pixel_format {
    MR_GREY8,         /* one byte */
    MR_RGB888,        /* three bytes: red, green, blue */
    MR_BGR888,        /* three bytes: blue, green, red */
    MR_RGB565,        /* two bytes, the low one first: a uint16_t of a little-endian processor */
    MR_RGB565_SWAPPED /* two bytes, the high one first, as cameras with eight data lines send it */
} mr_pixel_format;

/*
 * `stride` is the number of bytes from one row's first pixel to the next one's: larger than a row
 * for a part of a larger bitmap, negative for one whose last row comes first in memory.
 */
typedef struct mr_bitmap {
    const uint8_t *pixels;
    uint32_t width;
    uint32_t height;
    ptrdiff_t stride;
    mr_pixel_format format;
} mr_bitmap;

typedef struct mr_rgb {
    uint8_t red;
    uint8_t green;
    uint8_t blue;
} mr_rgb;

/*
 * Goes through `from` rows (or columns) in `to` equal steps: step i is at the one under the middle
 * of i, (2 i + 1) from / (2 to), rounded down. Without a division for each step.
 */
typedef struct mr_walk {
    uint32_t at;
    uint32_t rest;
    uint32_t span;
    uint32_t whole;
    uint32_t part;
} mr_walk;

static inline mr_walk mr_walk_start(uint32_t from, uint32_t to)
{
    mr_walk walk;
    walk.span = 2u * to;
    walk.at = from / walk.span;
    walk.rest = from % walk.span;
    walk.whole = 2u * from / walk.span;
    walk.part = 2u * from % walk.span;
    return walk;
}

static inline void mr_walk_on(mr_walk *walk)
{
    walk->at += walk->whole;
    walk->rest += walk->part;
    if (walk->rest >= walk->span) {
        walk->rest -= walk->span;
        walk->at++;
    }
}

static inline int mr_bitmap_is_valid(const mr_bitmap *bitmap)
{
    return bitmap != NULL && bitmap->pixels != NULL && bitmap->width > 0 && bitmap->height > 0 &&
           bitmap->stride != 0;
}

static inline const uint8_t *mr_bitmap_row(const mr_bitmap *bitmap, uint32_t row)
{
    return bitmap->pixels + (ptrdiff_t)row * bitmap->stride;
}

static inline mr_rgb mr_rgb_of(uint32_t red, uint32_t green, uint32_t blue)
{
    mr_rgb rgb;
    rgb.red = (uint8_t)red;
    rgb.green = (uint8_t)green;
    rgb.blue = (uint8_t)blue;
    return rgb;
}

/* 5 and 6 bits become 8 by repeating the highest ones: all ones stay white. */
static inline mr_rgb mr_rgb_of_565(uint32_t low, uint32_t high)
{
    uint32_t red = high >> 3;
    uint32_t green = (high & 7u) << 3 | low >> 5;
    uint32_t blue = low & 31u;
    return mr_rgb_of(red << 3 | red >> 2, green << 2 | green >> 4, blue << 3 | blue >> 2);
}

/* The colour of pixel `x` of a row. */
static inline mr_rgb mr_pixel(const uint8_t *row, uint32_t x, mr_pixel_format format)
{
    switch (format) {
    case MR_RGB888:
        return mr_rgb_of(row[3u * x], row[3u * x + 1u], row[3u * x + 2u]);
    case MR_BGR888:
        return mr_rgb_of(row[3u * x + 2u], row[3u * x + 1u], row[3u * x]);
    case MR_RGB565:
        return mr_rgb_of_565(row[2u * x], row[2u * x + 1u]);
    case MR_RGB565_SWAPPED:
        return mr_rgb_of_565(row[2u * x + 1u], row[2u * x]);
    case MR_GREY8:
    default:
        return mr_rgb_of(row[x], row[x], row[x]);
    }
}

/* Brightness by ITU-R BT.601, in 16 bits of fraction; greys keep theirs. */
static inline uint8_t mr_grey(mr_rgb rgb)
{
    return (uint8_t)((19595u * rgb.red + 38470u * rgb.green + 7471u * rgb.blue + 0x8000u) >> 16);
}

#endif
