/* SPDX-License-Identifier: Apache-2.0 */
/* Kernels as Flax, Keras and TensorFlow store them, seen as everybody else stores them. */
#pragma once

#include "weights/strided.h"

/* A tensor called "…kernel" has its inputs and outputs last: (d_in, d_out) of a dense layer, (width, d_in, d_out) and
 * so on of a convolution. Its view, steps already set, is turned into (d_out, d_in, width, …); all other tensors stay
 * as they are, a depthwise kernel too, whose last size is no output. Dimensions as in
 * https://keras.io/api/layers/convolution_layers and flax.linen. */
void kernel_view_turn(const char *name, Strided *view);
