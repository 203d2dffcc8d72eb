/* SPDX-License-Identifier: MIT-0 */
/* Pools with Helium: lanes are channels. Sums of averages fit 16 bits, so do their reciprocals. */
#include "pooling.h"

#include "helium.h"

#define EIGHT 8u  /* sums in a vector */
#define MANY  32u /* sums that are added together */

/* What is under a window and inside the image. */
typedef struct taps {
    const int8_t *const *rows;
    uint32_t height;
    uint32_t offset; /* of the first column */
    uint32_t columns;
    uint32_t step;
    int joined; /* whether the rows are one long row */
} taps;

#if MR_HELIUM_ASM

/* clang-format off */

/* BODY for each tap in turn, which is at `at`. */
#define FOR_TAPS(BODY)                          \
    "10:\n\t"                                   \
    "ldr  %[at], [%[rows]], #4\n\t"             \
    "add  %[at], %[offset]\n\t"                 \
    "dls  lr, %[columns]\n"                     \
    "11:\n\t"                                   \
    BODY                                        \
    "add  %[at], %[step]\n\t"                   \
    "le   lr, 11b\n\t"                          \
    "subs %[height], #1\n\t"                    \
    "bne  10b\n\t"

#define CLEAR(sums) "vmov.i32 " sums ", #0\n\t"

#define ADD_EIGHT(sums, from)                   \
    "vldrb.s16 q4, [%[at], #" from "]\n\t"      \
    "vadd.i16 " sums ", " sums ", q4\n\t"

/* Eight sums to averages in q4; q5 is the reciprocal. */
#define AVERAGE_EIGHT(sums)                     \
    "vabs.s16 q4, " sums "\n\t"                 \
    "vadd.i16 q4, q4, %[half]\n\t"              \
    "vmulh.u16 q4, q4, q5\n\t"                  \
    "vshl.u16 q4, %[shift]\n\t"                 \
    "vpt.s16 lt, " sums ", zr\n\t"              \
    "vnegt.s16 q4, q4\n\t"

/* clang-format on */

static void average_many(const mr_pool_s8_helium_params *p, const taps *t, uint32_t channel,
                         int8_t *out)
{
    const int8_t *at, *const *rows = t->rows;
    uint32_t height = t->height;
    int32_t shift = -(int32_t)p->right;
    __asm__ volatile(
        CLEAR("q0") CLEAR("q1") CLEAR("q2") CLEAR("q3")
            FOR_TAPS(ADD_EIGHT("q0", "0") ADD_EIGHT("q1", "8") ADD_EIGHT("q2", "16") ADD_EIGHT("q3", "24")) "vdup.16 q5, %[reciprocal]\n\t" AVERAGE_EIGHT(
                "q0") "vstrb.16 q4, [%[out]]\n\t" AVERAGE_EIGHT("q1") "vstrb.16 q4, [%[out], "
                                                                      "#8]\n\t" AVERAGE_EIGHT(
                                                                          "q2") "vstrb.16 q4, "
                                                                                "[%[out], "
                                                                                "#16]"
                                                                                "\n"
                                                                                "\t" AVERAGE_EIGHT(
                                                                                    "q3") "vstrb."
                                                                                          "16 q4, "
                                                                                          "[%[out],"
                                                                                          " #24]"
                                                                                          "\n\t"
        : [at] "=&l"(at), [rows] "+r"(rows), [height] "+r"(height)
        : [columns] "r"(t->columns), [step] "r"(t->step), [offset] "r"(t->offset + channel),
          [reciprocal] "r"(p->reciprocal), [half] "r"(p->half), [shift] "r"(shift), [out] "l"(out)
        : "lr", "cc", "q0", "q1", "q2", "q3", "q4", "q5", "memory");
}

#endif

/* Up to eight channels. */
static void average_few(const mr_pool_s8_helium_params *p, const taps *t, uint32_t channel,
                        int8_t *out, uint32_t channels)
{
#if MR_HELIUM_ASM
    const int8_t *at, *const *rows = t->rows;
    uint32_t height = t->height;
    int32_t shift = -(int32_t)p->right;
    __asm__ volatile(
        CLEAR("q0") "vctp.16 %[channels]\n\t" FOR_TAPS(
            "vpst\n\t"
            "vldrbt.s16 q4, [%[at]]\n\t"
            "vadd.i16 q0, q0, q4\n\t") "vdup.16 q5, %[reciprocal]\n\t" AVERAGE_EIGHT("q0") "vctp."
                                                                                           "16 "
                                                                                           "%["
                                                                                           "channel"
                                                                                           "s]\n\t"
                                                                                           "vpst\n"
                                                                                           "\t"
                                                                                           "vstrbt."
                                                                                           "16 q4, "
                                                                                           "[%[out]"
                                                                                           "]\n\t"
        : [at] "=&l"(at), [rows] "+r"(rows), [height] "+r"(height)
        : [columns] "r"(t->columns), [step] "r"(t->step), [offset] "r"(t->offset + channel),
          [reciprocal] "r"(p->reciprocal), [half] "r"(p->half), [shift] "r"(shift), [out] "l"(out),
          [channels] "r"(channels)
        : "lr", "cc", "q0", "q4", "q5", "memory");
#else
    for (uint32_t i = 0; i < channels; i++) {
        int32_t sum = 0;
        for (uint32_t k = 0; k < t->height * t->columns; k++) {
            sum += t->rows[k / t->columns][t->offset + channel + i + k % t->columns * t->step];
        }
        uint32_t magnitude = (uint32_t)(sum < 0 ? -sum : sum) + p->half;
        int32_t mean = (int32_t)((magnitude * p->reciprocal >> 16) >> p->right);
        out[i] = (int8_t)(sum < 0 ? -mean : mean);
    }
#endif
}

static void average_pixel(const mr_pool_s8_helium_params *p, const taps *t, int8_t *out)
{
    uint32_t channel = 0;
#if MR_HELIUM_ASM
    for (; channel + MANY <= p->channels; channel += MANY) {
        average_many(p, t, channel, out + channel);
    }
#endif
    for (; channel < p->channels; channel += EIGHT) {
        uint32_t left = p->channels - channel;
        average_few(p, t, channel, out + channel, left < EIGHT ? left : EIGHT);
    }
}

/* --------------------------------------------------------------------------- maxima */

static void largest_pixel(const mr_pool_s8_helium_params *p, const taps *t, int8_t *out)
{
    for (uint32_t channel = 0; channel < p->channels; channel += MR_VECTOR) {
        uint32_t channels = p->channels - channel;
        channels = channels < MR_VECTOR ? channels : MR_VECTOR;
#if MR_HELIUM_ASM
        const int8_t *at, *const *rows = t->rows;
        uint32_t height = t->height;
        __asm__ volatile(
            "vmov.i8 q0, #0x80\n\t"
            "vctp.8 %[channels]\n\t" FOR_TAPS("vpst\n\t"
                                              "vldrbt.u8 q1, [%[at]]\n\t"
                                              "vmax.s8 q0, q0, q1\n\t") "vpst\n\t"
                                                                        "vstrbt.8 q0, "
                                                                        "[%[out]]\n\t"
            : [at] "=&l"(at), [rows] "+r"(rows), [height] "+r"(height)
            : [columns] "r"(t->columns), [step] "r"(t->step), [offset] "r"(t->offset + channel),
              [out] "r"(out + channel), [channels] "r"(channels)
            : "lr", "cc", "q0", "q1", "memory");
#else
        for (uint32_t i = channel; i < channel + channels; i++) {
            out[i] = INT8_MIN;
            for (uint32_t k = 0; k < t->height * t->columns; k++) {
                int8_t tap = t->rows[k / t->columns][t->offset + i + k % t->columns * t->step];
                out[i] = tap > out[i] ? tap : out[i];
            }
        }
#endif
    }
}

/* --------------------------------------------------------------------------- pixels */

typedef void pool_function(const mr_pool_s8_helium_params *p, const taps *t, int8_t *out);

/* Drops rows outside the image; returns how many are left. */
static uint32_t keep_rows(const int8_t **rows, uint32_t count)
{
    uint32_t inside = 0;
    for (uint32_t k = 0; k < count; k++) {
        if (rows[k] != NULL) {
            rows[inside++] = rows[k];
        }
    }
    return inside;
}

static void pool_row(const mr_pool_s8_helium_params *p, taps *t, int8_t *out, pool_function *pool)
{
    const mr_window *window = &p->window;
    int32_t left = -(int32_t)window->pad_left;
    for (uint32_t x = 0; x < window->out_width; x++, left += window->stride_width) {
        int32_t first = left < 0 ? 0 : left, end = left + window->kernel_width;
        end = end < window->in_width ? end : window->in_width;
        t->offset = (uint32_t)first * p->channels;
        t->columns = (uint32_t)(end - first);
        if (t->joined) {
            t->columns *= t->height;
            t->height = 1;
        }
        pool(p, t, out);
        out += p->channels;
    }
}

/* Whether the window is the whole image, and its rows lie one behind the other. */
static int covers_all(const mr_context *context, const mr_pool_s8_helium_params *p, uint32_t row)
{
    const mr_window *window = &p->window;
    uint32_t first = row / window->out_height * window->in_height;
    return window->out_width == 1 && window->out_height == 1 &&
           window->kernel_width == window->in_width && window->kernel_height == window->in_height &&
           p->input.pitch == (uint32_t)window->in_width * p->channels &&
           mr_adjacent_rows(context, &p->input, first, window->in_height) >= window->in_height;
}

static mr_status run(const mr_context *context, const mr_pool_s8_helium_params *p, mr_band band,
                     pool_function *pool)
{
    const void **rows = mr_arena_at(context, p->row_table);
    taps t = {.rows = (const int8_t *const *)rows, .step = p->channels};
    for (uint32_t row = band.first; row < band.first + band.count; row++) {
        int8_t *out = mr_row_out(context, &p->output, row);
        mr_window_rows(context, &p->input, &p->window, row, NULL, rows);
        t.height = keep_rows((const int8_t **)rows, p->window.kernel_height);
        t.joined = covers_all(context, p, row);
        pool_row(p, &t, out, pool);
        if (p->least != INT8_MIN || p->most != INT8_MAX) {
            uint32_t row_bytes = (uint32_t)p->window.out_width * p->channels;
            mr_helium_clamp(out, row_bytes, p->least, p->most);
        }
    }
    return MR_OK;
}

mr_status mr_average_pool_s8_helium(const mr_context *context, const void *params, mr_band band)
{
    return run(context, params, band, average_pixel);
}

mr_status mr_max_pool_s8_helium(const mr_context *context, const void *params, mr_band band)
{
    return run(context, params, band, largest_pixel);
}
