/* SPDX-License-Identifier: MIT-0 */
/* SOFTMAX of int16 by CMSIS-NN. */
#include "softmax_s16.h"

#include "cmsis_nn.h"

mr_status mr_cmsis_nn_softmax_s16(const mr_context *context, const void *params, mr_band band)
{
    const mr_cmsis_nn_softmax_s16_params *p = params;
    const cmsis_nn_softmax_lut_s16 tables = {
        .exp_lut = mr_data_at(context, p->exponentials),
        .one_by_one_lut = mr_data_at(context, p->reciprocals),
    };
    (void)band;
    return mr_cmsis_nn_status(arm_softmax_s16(mr_data_at(context, p->input), p->rows, p->depth,
                                              p->multiplier, p->shift, &tables,
                                              mr_arena_at(context, p->output)));
}
