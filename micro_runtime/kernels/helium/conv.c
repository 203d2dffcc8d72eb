/* SPDX-License-Identifier: MIT-0 */
/*
 * Convolutions with Helium: what conv_sums.h does with windows that are runs of bytes, for all
 * pixels of a band. Four pixels in a row make a group. Those that are left over wait for pixels of
 * the next row.
 */
#include "conv.h"

#include "conv_sums.h"
#include "helium.h"

typedef void compute_function(job *work);

typedef struct walk {
    const mr_context *context;
    const mr_conv_2d_s8_helium_params *params;
    compute_function *compute;
    const void **rows; /* under a window */
    int8_t *strips;
    uint32_t waiting; /* pixels in `work` */
    int copied;       /* whether some of them are in the copy of a row */
    job work;
} walk;

/* --------------------------------------------------------------------------- groups */

/* `count` pixels in a line: their windows and outputs are equally far apart. */
typedef struct line {
    const int8_t *from;
    uint32_t step;
    int8_t *out;
    uint32_t out_step;
    uint32_t count;
} line;

static void compute_groups(walk *at, line pixels, uint32_t groups)
{
    for (uint32_t i = 0; i < PIXELS; i++) {
        at->work.windows[i] = pixels.from + i * pixels.step;
        at->work.outputs[i] = pixels.out + i * pixels.out_step;
    }
    at->work.groups = groups;
    at->work.window_step = PIXELS * pixels.step;
    at->work.output_step = PIXELS * pixels.out_step - at->params->out_channels;
    at->compute(&at->work);
}

/* Pixels that wait; those that lack share the place of the first one. */
static void compute_waiting(walk *at)
{
    if (at->waiting != 0) {
        for (uint32_t rest = at->waiting; rest < PIXELS; rest++) {
            at->work.windows[rest] = at->work.windows[0];
            at->work.outputs[rest] = at->work.outputs[0];
        }
        at->work.groups = 1;
        at->compute(&at->work);
        at->waiting = 0;
        at->copied = 0;
    }
}

static void compute_line(walk *at, line pixels)
{
    uint32_t groups = at->waiting == 0 ? pixels.count / PIXELS : 0;
    if (groups != 0) {
        compute_groups(at, pixels, groups);
    }
    for (uint32_t i = groups * PIXELS; i < pixels.count; i++) {
        at->work.windows[at->waiting] = pixels.from + i * pixels.step;
        at->work.outputs[at->waiting++] = pixels.out + i * pixels.out_step;
        if (at->waiting == PIXELS) {
            compute_waiting(at);
        }
    }
}

static void compute_row(walk *at, const int8_t *from, uint32_t row, uint32_t count)
{
    const mr_conv_2d_s8_helium_params *p = at->params;
    int8_t *out = mr_row_out(at->context, &p->output, row);
    compute_line(at, (line){from, p->step, out, p->out_channels, count});
}

/* --------------------------------------------------------------------------- windows */

/* `bytes` of each of `count` places `step` apart, to places that are `pitch` apart. */
static void copy_pixels(const int8_t *from, uint32_t bytes, uint32_t step, int8_t *to,
                        uint32_t pitch, uint32_t count)
{
    if (bytes == pitch && bytes == step) {
        mr_helium_copy(to, from, bytes * count);
        return;
    }
#if MR_HELIUM_ASM
    if (bytes == MR_VECTOR) {
        __asm__ volatile("wls lr, %[count], 2f\n"
                         "1:\n\t"
                         "vldrb.u8 q0, [%[from]]\n\t"
                         "add %[from], %[step]\n\t"
                         "vstrb.8 q0, [%[to]]\n\t"
                         "add %[to], %[pitch]\n\t"
                         "le lr, 1b\n"
                         "2:"
                         : [from] "+r"(from), [to] "+r"(to)
                         : [count] "r"(count), [step] "r"(step), [pitch] "r"(pitch)
                         : "lr", "q0", "memory");
        return;
    }
    if (bytes <= MR_VECTOR) {
        __asm__ volatile(
            "vctp.8 %[bytes]\n\t"
            "wls lr, %[count], 2f\n"
            "1:\n\t"
            "vpstt\n\t"
            "vldrbt.u8 q0, [%[from]]\n\t"
            "vstrbt.8 q0, [%[to]]\n\t"
            "add %[from], %[step]\n\t"
            "add %[to], %[pitch]\n\t"
            "le lr, 1b\n"
            "2:"
            : [from] "+r"(from), [to] "+r"(to)
            : [count] "r"(count), [bytes] "r"(bytes), [step] "r"(step), [pitch] "r"(pitch)
            : "lr", "q0", "memory");
        return;
    }
#endif
    for (; count > 0; count--, from += step, to += pitch) {
        mr_helium_copy(to, from, bytes);
    }
}

/*
 * All windows of an output row: a strip has the rows under a window, column by column, so that each
 * window is a run of it. Columns outside the image stay zero points.
 */
static void fill_columns(const mr_conv_2d_s8_helium_params *p, const int8_t *const *rows,
                         int8_t *strip)
{
    const mr_window *window = &p->window;
    uint32_t pitch = (uint32_t)window->kernel_height * p->in_channels;
    uint32_t needed = (window->out_width - 1u) * window->stride_width + window->kernel_width;
    uint32_t inside = needed < window->pad_left ? 0 : needed - window->pad_left;
    uint32_t count = inside < window->in_width ? inside : window->in_width;
    int8_t *to = strip + window->pad_left * pitch;
    for (uint32_t k = 0; k < window->kernel_height; k++, to += p->in_channels) {
        copy_pixels(rows[k], p->in_channels, p->in_channels, to, pitch, count);
    }
}

/* One window at the side of the image: what is inside of it. */
static void fill_side(const mr_conv_2d_s8_helium_params *p, const int8_t *const *rows, uint32_t x,
                      int8_t *to)
{
    const mr_window *window = &p->window;
    const uint32_t span = (uint32_t)window->kernel_width * p->in_channels;
    int32_t left = (int32_t)(x * window->stride_width) - window->pad_left;
    int32_t from = left < 0 ? 0 : left, end = left + window->kernel_width;
    end = end < window->in_width ? end : window->in_width;
    for (uint32_t k = 0; from < end && k < window->kernel_height; k++, to += span) {
        mr_helium_copy(to + (from - left) * p->in_channels, rows[k] + from * p->in_channels,
                       (uint32_t)(end - from) * p->in_channels);
    }
}

#if MR_HELIUM_ASM

/* clang-format off */

/* Rows of nine bytes, the next ones `step` bytes further. */
#define COPY_NINES(step)                        \
    __asm__ volatile("wls lr, %[count], 2f\n"   \
                     "1:\n\t"                   \
                     "vldrb.u8 q0, [%[a]], #" step "\n\t" \
                     "vstrb.8 q0, [%[to]]\n\t"  \
                     "vldrb.u8 q1, [%[b]], #" step "\n\t" \
                     "vstrb.8 q1, [%[to], #9]\n\t" \
                     "vldrb.u8 q0, [%[c]], #" step "\n\t" \
                     "vstrb.8 q0, [%[to], #18]\n\t" \
                     "add %[to], #27\n\t"       \
                     "le lr, 1b\n"              \
                     "2:"                       \
                     : [a] "+r"(a), [b] "+r"(b), [c] "+r"(c), [to] "+r"(to) \
                     : [count] "r"(count)       \
                     : "lr", "q0", "q1", "memory")

/* clang-format on */

#endif

/* The same three rows of `count` windows. Bytes beyond a window's rows are overwritten. */
static void copy_threes(const int8_t *const *rows, uint32_t offset, uint32_t step, int8_t *to,
                        uint32_t span, uint32_t count)
{
#if MR_HELIUM_ASM
    const int8_t *a = rows[0] + offset, *b = rows[1] + offset, *c = rows[2] + offset;
    if (span == 9 && step == 3) { /* the usual three channels, stride 1 or 2 */
        COPY_NINES("3");
        return;
    }
    if (span == 9 && step == 6) {
        COPY_NINES("6");
        return;
    }
    __asm__ volatile("wls lr, %[count], 2f\n"
                     "1:\n\t"
                     "vldrb.u8 q0, [%[a]]\n\t"
                     "add %[a], %[step]\n\t"
                     "vstrb.8 q0, [%[to]]\n\t"
                     "add %[to], %[span]\n\t"
                     "vldrb.u8 q1, [%[b]]\n\t"
                     "add %[b], %[step]\n\t"
                     "vstrb.8 q1, [%[to]]\n\t"
                     "add %[to], %[span]\n\t"
                     "vldrb.u8 q0, [%[c]]\n\t"
                     "add %[c], %[step]\n\t"
                     "vstrb.8 q0, [%[to]]\n\t"
                     "add %[to], %[span]\n\t"
                     "le lr, 1b\n"
                     "2:"
                     : [a] "+l"(a), [b] "+l"(b), [c] "+l"(c), [to] "+r"(to)
                     : [count] "r"(count), [step] "r"(step), [span] "r"(span)
                     : "lr", "q0", "q1", "memory");
#else
    for (uint32_t i = 0; i < 3 * count; i++, to += span) {
        memcpy(to, rows[i % 3] + offset + i / 3 * step, span);
    }
#endif
}

/* All windows of three rows, one after the other. What is outside the image stays zero points. */
static void fill_windows(const mr_conv_2d_s8_helium_params *p, const int8_t *const *rows,
                         int8_t *strip)
{
    const mr_window *window = &p->window;
    const uint32_t span = (uint32_t)window->kernel_width * p->in_channels, taps = 3 * span;
    const uint32_t stride = window->stride_width, before = window->pad_left;
    uint32_t first = (before + stride - 1) / stride, end = 0, x = 0;
    if (window->in_width + before >= window->kernel_width) {
        end = (window->in_width + before - window->kernel_width) / stride + 1;
        end = end < window->out_width ? end : window->out_width;
    }
    for (; x < first && x < window->out_width; x++) {
        fill_side(p, rows, x, strip + x * taps);
    }
    if (x + 1 < end) { /* all but the last one, which might have a side behind it */
        uint32_t offset = (x * stride - before) * p->in_channels;
        copy_threes(rows, offset, stride * p->in_channels, strip + x * taps, span, end - 1 - x);
        x = end - 1;
    }
    for (; x < window->out_width; x++) {
        fill_side(p, rows, x, strip + x * taps);
    }
}

/* `bytes` from `offset` on of each of `count` rows. */
static void copy_down(const int8_t *const *rows, uint32_t offset, uint32_t bytes, int8_t *to,
                      uint32_t span, uint32_t count)
{
#if MR_HELIUM_ASM
    const int8_t *from;
    __asm__ volatile(
        "vctp.8 %[bytes]\n\t"
        "wls lr, %[count], 2f\n"
        "1:\n\t"
        "ldr %[from], [%[rows]], #4\n\t"
        "add %[from], %[offset]\n\t"
        "vpstt\n\t"
        "vldrbt.u8 q0, [%[from]]\n\t"
        "vstrbt.8 q0, [%[to]]\n\t"
        "add %[to], %[span]\n\t"
        "le lr, 1b\n"
        "2:"
        : [from] "=&l"(from), [rows] "+l"(rows), [to] "+r"(to)
        : [count] "r"(count), [bytes] "r"(bytes), [offset] "r"(offset), [span] "r"(span)
        : "lr", "q0", "memory");
#else
    for (; count > 0; count--, rows++, to += span) {
        memcpy(to, *rows + offset, bytes);
    }
#endif
}

/* The rows of all windows that are one above the other, for `count` input rows. What is outside the
 * image stays zero points. */
static void fill_piles(const walk *at, uint32_t count)
{
    const mr_conv_2d_s8_helium_params *p = at->params;
    const mr_window *window = &p->window;
    const uint32_t span = (uint32_t)window->kernel_width * p->in_channels;
    int32_t left = -(int32_t)window->pad_left;
    int8_t *to = at->strips;
    for (uint32_t x = 0; x < window->out_width; x++, left += window->stride_width, to += p->step) {
        int32_t from = left < 0 ? 0 : left, end = left + window->kernel_width;
        end = end < window->in_width ? end : window->in_width;
        if (from < end) {
            copy_down((const int8_t *const *)at->rows, (uint32_t)from * p->in_channels,
                      (uint32_t)(end - from) * p->in_channels, to + (from - left) * p->in_channels,
                      span, count);
        }
    }
}

/* --------------------------------------------------------------------------- rows */

/* How many rows from `row` on, before `end`, are one long row of pixels. */
static uint32_t joined_rows(const walk *at, uint32_t row, uint32_t end)
{
    const mr_conv_2d_s8_helium_params *p = at->params;
    uint32_t width = p->window.out_width;
    if (p->source != MR_CONV_PIXELS || p->input.pitch != width * p->in_channels ||
        p->output.pitch != width * p->out_channels) {
        return 1;
    }
    uint32_t count = mr_adjacent_rows(at->context, &p->input, row, end - row);
    return mr_adjacent_rows(at->context, &p->output, row, count);
}

/* Whether the windows of the row at `from` end with a part of a vector whose other part may be
 * beyond the memory of the rows. */
static int needs_copy(const walk *at, const int8_t *from)
{
    const mr_rows *input = &at->params->input;
    const int8_t *rows = mr_data_at(at->context, input->base);
    return at->params->strips != 0 &&
           (input->capacity == 0 || from == rows + (input->capacity - 1u) * input->pitch);
}

/* Output rows whose windows are in the image, from `row` on; returns how many. */
static uint32_t compute_image(walk *at, const int8_t *from, uint32_t row, uint32_t end)
{
    const mr_conv_2d_s8_helium_params *p = at->params;
    uint32_t count = joined_rows(at, row, end);
    if (needs_copy(at, from + (count - 1) * p->input.pitch)) {
        if (count > 1) {
            count--;
        } else {
            if (at->copied) {
                compute_waiting(at);
            }
            mr_helium_copy(at->strips, from, (uint32_t)p->window.in_width * p->in_channels);
            from = at->strips;
            at->copied = 1;
        }
    }
    compute_row(at, from, row, count * p->window.out_width);
    return count;
}

/* Output rows whose windows are brought to piles, from `row` on; returns how many. */
static uint32_t compute_piles(walk *at, uint32_t row, uint32_t end)
{
    const mr_conv_2d_s8_helium_params *p = at->params;
    const mr_window *window = &p->window;
    uint32_t in_image = window->out_height - row % window->out_height, count = end - row;
    count = in_image < count ? in_image : count;
    count = p->pile_rows < count ? p->pile_rows : count;
    count = mr_adjacent_rows(at->context, &p->output, row, count);
    uint32_t first = row / window->out_height * window->in_height;
    uint32_t top = row % window->out_height * window->stride_height - window->pad_top;
    uint32_t inputs = (count - 1) * window->stride_height + window->kernel_height;
    mr_helium_rows rows = {at->context, &p->input, NULL, 0};
    for (uint32_t k = 0; k < inputs; k++, top++) {
        at->rows[k] = top < window->in_height ? mr_helium_next_row(&rows, first + top)
                                              : mr_data_at(at->context, p->padding);
    }
    compute_waiting(at); /* whose windows are in the piles */
    fill_piles(at, inputs);
    line pile = {.from = at->strips,
                 .step = (uint32_t)window->stride_height * window->kernel_width * p->in_channels,
                 .out = mr_row_out(at->context, &p->output, row),
                 .out_step = p->output.pitch,
                 .count = count};
    for (uint32_t x = 0; x < window->out_width; x++) {
        compute_line(at, pile);
        pile.from += p->step;
        pile.out += p->out_channels;
    }
    return count;
}

/* One output row whose windows are brought to a strip. */
static void compute_strip(walk *at, uint32_t row)
{
    const mr_conv_2d_s8_helium_params *p = at->params;
    int8_t *strip = at->strips + row % p->strips * p->strip_bytes;
    const int8_t *const *rows = (const int8_t *const *)at->rows;
    (p->source == MR_CONV_COLUMNS ? fill_columns : fill_windows)(p, rows, strip);
    compute_row(at, strip, row, p->window.out_width);
}

static mr_status run(const mr_context *context, const mr_conv_2d_s8_helium_params *p, mr_band band,
                     compute_function *compute)
{
    uint32_t end = band.first + band.count;
    uint32_t pair_bytes = 2u * MR_VECTOR * p->chunks + 2u * sizeof(mr_helium_scaling);
    const void *padding = mr_data_at(context, p->padding);
    walk at = {.context = context,
               .params = p,
               .compute = compute,
               .rows = mr_arena_at(context, p->scratch),
               .work = {.zero_point = p->zero_point,
                        .rest = p->chunks - 1u,
                        .weights = mr_data_at(context, p->weights)}};
    at.strips = (int8_t *)(at.rows + p->row_pointers);
    at.work.weights_end = at.work.weights + pair_bytes * (p->out_channels / 2u);
    int image = p->source == MR_CONV_IMAGE || p->source == MR_CONV_PIXELS;
    if (p->padding != 0 && !image) {
        mr_helium_fill(at.strips, p->strips * p->strip_bytes, *(const int8_t *)padding);
    }
    for (uint32_t row = band.first; row < end;) {
        if (p->source == MR_CONV_PILES) {
            row += compute_piles(&at, row, end);
            continue;
        }
        mr_window_rows(context, &p->input, &p->window, row, padding, at.rows);
        if (image) {
            row += compute_image(&at, at.rows[0], row, end);
        } else {
            compute_strip(&at, row++);
        }
    }
    compute_waiting(&at);
    if (p->least != INT8_MIN || p->most != INT8_MAX) {
        uint32_t row_bytes = (uint32_t)p->window.out_width * p->out_channels;
        for (uint32_t row = band.first; row < end; row++) {
            mr_helium_clamp(mr_row_out(context, &p->output, row), row_bytes, p->least, p->most);
        }
    }
    return MR_OK;
}

mr_status mr_conv_2d_s8_helium(const mr_context *context, const void *params, mr_band band)
{
    return run(context, params, band, compute_short);
}

mr_status mr_conv_2d_deep_s8_helium(const mr_context *context, const void *params, mr_band band)
{
    return run(context, params, band, compute_deep);
}
