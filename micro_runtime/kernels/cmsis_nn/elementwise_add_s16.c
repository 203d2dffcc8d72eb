/* SPDX-License-Identifier: MIT-0 */
/* ADD of int16 by CMSIS-NN, for operands of one shape. */
#include "elementwise_add_s16.h"

#include "cmsis_nn.h"

mr_status mr_cmsis_nn_add_s16(const mr_context *context, const void *params, mr_band band)
{
    const mr_cmsis_nn_add_s16_params *p = params;
    (void)band;
    return mr_cmsis_nn_status(arm_elementwise_add_s16(
        mr_data_at(context, p->input1), mr_data_at(context, p->input2), 0, p->multiplier1,
        p->shift1, 0, p->multiplier2, p->shift2, p->headroom, mr_arena_at(context, p->output), 0,
        p->output_multiplier, p->output_shift, p->least, p->most, (int32_t)p->count));
}
