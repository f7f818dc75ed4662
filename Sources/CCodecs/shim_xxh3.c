// SPDX-License-Identifier: Apache-2.0
// XXH3 by the best kernel that the processor can run.
#include "xxh3_kernels.h"

#include <stdlib.h>
#define XXH_STATIC_LINKING_ONLY
#include <xxhash.h>

static const ck_xxh3_kernel *best_kernel(void) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2")) return &ck_xxh3_avx2_kernel;
#endif
  return &ck_xxh3_baseline_kernel;
}

uint64_t ck_xxh3_64(const void *data, size_t size) { return best_kernel()->hash64(data, size); }

ck_hash128 ck_xxh3_128(const void *data, size_t size) { return best_kernel()->hash128(data, size); }

void *ck_xxh3_create(void) { return XXH3_createState(); }

void ck_xxh3_reset64(void *state) { XXH3_64bits_reset(state); }

void ck_xxh3_reset128(void *state) { XXH3_128bits_reset(state); }

void ck_xxh3_update64(void *state, const void *data, size_t size) {
  if (size > 0) best_kernel()->update64(state, data, size);
}

void ck_xxh3_update128(void *state, const void *data, size_t size) {
  if (size > 0) best_kernel()->update128(state, data, size);
}

uint64_t ck_xxh3_digest64(const void *state) { return best_kernel()->digest64(state); }

ck_hash128 ck_xxh3_digest128(const void *state) { return best_kernel()->digest128(state); }

void ck_xxh3_free(void *state) { XXH3_freeState(state); }
