/* SPDX-License-Identifier: MIT-0 */
#include "shape.h"

#include <string.h>

mr_status mr_copy(const mr_context *context, const void *params, mr_band band)
{
    const mr_copy_params *p = params;
    const void *input = mr_data_at(context, p->input);
    void *output = mr_arena_at(context, p->output);
    (void)band;
    if (output != input) {
        memcpy(output, input, p->size);
    }
    return MR_OK;
}

/* The input row that lies in output row `row`, or null where all of it is padding. */
static const uint8_t *row_inside(const mr_context *context, const mr_pad_params *p, uint32_t row)
{
    uint32_t in_row = 0;
    uint32_t step = 1;
    for (uint32_t axis = 0; axis < 3; axis++) {
        uint32_t index = row % p->out_extent[axis] - p->before[axis]; /* wraps when before it */
        if (index >= p->in_extent[axis]) {
            return NULL;
        }
        in_row += index * step;
        step *= p->in_extent[axis];
        row /= p->out_extent[axis];
    }
    return mr_row_in(context, &p->input, in_row);
}

static uint8_t *fill(uint8_t *out, uint8_t value, uint32_t size)
{
    memset(out, value, size);
    return out + size;
}

static void pad_row(const mr_pad_params *p, const uint8_t *in, uint8_t *out)
{
    out = fill(out, p->value, p->left);
    for (uint32_t i = 0; i < p->chunks; i++) {
        out = fill(out, p->value, p->chunk_left);
        memcpy(out, in, p->chunk_size);
        in += p->chunk_size;
        out = fill(out + p->chunk_size, p->value, p->chunk_right);
    }
    fill(out, p->value, p->right);
}

mr_status mr_pad(const mr_context *context, const void *params, mr_band band)
{
    const mr_pad_params *p = params;
    for (uint32_t row = band.first; row < band.first + band.count; row++) {
        const uint8_t *in = row_inside(context, p, row);
        uint8_t *out = mr_row_out(context, &p->output, row);
        if (in != NULL) {
            pad_row(p, in, out);
        } else {
            fill(out, p->value, p->output.pitch);
        }
    }
    return MR_OK;
}

static mr_status concat(const mr_context *context, uint8_t *output, uint32_t outer, uint32_t count,
                        const mr_ref *inputs, const uint32_t *sizes)
{
    for (uint32_t turn = 0; turn < outer; turn++) {
        for (uint32_t i = 0; i < count; i++) {
            const uint8_t *input = mr_data_at(context, inputs[i]);
            memcpy(output, input + turn * sizes[i], sizes[i]);
            output += sizes[i];
        }
    }
    return MR_OK;
}

mr_status mr_concat_4(const mr_context *context, const void *params, mr_band band)
{
    const mr_concat_4_params *p = params;
    (void)band;
    return concat(context, mr_arena_at(context, p->output), p->outer, p->count, p->inputs,
                  p->sizes);
}

mr_status mr_concat_16(const mr_context *context, const void *params, mr_band band)
{
    const mr_concat_16_params *p = params;
    (void)band;
    return concat(context, mr_arena_at(context, p->output), p->outer, p->count, p->inputs,
                  p->sizes);
}

mr_status mr_concat_64(const mr_context *context, const void *params, mr_band band)
{
    const mr_concat_64_params *p = params;
    (void)band;
    return concat(context, mr_arena_at(context, p->output), p->outer, p->count, p->inputs,
                  p->sizes);
}
