/* SPDX-License-Identifier: Apache-2.0 */
/* What nodes are called where many stand together. */
#pragma once

#include "lineage/forest/forest.h"

/* Models that bear one name get as much of the end of their paths as sets them apart: two called "mnist" become
 * "mnist.pt" and "mnist.safetensors", or "old/mnist.pt" and "new/mnist.pt". All others keep their name. May be called
 * again after nodes were added. */
void forest_tell_names_apart(Forest *forest);
