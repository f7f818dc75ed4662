// SPDX-License-Identifier: Apache-2.0
// The XXH3 kernels to choose from at run time.
#ifndef CCODECS_XXH3_KERNELS_H
#define CCODECS_XXH3_KERNELS_H

#include "ccodecs_checksum.h"

typedef struct {
  uint64_t (*hash64)(const void *data, size_t size);
  ck_hash128 (*hash128)(const void *data, size_t size);
  void (*update64)(void *state, const void *data, size_t size);
  void (*update128)(void *state, const void *data, size_t size);
  uint64_t (*digest64)(const void *state);
  ck_hash128 (*digest128)(const void *state);
} ck_xxh3_kernel;

extern const ck_xxh3_kernel ck_xxh3_baseline_kernel;
#if defined(__x86_64__)
extern const ck_xxh3_kernel ck_xxh3_avx2_kernel;
#endif

#endif
