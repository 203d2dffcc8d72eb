/* SPDX-License-Identifier: MIT-0 */
/*
 * Convolutions in single precision. Windows of four output pixels, or three, are copied side by
 * side to the scratch; then four output channels of all of them are computed at a time, 67
 * instructions for 64 operations. Each sum has a register of its own and takes its terms in the
 * reference's order, the bias last.
 */
#include "conv.h"

#include "products.h"
#include "windows.h"

typedef struct walk {
    const mr_conv_2d_f32_fpu_params *params;
    mr_columns columns;
    float *windows;
    mr_products tile;
} walk;

/* The channels behind the last whole block, of `real` pixels. */
static MR_NOINLINE void compute_rest(const walk *at, void (*compute)(const mr_products *),
                                     uint32_t real)
{
    const mr_conv_2d_f32_fpu_params *p = at->params;
    uint32_t whole = p->group_outputs / MR_FPU_LANES, rest = p->group_outputs % MR_FPU_LANES;
    float block[MR_FPU_PIXELS][MR_FPU_LANES];
    mr_products work = at->tile;
    work.weights += whole * (2 * p->pairs + 1) * MR_FPU_LANES;
    work.blocks = p->rectified;
    for (uint32_t i = 0; i < MR_FPU_PIXELS; i++) {
        work.outputs[i] = block[i];
    }
    compute(&work);
    for (uint32_t i = 0; i < real; i++) {
        float *out = at->tile.outputs[i] + whole * MR_FPU_LANES;
        memcpy(out, block[i], rest * sizeof(float));
    }
}

/* Places for the outputs of pixels, of which `real` exist; returns the one behind them. */
static inline float *place_outputs(mr_products *tile, float *out, uint32_t channels, uint32_t real)
{
    for (uint32_t i = 0; i < MR_FPU_PIXELS; i++) {
        tile->outputs[i] = out;
        out += i + 1 < real ? channels : 0;
    }
    return out + channels;
}

/* A row of `left` pixels in one group of channels: fours, after as many threes as leave a multiple
 * of four. */
static MR_NOINLINE void convolve_row(walk *at, float *out, uint32_t left)
{
    const mr_conv_2d_f32_fpu_params *p = at->params;
    uint32_t channels = (uint32_t)p->groups * p->group_outputs;
    uint32_t whole = p->group_outputs / MR_FPU_LANES, rest = p->group_outputs % MR_FPU_LANES;
    uint32_t column = 0u - p->window.pad_left;
    int all_rows = mr_has_all_rows(&at->columns);
    for (uint32_t real; left > 0; left -= real) {
        uint32_t pixels = left % MR_FPU_PIXELS == 0 ? 4 : 3;
        void (*compute)(const mr_products *) =
            left % MR_FPU_PIXELS == 0 ? mr_compute_4 : mr_compute_3;
        real = left < pixels ? left : pixels;
        mr_put_windows(&at->columns, all_rows, column, real, at->windows);
        column += real * p->window.stride_width;
        out = real == 4 ? place_outputs(&at->tile, out, channels, 4)
                        : place_outputs(&at->tile, out, channels, real);
        if (whole != 0) {
            compute(&at->tile);
        }
        if (rest != 0) {
            compute_rest(at, compute, real);
        }
    }
}

/* Number of rows from `row` on, at most `count`, that lie behind each other in memory. */
static uint32_t joined_rows(const mr_rows *rows, uint32_t row, uint32_t count)
{
    uint32_t left = rows->capacity - row % rows->capacity;
    return count < left ? count : left;
}

/* What does not change from row to row. */
static inline void begin(walk *at, const mr_conv_2d_f32_fpu_params *p, const float *const *rows)
{
    at->params = p;
    at->columns.window = &p->window;
    at->columns.rows = rows;
    at->columns.pixel = p->in_channels;
    at->columns.count = p->group_inputs;
    at->columns.run = p->run;
    at->windows = (float *)(rows + p->window.kernel_height);
    at->tile.inputs = at->windows;
    at->tile.inputs_end = at->windows + p->pairs * MR_FPU_PITCH;
    at->tile.blocks = 2 * (p->group_outputs / MR_FPU_LANES - 1u) + p->rectified;
    at->tile.entry = mr_products_entry(p->pairs);
}

mr_status mr_conv_2d_f32_fpu(const mr_context *context, const void *params, mr_band band)
{
    const mr_conv_2d_f32_fpu_params *p = params;
    const mr_window *window = &p->window;
    const float *weights = mr_data_at(context, p->weights);
    const void **rows = mr_arena_at(context, p->scratch);
    uint32_t blocks = (p->group_outputs + MR_FPU_LANES - 1u) / MR_FPU_LANES;
    walk at;
    begin(&at, p, (const float *const *)rows);
    uint32_t end = band.first + band.count;
    for (uint32_t row = band.first, count; row < end; row += count) {
        float *out = mr_row_out(context, &p->output, row);
        count = 1;
        if (p->joins_rows != 0) {
            count = joined_rows(&p->input, row, end - row);
            count = joined_rows(&p->output, row, count);
        }
        mr_window_rows(context, &p->input, window, row, NULL, rows);
        at.columns.in_width = count * window->in_width;
        for (uint32_t group = 0; group < p->groups; group++) {
            at.columns.offset = group * p->group_inputs;
            at.tile.weights = weights + group * blocks * (2 * p->pairs + 1) * MR_FPU_LANES;
            convolve_row(&at, out + group * p->group_outputs, count * window->out_width);
        }
        if (p->clamped != 0) {
            uint32_t channels = (uint32_t)p->groups * p->group_outputs;
            mr_fpu_clamp(out, count * window->out_width * channels, p->least, p->most);
        }
    }
    return MR_OK;
}
