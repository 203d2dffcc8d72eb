/* SPDX-License-Identifier: MIT-0 */
#include "kernel.h"
#include "microlith.h"

static void clear(uint8_t *bytes, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        bytes[i] = 0;
    }
}

mr_status mr_init(mr_instance *instance, const mr_model *model, void *arena, size_t arena_size)
{
    if (instance == NULL || model == NULL || arena == NULL) {
        return MR_BAD_ARGUMENT;
    }
    if (arena_size < model->arena_size) {
        return MR_ARENA_TOO_SMALL;
    }
    if ((uintptr_t)arena % MR_ARENA_ALIGNMENT != 0) {
        return MR_ARENA_MISALIGNED;
    }
    instance->model = model;
    instance->arena = arena;
    instance->hook = NULL;
    instance->hook_user = NULL;
    mr_reset(instance);
    return MR_OK;
}

void mr_reset(mr_instance *instance)
{
    clear(instance->arena + instance->model->variables_offset, instance->model->variables_size);
    instance->next_step = 0;
}

const uint8_t *mr_event_row(const mr_event *event, uint32_t row)
{
    const mr_output *layout = event->layout;
    const mr_rows rows = {layout->offset, layout->pitch, layout->capacity};
    return mr_row_in(event->context, &rows, event->first_row + row);
}

static void report(const mr_instance *instance, const mr_context *context, const mr_call *call,
                   const mr_step *step)
{
    uint32_t end = (uint32_t)step->first_row + step->row_count;
    for (uint32_t i = 0; i < call->output_count; i++) {
        const mr_output *layout = &call->outputs[i];
        uint32_t lead = layout->lead_rows;
        uint32_t first = step->first_row > lead ? step->first_row - lead : 0;
        if (end <= lead) {
            continue;
        }
        mr_event event = {
            .op = call->op,
            .output = i,
            .first_row = first,
            .row_count = end - lead - first,
            .row_bytes = layout->pitch,
            .layout = layout,
            .context = context,
        };
        instance->hook(instance->hook_user, &event);
    }
}

static mr_status run(const mr_instance *instance, const mr_step *step)
{
    const mr_model *model = instance->model;
    const mr_call *call = &model->calls[step->call];
    const mr_context context = {.arena = instance->arena, .constants = model->constants};
    const mr_band band = {.first = step->first_row, .count = step->row_count};
    mr_status status = call->kernel(&context, call->params, band);
    if (status == MR_OK && instance->hook != NULL) {
        report(instance, &context, call, step);
    }
    return status;
}

mr_status mr_run_step(mr_instance *instance, int *done)
{
    const mr_model *model = instance->model;
    mr_status status = MR_OK;
    if (instance->next_step < model->step_count) {
        status = run(instance, &model->steps[instance->next_step]);
        instance->next_step++;
    }
    *done = status != MR_OK || instance->next_step >= model->step_count;
    if (*done) {
        instance->next_step = 0;
    }
    return status;
}

mr_status mr_invoke(mr_instance *instance)
{
    int done = 0;
    mr_status status = MR_OK;
    instance->next_step = 0;
    while (!done && status == MR_OK) {
        status = mr_run_step(instance, &done);
    }
    return status;
}
