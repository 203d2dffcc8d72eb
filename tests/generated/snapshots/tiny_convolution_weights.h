/* SPDX-License-Identifier: MIT-0 */
/* Constants of tiny_convolution, packed for the kernels that read them. Generated. */
#ifndef TINY_CONVOLUTION_WEIGHTS_H
#define TINY_CONVOLUTION_WEIGHTS_H

#include <stdint.h>

#include "microlith.h"

struct tiny_convolution_weights {
int8_t op0_weights[72]; /* op 0 (CONV_2D): weights */
int32_t op0_biases[4]; /* op 0 (CONV_2D): biases */
int32_t op0_multipliers[3]; /* op 0 (CONV_2D): multipliers */
int8_t op0_shifts[3]; /* op 0 (CONV_2D): shifts */
int8_t op0_padding[12]; /* op 0 (CONV_2D): padding */
uint16_t conv_relu_rows[6]; /* conv_relu: where rows are, in words */
int32_t op2_biases[4]; /* op 2 (FULLY_CONNECTED): biases */
int32_t op2_multipliers[1]; /* op 2 (FULLY_CONNECTED): multipliers */
int8_t op2_shifts[1]; /* op 2 (FULLY_CONNECTED): shifts */
int8_t dense_filter[108]; /* dense/filter, int8[4,27] */
uint32_t op3_exponentials[20]; /* op 3 (SOFTMAX): exponentials */
};

extern const struct tiny_convolution_weights tiny_convolution_weights;

#endif
