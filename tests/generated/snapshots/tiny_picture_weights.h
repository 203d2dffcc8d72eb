/* SPDX-License-Identifier: MIT-0 */
/* Constants of tiny_picture, packed for the kernels that read them. Generated. */
#ifndef TINY_PICTURE_WEIGHTS_H
#define TINY_PICTURE_WEIGHTS_H

#include <stdint.h>

#include "microlith.h"

struct tiny_picture_weights {
    uint8_t none; /* the model has no constants */
};

extern const struct tiny_picture_weights tiny_picture_weights;

#endif
