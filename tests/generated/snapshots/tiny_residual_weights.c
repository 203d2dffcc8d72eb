/* SPDX-License-Identifier: MIT-0 */
#include "tiny_residual_weights.h"

MR_WEIGHTS_SECTION MR_ALIGNED(16) const struct tiny_residual_weights tiny_residual_weights = {
    .none = 0,
};
