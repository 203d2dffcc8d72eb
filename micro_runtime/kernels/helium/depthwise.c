/* SPDX-License-Identifier: MIT-0 */
/*
 * Depthwise convolutions with Helium, eight channels at a time. Their input rows are spread over a
 * plane for each channel, column by column, so that all taps of an output, and those of its
 * neighbours, lie within one vector: VMLADAVA adds their products at once, with zeros as weights
 * for the bytes between and beyond. Eight outputs make a tile, whose requantisation fills vectors.
 * Outputs are collected in planes as well, then gathered into pixels.
 */
#include "depthwise.h"

#include "helium.h"

#define LANES 8u /* channels at a time, outputs in a tile */

/* Tiles of `channels` planes. Offsets of weights are negative. */
typedef struct job {
    const int8_t *plane;
    int8_t *out;
    const int8_t *weights;
    const mr_helium_output *how;
    uint32_t tiles;
    uint32_t channels;
    uint32_t plane_bytes;
    int32_t offsets[3]; /* of the weights of a load's second to fourth outputs */
} job;

#if MR_HELIUM_ASM

_Static_assert(sizeof(job) == 40, "the assembly below relies on it");

/* clang-format off */

/* A channel: pointers and constants of the job at r0, then tile by tile. Weights are in q0 to q3,
 * multiplier, shift and offset in r7, r9 and r11; the sums start with the bias. */
#define COMPUTE_PLANES(MULTIPLY, SCALE)             \
    "push  {r4-r11, lr}\n\t"                        \
    "vpush {d8-d15}\n\t"                            \
    "sub   sp, #36\n\t"                             \
    "str   r0, [sp, #32]\n"                         \
    "10:\n\t"                                       \
    "ldrd  r1, r3, [r0]\n\t"                        \
    "ldrd  r2, r4, [r0, #8]\n\t"                    \
    "ldrd  r5, r6, [r0, #16]\n\t"                   \
    "ldrd  r7, r8, [r0, #24]\n\t"                   \
    "ldrd  r9, r10, [r0, #32]\n\t"                  \
    "vldrb.u8 q0, [r2]\n\t"                         \
    "add   r8, r2\n\t"                              \
    "vldrb.u8 q1, [r8]\n\t"                         \
    "add   r9, r2\n\t"                              \
    "vldrb.u8 q2, [r9]\n\t"                         \
    "add   r10, r2\n\t"                             \
    "vldrb.u8 q3, [r10]\n\t"                        \
    "add   r2, #16\n\t"                             \
    "add   r7, r1\n\t"                              \
    "add   r11, r3, r5, lsl #3\n\t"                 \
    "strd  r7, r11, [r0]\n\t"                       \
    "sub   r6, #1\n\t"                              \
    "str   r6, [r0, #20]\n\t"                       \
    "ldm   r4!, {r6-r9}\n\t"                        \
    "strd  r2, r4, [r0, #8]\n\t"                    \
    "mov   r11, r8\n\t"                             \
    "vdup.32  q4, r6\n\t"                           \
    "vstrw.32 q4, [sp]\n\t"                         \
    "vstrw.32 q4, [sp, #16]\n"                      \
    "11:\n\t"                                       \
    "ldm   sp, {r0, r2, r4, r6, r8, r10, r12, lr}\n\t" \
    MULTIPLY                                        \
    "vmov  q4[2], q4[0], r0, r4\n\t"                \
    "vmov  q4[3], q4[1], r2, r6\n\t"                \
    "vmov  q5[2], q5[0], r8, r12\n\t"               \
    "vmov  q5[3], q5[1], r10, lr\n\t"               \
    SCALE("q6", "q4", "r7", "r11", "r9")            \
    SCALE("q7", "q5", "r7", "r11", "r9")            \
    "vqmovnb.s32 q6, q6\n\t"                        \
    "vqmovnt.s32 q6, q7\n\t"                        \
    "vqmovnb.s16 q6, q6\n\t"                        \
    "subs  r5, #1\n\t"                              \
    "vstrb.16 q6, [r3], #8\n\t"                     \
    "bne   11b\n\t"                                 \
    "ldr   r0, [sp, #32]\n\t"                       \
    "ldr   r1, [r0, #20]\n\t"                       \
    "cmp   r1, #0\n\t"                              \
    "bne.w 10b\n\t"                                 \
    "add   sp, #36\n\t"                             \
    "vpop  {d8-d15}\n\t"                            \
    "pop   {r4-r11, pc}"

#define LOAD(step) "vldrb.u8 q4, [r1], #" step "\n\t"

#define TWO_OUTPUTS(a, b)               \
    "vmladava.s8 " a ", q4, q0\n\t"     \
    "vmladava.s8 " b ", q4, q1\n\t"

#define FOUR_OUTPUTS(a, b, c, d)        \
    TWO_OUTPUTS(a, b)                   \
    "vmladava.s8 " c ", q4, q2\n\t"     \
    "vmladava.s8 " d ", q4, q3\n\t"

/* Outputs of a tile take turns in the two vectors. */
#define FOURS(step)                             \
    LOAD(step)                                  \
    FOUR_OUTPUTS("r0", "r8", "r2", "r10")       \
    LOAD(step)                                  \
    FOUR_OUTPUTS("r4", "r12", "r6", "lr")

#define TWOS(step)                              \
    LOAD(step)                                  \
    TWO_OUTPUTS("r0", "r8")                     \
    LOAD(step)                                  \
    TWO_OUTPUTS("r2", "r10")                    \
    LOAD(step)                                  \
    TWO_OUTPUTS("r4", "r12")                    \
    LOAD(step)                                  \
    TWO_OUTPUTS("r6", "lr")

/* clang-format on */

__attribute__((naked, noinline)) static void compute_fours_8(job *work)
{
    (void)work;
    __asm__(COMPUTE_PLANES(FOURS("8"), MR_HELIUM_SCALE));
}

__attribute__((naked, noinline)) static void compute_fours_8_rectified(job *work)
{
    (void)work;
    __asm__(COMPUTE_PLANES(FOURS("8"), MR_HELIUM_SCALE_RECTIFIED));
}

__attribute__((naked, noinline)) static void compute_fours_4(job *work)
{
    (void)work;
    __asm__(COMPUTE_PLANES(FOURS("4"), MR_HELIUM_SCALE));
}

__attribute__((naked, noinline)) static void compute_fours_4_rectified(job *work)
{
    (void)work;
    __asm__(COMPUTE_PLANES(FOURS("4"), MR_HELIUM_SCALE_RECTIFIED));
}

__attribute__((naked, noinline)) static void compute_twos_12(job *work)
{
    (void)work;
    __asm__(COMPUTE_PLANES(TWOS("12"), MR_HELIUM_SCALE));
}

__attribute__((naked, noinline)) static void compute_twos_12_rectified(job *work)
{
    (void)work;
    __asm__(COMPUTE_PLANES(TWOS("12"), MR_HELIUM_SCALE_RECTIFIED));
}

static void compute_planes(const mr_depthwise_conv_2d_s8_helium_params *p, job *work)
{
    switch (p->step) {
    case 4:
        (p->rectified ? compute_fours_4_rectified : compute_fours_4)(work);
        break;
    case 8:
        (p->rectified ? compute_fours_8_rectified : compute_fours_8)(work);
        break;
    default:
        (p->rectified ? compute_twos_12_rectified : compute_twos_12)(work);
        break;
    }
}

#else

static void compute_planes(const mr_depthwise_conv_2d_s8_helium_params *p, job *work)
{
    for (; work->channels > 0; work->channels--, work->how++) {
        const int8_t *inputs = work->plane;
        for (uint32_t i = 0; i < LANES * work->tiles; i++) {
            uint32_t slot = i % p->per_load;
            const int8_t *weights = work->weights + (slot == 0 ? 0 : work->offsets[slot - 1]);
            int32_t sum = 0;
            for (uint32_t k = 0; k < MR_VECTOR; k++) {
                sum += inputs[k] * weights[k];
            }
            *work->out++ = mr_helium_requantize(sum, work->how);
            inputs += slot + 1 == p->per_load ? p->step : 0;
        }
        work->plane += work->plane_bytes;
        work->weights += MR_VECTOR;
    }
}

#endif

/* --------------------------------------------------------------------------- planes */

/* Where the first four rows of a column come from. */
typedef struct rows4 {
    const int8_t *row[4];
} rows4;

#if MR_HELIUM_ASM

#define SPREAD_ROW(row, lanes)                                                                     \
    "vldrb.u16 q0, [%[" row "]]\n\t"                                                               \
    "add %[" row "], %[step]\n\t"                                                                  \
    "vstrb.16 q0, [%[to], " lanes "]\n\t"

#endif

/* Eight bytes of each of `count` pixels of four rows go to planes, four bytes a column. */
static void spread_fours(rows4 from, uint32_t step, int8_t *to, uint32_t count,
                         const uint16_t offsets[LANES])
{
#if MR_HELIUM_ASM
    __asm__ volatile("vldrh.u16 q1, [%[offsets]]\n\t"
                     "mov lr, #1\n\t"
                     "vadd.i16 q2, q1, lr\n\t"
                     "vadd.i16 q3, q2, lr\n\t"
                     "vadd.i16 q4, q3, lr\n\t"
                     "wls lr, %[count], 2f\n"
                     "1:\n\t" SPREAD_ROW("a", "q1") SPREAD_ROW("b", "q2") SPREAD_ROW("c", "q3")
                         SPREAD_ROW("d", "q4") "add %[to], #4\n\t"
                                               "le lr, 1b\n"
                                               "2:"
                     : [a] "+l"(from.row[0]), [b] "+l"(from.row[1]), [c] "+l"(from.row[2]),
                       [d] "+l"(from.row[3]), [to] "+r"(to)
                     : [count] "r"(count), [step] "r"(step), [offsets] "r"(offsets)
                     : "lr", "q0", "q1", "q2", "q3", "q4", "memory");
#else
    for (uint32_t x = 0; x < count; x++, to += 4) {
        for (uint32_t i = 0; i < 4 * LANES; i++) {
            to[offsets[i % LANES] + i / LANES] = from.row[i / LANES][x * step + i % LANES];
        }
    }
#endif
}

/* The same for three rows and three bytes a column. */
static void spread_threes(rows4 from, uint32_t step, int8_t *to, uint32_t count,
                          const uint16_t offsets[LANES])
{
#if MR_HELIUM_ASM
    __asm__ volatile(
        "vldrh.u16 q1, [%[offsets]]\n\t"
        "mov lr, #1\n\t"
        "vadd.i16 q2, q1, lr\n\t"
        "vadd.i16 q3, q2, lr\n\t"
        "wls lr, %[count], 2f\n"
        "1:\n\t" SPREAD_ROW("a", "q1") SPREAD_ROW("b", "q2")
            SPREAD_ROW("c", "q3") "add %[to], #3\n\t"
                                  "le lr, 1b\n"
                                  "2:"
        : [a] "+l"(from.row[0]), [b] "+l"(from.row[1]), [c] "+l"(from.row[2]), [to] "+r"(to)
        : [count] "r"(count), [step] "r"(step), [offsets] "r"(offsets)
        : "lr", "q0", "q1", "q2", "q3", "memory");
#else
    for (uint32_t x = 0; x < count; x++, to += 3) {
        for (uint32_t i = 0; i < 3 * LANES; i++) {
            to[offsets[i % LANES] + i / LANES] = from.row[i / LANES][x * step + i % LANES];
        }
    }
#endif
}

/* One column: eight bytes from `channel` of each of `count` rows. */
static void spread_column(const int8_t *const *rows, uint32_t channel, int8_t *to, uint32_t count,
                          const uint16_t offsets[LANES])
{
#if MR_HELIUM_ASM
    const int8_t *from;
    __asm__ volatile("vldrh.u16 q1, [%[offsets]]\n\t"
                     "wls lr, %[count], 2f\n"
                     "1:\n\t"
                     "ldr %[from], [%[rows]], #4\n\t"
                     "add %[from], %[channel]\n\t"
                     "vldrb.u16 q0, [%[from]]\n\t"
                     "vstrb.16 q0, [%[to], q1]\n\t"
                     "add %[to], #1\n\t"
                     "le lr, 1b\n"
                     "2:"
                     : [from] "=&l"(from), [rows] "+r"(rows), [to] "+r"(to)
                     : [count] "r"(count), [channel] "r"(channel), [offsets] "r"(offsets)
                     : "lr", "q0", "q1", "memory");
#else
    for (uint32_t k = 0; k < count; k++, to++) {
        for (uint32_t i = 0; i < LANES; i++) {
            to[offsets[i]] = rows[k][channel + i];
        }
    }
#endif
}

/* The way back: outputs of eight planes, one after the other, to pixels that are `step` apart. */
static void collect(const int8_t *from, int8_t *to, uint32_t step, uint32_t count,
                    const uint16_t offsets[LANES])
{
#if MR_HELIUM_ASM
    __asm__ volatile("vldrh.u16 q1, [%[offsets]]\n\t"
                     "wls lr, %[count], 2f\n"
                     "1:\n\t"
                     "vldrb.u16 q0, [%[from], q1]\n\t"
                     "add %[from], #1\n\t"
                     "vstrb.16 q0, [%[to]]\n\t"
                     "add %[to], %[step]\n\t"
                     "le lr, 1b\n"
                     "2:"
                     : [from] "+r"(from), [to] "+l"(to)
                     : [count] "r"(count), [step] "r"(step), [offsets] "r"(offsets)
                     : "lr", "q0", "q1", "memory");
#else
    for (; count > 0; count--, from++, to += step) {
        for (uint32_t i = 0; i < LANES; i++) {
            to[i] = from[offsets[i]];
        }
    }
#endif
}

/* The same for outputs that alternate between two rows; a second row that is the first one's place
 * is left out. */
static void collect_twos(const int8_t *from, int8_t *first, int8_t *second, uint32_t step,
                         uint32_t count, const uint16_t offsets[LANES])
{
#if MR_HELIUM_ASM
    uint32_t next = first != second;
    __asm__ volatile(
        "vldrh.u16 q1, [%[offsets]]\n\t"
        "vadd.i16 q2, q1, %[next]\n\t"
        "wls lr, %[count], 2f\n"
        "1:\n\t"
        "vldrb.u16 q0, [%[from], q1]\n\t"
        "vstrb.16 q0, [%[first]]\n\t"
        "add %[first], %[step]\n\t"
        "vldrb.u16 q0, [%[from], q2]\n\t"
        "vstrb.16 q0, [%[second]]\n\t"
        "add %[second], %[step]\n\t"
        "add %[from], #2\n\t"
        "le lr, 1b\n"
        "2:"
        : [from] "+r"(from), [first] "+l"(first), [second] "+l"(second)
        : [count] "r"(count), [step] "r"(step), [next] "r"(next), [offsets] "r"(offsets)
        : "lr", "q0", "q1", "q2", "memory");
#else
    uint32_t next = first != second;
    for (; count > 0; count--, from += 2, first += step, second += step) {
        for (uint32_t i = 0; i < LANES; i++) {
            first[i] = from[offsets[i]];
            second[i] = from[offsets[i] + next];
        }
    }
#endif
}

typedef struct walk {
    const mr_context *context;
    const mr_depthwise_conv_2d_s8_helium_params *params;
    const int8_t **rows;
    int8_t *planes;
    int8_t *outs;
    uint32_t strip_inputs; /* input rows of a strip */
    uint16_t plane_offsets[LANES];
    uint16_t out_offsets[LANES];
} walk;

/* Rows of the strip that starts with `row`: it ends with the image or the band. */
static uint32_t strip_rows(const walk *at, uint32_t row, uint32_t end)
{
    uint32_t height = at->params->window.out_height, rows = at->params->strip_rows;
    uint32_t left = height - row % height;
    rows = rows < left ? rows : left;
    return rows < end - row ? rows : end - row;
}

/* Pointers to the input rows of the strip that starts with `row`. A column has `pitch` bytes, those
 * beyond the rows of the strip have no weights. */
static void find_rows(const walk *at, uint32_t row, const int8_t **rows)
{
    const mr_window *window = &at->params->window;
    uint32_t image = row / window->out_height, y = row % window->out_height;
    uint32_t in_y = y * window->stride_height - window->pad_top;
    const int8_t *padding = mr_data_at(at->context, at->params->padding);
    for (uint32_t k = 0; k < at->params->pitch; k++, in_y++) {
        uint32_t in_row = image * window->in_height + in_y;
        int inside = in_y < window->in_height && k < at->strip_inputs;
        rows[k] = inside ? mr_row_in(at->context, &at->params->input, in_row) : padding;
    }
}

/* Eight channels from `channel` of a strip's input rows. Columns outside the image stay zero
 * points. */
static void spread_strip(const walk *at, uint32_t strip, uint32_t channel)
{
    const mr_depthwise_conv_2d_s8_helium_params *p = at->params;
    const int8_t *const *rows = at->rows + strip * p->pitch;
    uint32_t column = strip * p->strip_columns + p->window.pad_left;
    int8_t *plane = at->planes + column * p->pitch;
    uint32_t needed = p->strip_columns - p->window.pad_left;
    uint32_t count = p->window.in_width < needed ? p->window.in_width : needed;
    if (p->step == 4) {
        spread_column(rows, channel, plane, p->pitch, at->plane_offsets);
    } else if (p->pitch == 4) {
        rows4 from = {{rows[0] + channel, rows[1] + channel, rows[2] + channel, rows[3] + channel}};
        spread_fours(from, p->channels, plane, count, at->plane_offsets);
    } else {
        rows4 from = {{rows[0] + channel, rows[1] + channel, rows[2] + channel, NULL}};
        spread_threes(from, p->channels, plane, count, at->plane_offsets);
    }
}

/* The `count` output rows of a strip, the first of which is `row`. */
static void collect_strip(const walk *at, const int8_t *from, uint32_t row, uint32_t count,
                          uint32_t channel)
{
    const mr_depthwise_conv_2d_s8_helium_params *p = at->params;
    uint32_t width = p->window.out_width;
    int8_t *out = (int8_t *)mr_row_out(at->context, &p->output, row) + channel;
    if (p->strip_rows == 1) {
        collect(from, out, p->channels, width, at->out_offsets);
    } else if (p->step != 4) {
        int8_t *second = mr_row_out(at->context, &p->output, row + count - 1);
        collect_twos(from, out, second + channel, p->channels, width, at->out_offsets);
    } else if (row % p->output.capacity + count <= p->output.capacity) {
        collect(from, out, p->output.pitch, count, at->out_offsets);
    } else {
        for (uint32_t r = 0; r < count; r++) {
            out = (int8_t *)mr_row_out(at->context, &p->output, row + r) + channel;
            collect(from + r, out, 0, 1, at->out_offsets);
        }
    }
}

/* Eight channels of the strips that start with `row`. */
static void compute_channels(const walk *at, uint32_t row, uint32_t end, uint32_t channel)
{
    const mr_depthwise_conv_2d_s8_helium_params *p = at->params;
    const int8_t *weights = mr_data_at(at->context, p->weights);
    const mr_helium_output *how = mr_data_at(at->context, p->outputs);
    job work = {.plane = at->planes,
                .out = at->outs,
                .weights = weights + channel * MR_VECTOR + p->first,
                .how = how + channel,
                .tiles = p->tiles,
                .channels = LANES,
                .plane_bytes = p->plane_bytes,
                .offsets = {-p->shifts[1], -p->shifts[2], -p->shifts[3]}};
    for (uint32_t strip = 0, next = row; strip < p->strips && next < end; strip++) {
        spread_strip(at, strip, channel);
        next += strip_rows(at, next, end);
    }
    compute_planes(p, &work);
    uint32_t step = p->strip_columns / p->window.stride_width * p->strip_rows;
    const int8_t *from = at->outs;
    for (uint32_t strip = 0; strip < p->strips && row < end; strip++, from += step) {
        uint32_t rows = strip_rows(at, row, end);
        collect_strip(at, from, row, rows, channel);
        row += rows;
    }
}

mr_status mr_depthwise_conv_2d_s8_helium(const mr_context *context, const void *params,
                                         mr_band band)
{
    const mr_depthwise_conv_2d_s8_helium_params *p = params;
    uint32_t end = band.first + band.count;
    walk at = {.context = context, .params = p, .rows = mr_arena_at(context, p->scratch)};
    at.strip_inputs = (p->strip_rows - 1u) * p->window.stride_height + p->window.kernel_height;
    at.planes = (int8_t *)(at.rows + p->strips * p->pitch);
    at.outs = at.planes + LANES * p->plane_bytes;
    for (uint32_t i = 0; i < LANES; i++) {
        at.plane_offsets[i] = (uint16_t)(i * p->plane_bytes);
        at.out_offsets[i] = (uint16_t)(i * LANES * p->tiles);
    }
    const int8_t *padding = mr_data_at(context, p->padding);
    mr_helium_fill(at.planes, LANES * p->plane_bytes, padding[0]);
    for (uint32_t row = band.first, next = row; row < end; row = next) {
        for (uint32_t strip = 0; strip < p->strips && next < end; strip++) {
            find_rows(&at, next, at.rows + strip * p->pitch);
            next += strip_rows(&at, next, end);
        }
        for (uint32_t channel = 0; channel < p->channels; channel += LANES) {
            compute_channels(&at, row, next, channel);
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
