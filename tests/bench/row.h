/* SPDX-License-Identifier: Apache-2.0 */
/* How the benches print a figure. */
#pragma once

/* "name   value unit   ratio x of floor": one row of the table. ratio NAN: no floor. */
void bench_row(const char *name, double value, const char *unit, double ratio, const char *floor);
