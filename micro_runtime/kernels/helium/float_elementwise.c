/* SPDX-License-Identifier: MIT-0 */
/* Elementwise operators in single precision with Helium. Vectors flush subnormal numbers to zero.
 */
#include "float_elementwise.h"

#include "float.h"
#include "kernels/fpu/fpu.h"

#if MR_HELIUM_FLOAT_ASM

/* Negative results become zeros where `mask` is not zero but all ones: then their sign clears all
 * their bits. */
#define OPERATE(instruction)                                                                       \
    __asm__ volatile("vdup.32 q2, %[mask]\n\t"                                                     \
                     "wlstp.32 lr, %[count], 2f\n"                                                 \
                     "1:\n\t"                                                                      \
                     "vldrw.u32 q0, [%[a]], #16\n\t"                                               \
                     "vldrw.u32 q1, [%[b]], #16\n\t" instruction " q0, q0, q1\n\t"                 \
                     "vshr.s32 q1, q0, #31\n\t"                                                    \
                     "vand q1, q1, q2\n\t"                                                         \
                     "vbic q0, q0, q1\n\t"                                                         \
                     "vstrw.32 q0, [%[out]], #16\n\t"                                              \
                     "letp lr, 1b\n"                                                               \
                     "2:"                                                                          \
                     : [a] "+l"(a), [b] "+l"(b), [out] "+l"(out)                                   \
                     : [count] "r"(count), [mask] "r"(mask)                                        \
                     : "lr", "q0", "q1", "q2", "memory")

static void add(const float *a, const float *b, float *out, uint32_t count, uint32_t mask)
{
    OPERATE("vadd.f32");
}

static void multiply(const float *a, const float *b, float *out, uint32_t count, uint32_t mask)
{
    OPERATE("vmul.f32");
}

#else

static float rectify(float value, uint32_t mask)
{
    return mask != 0 && value < 0.0f ? 0.0f : value;
}

static void add(const float *a, const float *b, float *out, uint32_t count, uint32_t mask)
{
    for (uint32_t i = 0; i < count; i++) {
        out[i] = rectify(a[i] + b[i], mask);
    }
}

static void multiply(const float *a, const float *b, float *out, uint32_t count, uint32_t mask)
{
    for (uint32_t i = 0; i < count; i++) {
        out[i] = rectify(a[i] * b[i], mask);
    }
}

#endif

static void for_each_row(const mr_context *context, const mr_elementwise_f32_fpu_params *p,
                         mr_band band,
                         void (*run)(const float *, const float *, float *, uint32_t, uint32_t))
{
    for (uint32_t row = band.first; row < band.first + band.count; row++) {
        const float *a = mr_row_in(context, &p->input1, row);
        const float *b = mr_row_in(context, &p->input2, row);
        float *out = mr_row_out(context, &p->output, row);
        run(a, b, out, p->length, p->rectified != 0 ? UINT32_MAX : 0);
        if (p->clamped != 0) {
            mr_fpu_clamp(out, p->length, p->least, p->most);
        }
    }
}

mr_status mr_add_f32_helium(const mr_context *context, const void *params, mr_band band)
{
    for_each_row(context, params, band, add);
    return MR_OK;
}

mr_status mr_mul_f32_helium(const mr_context *context, const void *params, mr_band band)
{
    for_each_row(context, params, band, multiply);
    return MR_OK;
}
