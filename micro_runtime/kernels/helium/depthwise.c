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
#include "interleave.h"

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
    job work;
} walk;

/* --------------------------------------------------------------------------- rows */

/* Output rows from at->row on that fit the strips: up to the end of the image, of a ring, or of
 * the band. */
static void take_rows(walk *at, uint32_t end)
{
    const mr_depthwise_conv_2d_s8_helium_params *p = at->params;
    uint32_t count = end - at->row, height = p->window.out_height;
    uint32_t in_image = height - at->row % height;
    count = p->rows < count ? p->rows : count;
    count = in_image < count ? in_image : count;
    at->count = mr_adjacent_rows(at->context, &p->output, at->row, count);
}

/* Places of `width` pixels of `height` rows: down, then to the right. */
static int16_t *place_strip(const mr_depthwise_conv_2d_s8_helium_params *p, int16_t *place,
                            uint32_t first, uint32_t height, uint32_t width)
{
    uint32_t out = first * p->output.pitch, pitch = p->output.pitch, step = p->channels;
    for (uint32_t x = 0; x < width; x++, out += step) {
        *place++ = (int16_t)out;
        for (uint32_t y = 1, down = out + pitch; y < height; y++, down += pitch) {
            *place++ = (int16_t)down;
        }
    }
    return place;
}

static int16_t *place_nothing(int16_t *place, const int16_t *end)
{
    while (place != end) {
        *place++ = -1;
    }
    return place;
}

/* Where the outputs of the tiles go; tiles and strips that it takes. */
MR_APART static void find_places(walk *at)
{
    const mr_depthwise_conv_2d_s8_helium_params *p = at->params;
    uint32_t height = p->tall ? at->count : p->strip_rows, width = p->window.out_width;
    uint32_t strips = (at->count + height - 1) / height, rest = at->count % height;
    uint32_t between = p->tall ? 0 : p->strip_columns / p->window.stride_width - width;
    int16_t *place = at->places;
    for (uint32_t first = 0; first < at->count; first += height) {
        place = first == 0 ? place : place_nothing(place, place + between * height);
        place = place_strip(p, place, first, height, width);
    }
    for (uint32_t x = 1; rest != 0 && x <= width; x++) { /* the last strip is not full */
        place_nothing(place - x * height + rest, place - (x - 1) * height);
    }
    at->tiles = ((uint32_t)(place - at->places) + TILE - 1) / TILE;
    place_nothing(place, at->places + TILE * at->tiles);
    int16_t there = place[-1] < 0 ? place[-2] : place[-1]; /* strips have two rows at most */
    const int16_t *last = at->places + TILE * (at->tiles - 1u);
    for (place = at->places; place != last; place++) {
        *place = *place < 0 ? there : *place; /* the last tile stores it after them */
    }
    uint32_t inputs = at->count - 1u + p->window.kernel_height;
    at->strips = p->tall ? (inputs + MR_WORDS - 1) / MR_WORDS : strips;
}

/* Whether all four inputs of a strip are `step` bytes below those of the strip before it. */
static int follows(const int8_t *const *inputs, ptrdiff_t step)
{
    for (uint32_t k = 0; k < MR_WORDS; k++) {
        if (inputs[k] - inputs[(int32_t)k - (int32_t)MR_WORDS] != step) {
            return 0;
        }
    }
    return 1;
}

/* Pointers to the inputs of all strips. Rows outside the image that have no weights may be any. */
MR_APART static void find_inputs(walk *at)
{
    const mr_depthwise_conv_2d_s8_helium_params *p = at->params;
    const mr_window *window = &p->window;
    uint32_t first = at->row / window->out_height * window->in_height;
    uint32_t top = at->row % window->out_height * window->stride_height - window->pad_top;
    const int8_t *outside = p->padding != 0 ? mr_data_at(at->context, p->padding)
                                            : mr_row_in(at->context, &p->input, first);
    const int8_t **input = at->inputs;
    uint32_t shared = p->strip_inputs < MR_WORDS ? MR_WORDS - p->strip_inputs : 0;
    mr_helium_rows rows = {at->context, &p->input, NULL, 0};
    for (uint32_t strip = 0; strip < at->strips; strip++, top += p->strip_inputs) {
        uint32_t y = 0;
        for (; strip != 0 && y < shared; y++, input++) { /* with the strip before it */
            *input = input[-(int32_t)shared];
        }
        for (; y < MR_WORDS; y++) {
            int inside = top + y < window->in_height;
            *input++ = inside ? mr_helium_next_row(&rows, first + top + y) : outside;
        }
        if (p->strip_inputs > MR_WORDS) {
            rows.adjacent = 0;
        }
    }
    at->alike = 1;
    if (p->tall && at->strips > 1) {
        ptrdiff_t step = at->inputs[MR_WORDS] - at->inputs[0];
        while (at->alike < at->strips && follows(at->inputs + MR_WORDS * at->alike, step)) {
            at->alike++;
        }
    }
}

/* --------------------------------------------------------------------------- words */

/* Columns of a strip that are inside the image. */
static uint32_t inner_columns(const mr_depthwise_conv_2d_s8_helium_params *p)
{
    uint32_t needed = p->strip_columns - p->window.pad_left;
    return p->window.in_width < needed ? p->window.in_width : needed;
}

/* Zero points before, between and behind them. */
static void pad_strips(const walk *at, int8_t zero_point)
{
    const mr_depthwise_conv_2d_s8_helium_params *p = at->params;
    uint32_t column = (uint32_t)MR_WORDS * p->group, inside = inner_columns(p), last = 0;
    uint32_t gap = p->window.pad_left;
    for (uint32_t strip = 0; strip <= p->strips; strip++) {
        uint32_t rest = p->columns - last;
        mr_helium_fill(at->words + last * column, (gap < rest ? gap : rest) * column, zero_point);
        last += gap + inside;
        gap = p->strip_columns - inside;
    }
}

/* A group of channels, from `channel` on, of all strips. Columns outside the image stay zero
 * points. */
static void interleave_strips(const walk *at, uint32_t channel)
{
    const mr_depthwise_conv_2d_s8_helium_params *p = at->params;
    uint32_t column = (uint32_t)MR_WORDS * p->group;
    mr_interleaving from = {.rows = at->inputs,
                            .strips = at->strips,
                            .offset = channel,
                            .step = p->channels,
                            .count = 1,
                            .pitch = p->strip_columns * column};
    int8_t *to = at->words + p->window.pad_left * column;
    uint32_t count = inner_columns(p);
    if (p->tall) {
        if (at->alike > 1) {
            from.strips = 1;
            from.step = at->inputs[MR_WORDS] - at->inputs[0];
            from.count = at->alike;
            mr_interleave(from, to);
            to += from.pitch * at->alike;
            from.rows += MR_WORDS * at->alike;
            from.strips = at->strips - at->alike;
            from.count = 1;
        }
        if (from.strips != 0) {
            mr_interleave(from, to);
        }
    } else if (p->group == MR_VECTOR) {
        from.count = count;
        mr_interleave(from, to);
    } else {
        uint32_t bytes = count * p->channels;
        from.step = MR_VECTOR;
        from.count = bytes / MR_VECTOR;
        mr_interleave(from, to);
        if (bytes % MR_VECTOR != 0) { /* once more what lies before the rest */
            from.offset = bytes - MR_VECTOR;
            from.count = 1;
            mr_interleave(from, to + MR_WORDS * from.offset);
        }
    }
}

/* --------------------------------------------------------------------------- channels */

/* A group of channels of all rows of the walk, whose outputs begin at `out`; the first ones may be
 * done already. */
static void compute_group(walk *at, int8_t *out, uint32_t channel, uint32_t done)
{
    const mr_depthwise_conv_2d_s8_helium_params *p = at->params;
    const int8_t *weights = mr_data_at(at->context, p->weights);
    const mr_helium_output *how = mr_data_at(at->context, p->outputs);
    interleave_strips(at, channel);
    channel += done;
    at->work.words = at->words + MR_WORDS * done;
    at->work.weights = weights + channel * MR_VECTOR + p->first;
    at->work.how = how + channel;
    at->work.channels = p->group - done;
    at->work.out = out + channel;
    at->work.tiles = at->tiles;
    compute_tiles(p, &at->work);
}

mr_status mr_depthwise_conv_2d_s8_helium(const mr_context *context, const void *params,
                                         mr_band band)
{
    const mr_depthwise_conv_2d_s8_helium_params *p = params;
    uint32_t end = band.first + band.count, word_bytes = (uint32_t)p->columns * p->group * MR_WORDS;
    walk at = {.context = context, .params = p, .words = mr_arena_at(context, p->scratch)};
    at.places = (int16_t *)(void *)(at.words + word_bytes);
    at.inputs = (const int8_t **)(void *)(at.places + TILE * p->tiles);
    at.row = band.first;
    at.work.places = at.places;
    for (uint32_t i = 0; i < MR_WORDS; i++) {
        at.work.gather[i] = (i - p->advance) * MR_WORDS * p->group;
    }
    if (p->padding != 0) {
        const int8_t *padding = mr_data_at(context, p->padding);
        pad_strips(&at, padding[0]);
    }
    for (uint32_t before = 0; at.row < end; at.row += at.count) {
        take_rows(&at, end);
        if (at.count != before) {
            find_places(&at);
            before = at.count;
        }
        find_inputs(&at);
        int8_t *out = mr_row_out(context, &p->output, at.row);
        for (uint32_t next = 0; next < p->channels; next += p->group) {
            uint32_t last = p->channels - (uint32_t)p->group;
            uint32_t channel = next < last ? next : last;
            compute_group(&at, out, channel, next - channel);
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
