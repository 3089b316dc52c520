/* SPDX-License-Identifier: Apache-2.0 */
#include "core/error.h"

G_DEFINE_QUARK(copse - error - quark, copse_error)
