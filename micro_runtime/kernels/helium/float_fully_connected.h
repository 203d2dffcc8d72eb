/* SPDX-License-Identifier: MIT-0 */
#ifndef MICROLITH_HELIUM_FLOAT_FULLY_CONNECTED_H
#define MICROLITH_HELIUM_FLOAT_FULLY_CONNECTED_H

#include "kernels/fpu/fully_connected.h"

/* Parameters and constants are those of mr_fully_connected_f32_fpu. */
mr_status mr_fully_connected_f32_helium(const mr_context *context, const void *params,
                                        mr_band band);

#endif
