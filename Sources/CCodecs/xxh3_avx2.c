// SPDX-License-Identifier: Apache-2.0
// XXH3 for AVX2.
#include "xxh3_kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx2"))), apply_to = function)
#define XXH_VECTOR 2
#define XXH_INLINE_ALL
#include <xxhash.h>

#define KERNEL(name) ck_xxh3_avx2_##name
#include "xxh3_kernel.h"
#pragma clang attribute pop
#endif
