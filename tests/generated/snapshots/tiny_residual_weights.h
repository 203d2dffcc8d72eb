/* SPDX-License-Identifier: MIT-0 */
/* Constants of tiny_residual, packed for the kernels that read them. Generated. */
#ifndef TINY_RESIDUAL_WEIGHTS_H
#define TINY_RESIDUAL_WEIGHTS_H

#include <stdint.h>

#include "microlith.h"

struct tiny_residual_weights {
    uint8_t none; /* the model has no constants */
};

extern const struct tiny_residual_weights tiny_residual_weights;

#endif
