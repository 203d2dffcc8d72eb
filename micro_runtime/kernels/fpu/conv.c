/* SPDX-License-Identifier: MIT-0 */
/*
 * Convolutions in single precision. Each sum takes its terms in the reference's order, the bias
 * last.
 */
#include "conv.h"

#include "products.h"

mr_status mr_conv_2d_f32_fpu(const mr_context *context, const void *params, mr_band band)
{
    const mr_compute compute = {mr_compute_3, mr_compute_4};
    mr_convolve_tiles(context, params, band, compute);
    return MR_OK;
}
