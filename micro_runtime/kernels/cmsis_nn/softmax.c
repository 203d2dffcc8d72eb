/* SPDX-License-Identifier: MIT-0 */
/* SOFTMAX by CMSIS-NN. */
#include "softmax.h"

#include "cmsis_nn.h"

mr_status mr_cmsis_nn_softmax_s8(const mr_context *context, const void *params, mr_band band)
{
    const mr_cmsis_nn_softmax_params *p = params;
    (void)band;
    arm_softmax_s8(mr_data_at(context, p->input), p->rows, p->depth, p->multiplier, p->shift,
                   p->least_difference, mr_arena_at(context, p->output));
    return MR_OK;
}
