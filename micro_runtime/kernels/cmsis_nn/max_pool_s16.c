/* SPDX-License-Identifier: MIT-0 */
/* MAX_POOL_2D of int16 by CMSIS-NN. */
#include "max_pool_s16.h"

#include "cmsis_nn.h"

mr_status mr_cmsis_nn_max_pool_s16(const mr_context *context, const void *params, mr_band band)
{
    const mr_cmsis_nn_pool_params *p = params;
    (void)band;
    const cmsis_nn_context scratch = mr_cmsis_nn_scratch(context, p->scratch, p->scratch_size);
    const cmsis_nn_pool_params pool = {
        .stride = mr_cmsis_nn_stride(&p->window),
        .padding = mr_cmsis_nn_padding(&p->window),
        .activation = {.min = p->least, .max = p->most},
    };
    const cmsis_nn_dims input = mr_cmsis_nn_input(&p->window, p->batches, p->channels);
    const cmsis_nn_dims filter = mr_cmsis_nn_filter_dims(&p->window, 1, 1);
    const cmsis_nn_dims output = mr_cmsis_nn_output(&p->window, p->batches, p->channels);
    return mr_cmsis_nn_status(arm_max_pool_s16(&scratch, &pool, &input,
                                               mr_data_at(context, p->input), &filter, &output,
                                               mr_arena_at(context, p->output)));
}
