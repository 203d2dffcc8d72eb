/* SPDX-License-Identifier: MIT-0 */
/*
 * Depthwise convolutions with Helium, 16 channels at a time. Four input rows are interleaved byte
 * by byte, so that a channel has a word in each column, and all taps of an output, and those of its
 * neighbours, are in the words of four columns: one vector. VMLADAVA adds their products at once,
 * with zeros as weights for the bytes between and beyond (depthwise_tiles.h).
 */
#include "depthwise.h"

#include "depthwise_tiles.h"
#include "helium.h"

typedef struct walk {
    const mr_context *context;
    const mr_depthwise_conv_2d_s8_helium_params *params;
    int8_t *words;
    int16_t *places;
    const int8_t **inputs; /* four for each strip */
    uint32_t row;          /* the first of the `count` output rows that are computed together */
    uint32_t count;
    uint32_t tiles;
    uint32_t strips;
    uint32_t alike; /* strips from the first on whose inputs are equally far apart */
} walk;

/* --------------------------------------------------------------------------- rows */

/* Output rows from at->row on that fit the strips: up to the end of the image, of a ring, or of
 * the band. */
static void take_rows(walk *at, uint32_t end)
{
    const mr_depthwise_conv_2d_s8_helium_params *p = at->params;
    uint32_t count = end - at->row, height = p->window.out_height;
    uint32_t in_image = height - at->row % height;
    uint32_t in_ring = mr_adjacent_rows(&p->output, at->row);
    count = p->rows < count ? p->rows : count;
    count = in_image < count ? in_image : count;
    at->count = in_ring < count ? in_ring : count;
}

/* Where the outputs of the tiles go; tiles and strips that it takes. */
static void find_places(walk *at)
{
    const mr_depthwise_conv_2d_s8_helium_params *p = at->params;
    uint32_t height = p->tall ? at->count : p->strip_rows, width = p->window.out_width;
    uint32_t strips = (at->count + height - 1) / height;
    uint32_t columns = p->tall ? 1 : p->strip_columns / p->window.stride_width;
    int16_t *place = at->places;
    for (uint32_t strip = 0, first = 0; strip < strips; strip++, first += height) {
        int32_t out = (int32_t)(first * p->output.pitch);
        for (uint32_t x = 0; x < (strip + 1 < strips ? columns : width); x++) {
            for (uint32_t y = 0; y < height; y++) {
                int32_t inside = x < width && first + y < at->count;
                *place++ = (int16_t)(inside ? out + (int32_t)(y * p->output.pitch) : -1);
            }
            out += p->channels;
        }
    }
    at->tiles = (uint32_t)(place - at->places + TILE - 1) / TILE;
    while (place != at->places + TILE * at->tiles) {
        *place++ = -1;
    }
    uint32_t inputs = at->count - 1u + p->window.kernel_height;
    at->strips = p->tall ? (inputs + WORDS - 1) / WORDS : strips;
}

/* Whether all four inputs of a strip are `step` bytes below those of the strip before it. */
static int follows(const int8_t *const *inputs, ptrdiff_t step)
{
    for (uint32_t k = 0; k < WORDS; k++) {
        if (inputs[k] - inputs[(int32_t)k - (int32_t)WORDS] != step) {
            return 0;
        }
    }
    return 1;
}

/* Pointers to the inputs of all strips. Rows outside the image that have no weights may be any. */
static void find_inputs(walk *at)
{
    const mr_depthwise_conv_2d_s8_helium_params *p = at->params;
    const mr_window *window = &p->window;
    uint32_t first = at->row / window->out_height * window->in_height;
    uint32_t top = at->row % window->out_height * window->stride_height - window->pad_top;
    const int8_t *outside = p->padding != 0 ? mr_data_at(at->context, p->padding)
                                            : mr_row_in(at->context, &p->input, first);
    const int8_t **input = at->inputs;
    for (uint32_t strip = 0; strip < at->strips; strip++, top += p->strip_inputs) {
        for (uint32_t y = top; y != top + WORDS; y++) {
            int inside = y < window->in_height;
            *input++ = inside ? mr_row_in(at->context, &p->input, first + y) : outside;
        }
    }
    at->alike = 1;
    if (p->tall && at->strips > 1) {
        ptrdiff_t step = at->inputs[WORDS] - at->inputs[0];
        while (at->alike < at->strips && follows(at->inputs + WORDS * at->alike, step)) {
            at->alike++;
        }
    }
}

/* --------------------------------------------------------------------------- words */

/* Interleaves 16 bytes of each of four rows, `count` times, `step` bytes apart; results are one
 * after the other. */
static void interleave(const int8_t *const *rows, uint32_t offset, ptrdiff_t step, int8_t *to,
                       uint32_t count)
{
    const int8_t *a = rows[0] + offset, *b = rows[1] + offset;
    const int8_t *c = rows[2] + offset, *d = rows[3] + offset;
#if MR_HELIUM_ASM
    __asm__ volatile("wls lr, %[count], 2f\n"
                     "1:\n\t"
                     "vldrb.u8 q0, [%[a]]\n\t"
                     "add %[a], %[step]\n\t"
                     "vldrb.u8 q1, [%[b]]\n\t"
                     "add %[b], %[step]\n\t"
                     "vldrb.u8 q2, [%[c]]\n\t"
                     "add %[c], %[step]\n\t"
                     "vldrb.u8 q3, [%[d]]\n\t"
                     "add %[d], %[step]\n\t"
                     "vst40.8 {q0, q1, q2, q3}, [%[to]]\n\t"
                     "vst41.8 {q0, q1, q2, q3}, [%[to]]\n\t"
                     "vst42.8 {q0, q1, q2, q3}, [%[to]]\n\t"
                     "vst43.8 {q0, q1, q2, q3}, [%[to]]!\n\t"
                     "le lr, 1b\n"
                     "2:"
                     : [a] "+l"(a), [b] "+l"(b), [c] "+l"(c), [d] "+l"(d), [to] "+r"(to)
                     : [count] "r"(count), [step] "r"(step)
                     : "lr", "q0", "q1", "q2", "q3", "memory");
#else
    for (; count > 0; count--, a += step, b += step, c += step, d += step) {
        for (uint32_t i = 0; i < MR_VECTOR; i++, to += WORDS) {
            to[0] = a[i];
            to[1] = b[i];
            to[2] = c[i];
            to[3] = d[i];
        }
    }
#endif
}

/* A group of channels, from `channel` on, of a strip. Columns outside the image stay zero points.
 * Strips whose rows are like this one's are done with it. */
static uint32_t interleave_strip(const walk *at, uint32_t strip, uint32_t channel)
{
    const mr_depthwise_conv_2d_s8_helium_params *p = at->params;
    const int8_t *const *rows = at->inputs + WORDS * strip;
    uint32_t column = strip * p->strip_columns + p->window.pad_left;
    int8_t *to = at->words + column * WORDS * p->group;
    if (p->tall) {
        uint32_t alike = strip == 0 ? at->alike : 1;
        ptrdiff_t step = alike == 1 ? 0 : rows[WORDS] - rows[0];
        interleave(rows, channel, step, to, alike);
        return alike;
    }
    uint32_t needed = p->strip_columns - p->window.pad_left;
    uint32_t count = p->window.in_width < needed ? p->window.in_width : needed;
    if (p->group == MR_VECTOR) {
        interleave(rows, channel, p->channels, to, count);
    } else {
        uint32_t bytes = count * p->channels, rest = bytes % MR_VECTOR;
        interleave(rows, 0, MR_VECTOR, to, bytes / MR_VECTOR);
        if (rest != 0) { /* once more what lies before it */
            uint32_t last = bytes - MR_VECTOR;
            interleave(rows, last, MR_VECTOR, to + WORDS * last, 1);
        }
    }
    return 1;
}

/* --------------------------------------------------------------------------- channels */

/* A group of channels of all rows of the walk; the first ones may be done already. */
static void compute_group(const walk *at, uint32_t channel, uint32_t done)
{
    const mr_depthwise_conv_2d_s8_helium_params *p = at->params;
    const int8_t *weights = mr_data_at(at->context, p->weights);
    const mr_helium_output *how = mr_data_at(at->context, p->outputs);
    uint32_t column = (uint32_t)WORDS * p->group;
    for (uint32_t strip = 0; strip < at->strips;) {
        strip += interleave_strip(at, strip, channel);
    }
    channel += done;
    job work = {.words = at->words + WORDS * done,
                .weights = weights + channel * MR_VECTOR + p->first,
                .how = how + channel,
                .channels = p->group - done,
                .out = (int8_t *)mr_row_out(at->context, &p->output, at->row) + channel,
                .tiles = at->tiles,
                .places = at->places};
    for (uint32_t i = 0; i < WORDS; i++) {
        work.gather[i] = (i - p->advance) * column;
    }
    compute_tiles(p, &work);
}

mr_status mr_depthwise_conv_2d_s8_helium(const mr_context *context, const void *params,
                                         mr_band band)
{
    const mr_depthwise_conv_2d_s8_helium_params *p = params;
    uint32_t end = band.first + band.count, word_bytes = (uint32_t)p->columns * p->group * WORDS;
    walk at = {.context = context, .params = p, .words = mr_arena_at(context, p->scratch)};
    at.places = (int16_t *)(void *)(at.words + word_bytes);
    at.inputs = (const int8_t **)(void *)(at.places + TILE * p->tiles);
    at.row = band.first;
    if (p->padding != 0) {
        const int8_t *padding = mr_data_at(context, p->padding);
        mr_helium_fill(at.words, word_bytes, padding[0]);
    }
    for (uint32_t before = 0; at.row < end; at.row += at.count) {
        take_rows(&at, end);
        if (at.count != before) {
            find_places(&at);
            before = at.count;
        }
        find_inputs(&at);
        for (uint32_t next = 0; next < p->channels; next += p->group) {
            uint32_t last = p->channels - (uint32_t)p->group;
            uint32_t channel = next < last ? next : last;
            compute_group(&at, channel, next - channel);
        }
    }
    if (p->least != INT8_MIN || p->most != INT8_MAX) {
        uint32_t row_bytes = (uint32_t)p->window.out_width * p->channels;
        for (uint32_t row = band.first; row < end; row++) {
            mr_helium_clamp(mr_row_out(context, &p->output, row), row_bytes, p->least, p->most);
        }
    }
    return MR_OK;
}
