/* SPDX-License-Identifier: Apache-2.0 */
/* VECTOR_LOOP marks a function that is little more than a loop over floats: it is compiled for AVX-512,
 * AVX2 and the baseline, and the loader picks the one that the processor has. For static
 * functions: clang gives the dispatcher of others a name that other files do not know. Sanitizer builds take
 * the baseline alone, since their runtime is not up yet when the loader picks. */
#pragma once

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SIMD_PLAIN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SIMD_PLAIN 1
#endif
#endif

#if defined(__x86_64__) && defined(__linux__) && !defined(SIMD_PLAIN)
#define VECTOR_LOOP __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define VECTOR_LOOP
#endif
