/* SPDX-License-Identifier: MIT-0 */
/* LOGISTIC of int16 by CMSIS-NN. */
#include "logistic_s16.h"

#include "cmsis_nn.h"

mr_status mr_cmsis_nn_logistic_s16(const mr_context *context, const void *params, mr_band band)
{
    const mr_cmsis_nn_logistic_s16_params *p = params;
    (void)band;
    return mr_cmsis_nn_status(arm_nn_activation_s16(mr_data_at(context, p->input),
                                                    mr_arena_at(context, p->output), p->count,
                                                    p->left_shift, ARM_SIGMOID));
}
