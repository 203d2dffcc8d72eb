/* SPDX-License-Identifier: MIT-0 */
#ifndef MICROLITH_HELIUM_POOLING_H
#define MICROLITH_HELIUM_POOLING_H

#include "kernel.h"

/*
 * Pools, `row_table` (scratch) holds kernel_height pointers. An average is the high half of
 * (magnitude of the sum + half) * reciprocal, shifted to the right by `right`, in 16 bits, with the
 * sum's sign; its windows lie inside the image. A maximum needs neither of the three. Results are
 * clamped to [least, most].
 */
typedef struct mr_pool_s8_helium_params {
    mr_rows input;
    mr_rows output;
    mr_window window;
    mr_ref row_table;
    uint16_t channels;
    uint16_t half;
    uint16_t reciprocal;
    uint16_t right;
    int16_t least;
    int16_t most;
} mr_pool_s8_helium_params;

mr_status mr_average_pool_s8_helium(const mr_context *context, const void *params, mr_band band);
mr_status mr_max_pool_s8_helium(const mr_context *context, const void *params, mr_band band);

#endif
