/* SPDX-License-Identifier: Apache-2.0 */
#include "toy_weights.h"

#include "microlith.h"

MR_WEIGHTS_SECTION MR_ALIGNED(16) const struct toy_weights toy_weights = {.added = {1, 2, 3, 4}};
