/* SPDX-License-Identifier: MIT-0 */
/* MUL of int16 by CMSIS-NN, for operands of one shape. */
#include "elementwise_mul_s16.h"

#include "cmsis_nn.h"

mr_status mr_cmsis_nn_mul_s16(const mr_context *context, const void *params, mr_band band)
{
    const mr_cmsis_nn_mul_s16_params *p = params;
    (void)band;
    return mr_cmsis_nn_status(
        arm_elementwise_mul_s16(mr_data_at(context, p->input1), mr_data_at(context, p->input2), 0,
                                0, mr_arena_at(context, p->output), 0, p->multiplier, p->shift,
                                p->least, p->most, (int32_t)p->count));
}
