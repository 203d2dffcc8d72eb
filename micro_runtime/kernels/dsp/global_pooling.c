/* SPDX-License-Identifier: MIT-0 */
/* Sums of a row with SXTAB16: up to 256 int8 fit 16 bits, two to a word. */
#include "global_pooling.h"

#include <string.h>

#include "dsp.h"
#include "kernels/portable/global_average.h"

static void add_row(int32_t *sums, const int8_t *row, uint32_t width, uint32_t channels)
{
    const uint32_t last = channels - 4u;
    for (uint32_t first = 0; first < channels; first += 4) {
        /* The last block may start before the end of the one before it: what both have counts once.
         */
        uint32_t channel = first < last ? first : last;
        uint32_t even = 0, odd = 0;
        const int8_t *tap = row + channel;
        for (uint32_t x = width; x > 0; x--, tap += channels) {
            uint32_t four;
            memcpy(&four, tap, sizeof four);
            even = mr_sxtab16(even, four);
            odd = mr_sxtab16_ror8(odd, four);
        }
        const int32_t added[4] = {(int16_t)even, (int16_t)odd, (int16_t)(even >> 16),
                                  (int16_t)(odd >> 16)};
        for (uint32_t i = first - channel; i < 4; i++) {
            sums[channel + i] += added[i];
        }
    }
}

mr_status mr_global_average_pool_s8_dsp(const mr_context *context, const void *params, mr_band band)
{
    mr_global_average_s8(context, params, band, add_row);
    return MR_OK;
}
