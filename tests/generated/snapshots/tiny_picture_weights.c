/* SPDX-License-Identifier: MIT-0 */
#include "tiny_picture_weights.h"

MR_WEIGHTS_SECTION MR_ALIGNED(16) const struct tiny_picture_weights tiny_picture_weights = {
    .none = 0,
};
