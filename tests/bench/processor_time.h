/* SPDX-License-Identifier: Apache-2.0 */
/* Seconds that processors have spent on this process: what a figure is worth on a machine that others use too. */
#pragma once

double processor_seconds(void);
