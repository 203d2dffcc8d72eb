/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TOY_H
#define TOY_H

#include "microlith.h"

#define TOY_ARENA_SIZE 48u

typedef struct toy_t {
    mr_instance instance;
} toy_t;

MR_MUST_CHECK mr_status toy_init(toy_t *m, void *arena, size_t size);
MR_MUST_CHECK mr_status toy_invoke(toy_t *m);
MR_MUST_CHECK mr_status toy_step(toy_t *m, int *done);
void *toy_input(toy_t *m, int index);
void *toy_output(toy_t *m, int index);
void toy_set_hook(toy_t *m, mr_hook *hook, void *user);

#endif
