/* SPDX-License-Identifier: Apache-2.0 */
/* Timing for the benches: the best of several runs, since noise only ever adds. */
#pragma once

typedef void (*BenchFn)(void *user);

/* Seconds of one call: the least of at least `runs` calls that together take `seconds`. */
double bench_seconds(BenchFn fn, void *user, int runs, double seconds);
