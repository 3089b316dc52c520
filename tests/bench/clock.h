/* SPDX-License-Identifier: Apache-2.0 */
/* Timing for the benches: the best of several runs, since noise only ever adds. */
#pragma once

typedef void (*BenchFn)(void *user);

/* Seconds of one call: the least of at least `runs` calls that together take `seconds`. */
double bench_seconds(BenchFn fn, void *user, int runs, double seconds);

/* "name   value unit   ratio x of floor": one row of the table. ratio NAN: no floor. */
void bench_row(const char *name, double value, const char *unit, double ratio, const char *floor);
