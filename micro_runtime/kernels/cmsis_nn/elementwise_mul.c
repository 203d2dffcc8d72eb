/* SPDX-License-Identifier: MIT-0 */
/* MUL by CMSIS-NN, for operands of one shape. */
#include "elementwise_mul.h"

#include "cmsis_nn.h"

mr_status mr_cmsis_nn_mul_s8(const mr_context *context, const void *params, mr_band band)
{
    const mr_cmsis_nn_mul_params *p = params;
    (void)band;
    return mr_cmsis_nn_status(arm_elementwise_mul_s8(
        mr_data_at(context, p->input1), mr_data_at(context, p->input2), p->offset1, p->offset2,
        mr_arena_at(context, p->output), p->output_offset, p->multiplier, p->shift, p->least,
        p->most, (int32_t)p->count));
}
