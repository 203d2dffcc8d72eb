/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TOY_WEIGHTS_H
#define TOY_WEIGHTS_H

#include <stdint.h>

struct toy_weights {
    int8_t added[4];
};

extern const struct toy_weights toy_weights;

#endif
