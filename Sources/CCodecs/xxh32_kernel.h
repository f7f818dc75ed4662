// SPDX-License-Identifier: Apache-2.0
// The inner loop of XXH32 for processors that rotate vectors.
#ifndef CCODECS_XXH32_KERNEL_H
#define CCODECS_XXH32_KERNEL_H

#include <stddef.h>
#include <stdint.h>

#if defined(__x86_64__)
/// Takes `stripes` times 16 bytes into the four lanes. Needs AVX-512VL.
void ck_xxh32_stripes_avx512(uint32_t lanes[4], const void *data, size_t stripes);
#endif

#endif
