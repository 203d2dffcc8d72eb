/* SPDX-License-Identifier: MIT-0 */
/* Elementwise operators with Helium. Sums are one linear form in 32 bits, which was compared with
 * the reference for every pair of operands when the model was compiled. */
#include "elementwise.h"

#include "helium.h"

static int8_t add_element(const mr_add_s8_helium_params *p, int8_t a, int8_t b)
{
    int32_t value = (a * p->factor1 + p->offset + b * p->factor2) >> p->right;
    return (int8_t)(value < INT8_MIN ? INT8_MIN : value > INT8_MAX ? INT8_MAX : value);
}

static void add_row(const mr_add_s8_helium_params *p, const int8_t *a, const int8_t *b, int8_t *out)
{
#if MR_HELIUM_ASM
    int32_t shift = 16 - (int32_t)p->right, offset = p->offset - (1 << 15);
    /* Even elements go through q2, odd ones through q0. They are shifted by 16, which rounds, then
     * by the rest. A last element without a neighbour would have half a lane of 32 bits. */
    uint32_t even = p->length & ~1u;
    if (even != p->length) {
        out[even] = add_element(p, a[even], b[even]);
    }
    __asm__ volatile("vdup.32 q4, %[factor1]\n\t"
                     "wlstp.16 lr, %[length], 2f\n"
                     "1:\n\t"
                     "vldrb.s16 q0, [%[a]], #8\n\t"
                     "vldrb.s16 q1, [%[b]], #8\n\t"
                     "vmovlb.s16 q2, q0\n\t"
                     "vmovlt.s16 q0, q0\n\t"
                     "vmlas.s32 q2, q4, %[offset]\n\t"
                     "vmlas.s32 q0, q4, %[offset]\n\t"
                     "vmovlb.s16 q3, q1\n\t"
                     "vmovlt.s16 q1, q1\n\t"
                     "vmla.s32 q2, q3, %[factor2]\n\t"
                     "vmla.s32 q0, q1, %[factor2]\n\t"
                     "vqrshrnb.s32 q2, q2, #16\n\t"
                     "vqrshrnt.s32 q2, q0, #16\n\t"
                     "vshl.s16 q2, %[shift]\n\t"
                     "vqmovnb.s16 q2, q2\n\t"
                     "vstrb.16 q2, [%[out]], #8\n\t"
                     "letp lr, 1b\n"
                     "2:"
                     : [a] "+l"(a), [b] "+l"(b), [out] "+l"(out)
                     : [length] "r"(even), [factor1] "r"(p->factor1), [factor2] "r"(p->factor2),
                       [offset] "r"(offset), [shift] "r"(shift)
                     : "lr", "q0", "q1", "q2", "q3", "q4", "memory");
#else
    for (const int8_t *end = a + p->length; a != end; a++, b++, out++) {
        *out = add_element(p, *a, *b);
    }
#endif
}

mr_status mr_add_s8_helium(const mr_context *context, const void *params, mr_band band)
{
    const mr_add_s8_helium_params *p = params;
    for (uint32_t row = band.first; row < band.first + band.count; row++) {
        int8_t *out = mr_row_out(context, &p->output, row);
        add_row(p, mr_row_in(context, &p->input1, row), mr_row_in(context, &p->input2, row), out);
        if (p->least != INT8_MIN || p->most != INT8_MAX) {
            mr_helium_clamp(out, p->length, p->least, p->most);
        }
    }
    return MR_OK;
}
