/* SPDX-License-Identifier: MIT-0 */
#include "global_pooling.h"

#include "global_average.h"

static void add_row(int32_t *sums, const int8_t *row, uint32_t width, uint32_t channels)
{
    for (uint32_t c = 0; c < channels; c++) {
        const int8_t *tap = row + c;
        int32_t sum = sums[c];
        for (uint32_t x = width; x > 0; x--, tap += channels) {
            sum += *tap;
        }
        sums[c] = sum;
    }
}

mr_status mr_global_average_pool_s8(const mr_context *context, const void *params, mr_band band)
{
    mr_global_average_s8(context, params, band, add_row);
    return MR_OK;
}
