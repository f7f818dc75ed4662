// SPDX-License-Identifier: Apache-2.0
// XXH32: libxxhash's states, with a faster inner loop for long input where the processor has it.
#include "ccodecs_checksum.h"
#include "xxh32_kernel.h"

#define XXH_STATIC_LINKING_ONLY
#include <xxhash.h>

// The state's fields have these names and meanings in the versions up to 0.8.2.
#if defined(__x86_64__) && XXH_VERSION_NUMBER >= 801 && XXH_VERSION_NUMBER <= 802
#define HAS_KERNEL 1
#else
#define HAS_KERNEL 0
#endif

// Below this, setting up costs what the loop gains.
enum { kernel_minimum = 256 };

static void update(XXH32_state_t *state, const uint8_t *data, size_t size) {
#if HAS_KERNEL
  if (size >= kernel_minimum && __builtin_cpu_supports("avx512vl")) {
    if (state->memsize > 0) {
      size_t missing = 16 - state->memsize;
      XXH32_update(state, data, missing);
      data += missing;
      size -= missing;
    }
    size_t taken = size & ~(size_t)15;
    ck_xxh32_stripes_avx512(state->v, data, taken / 16);
    state->total_len_32 += (uint32_t)taken;
    state->large_len = 1;
    data += taken;
    size -= taken;
  }
#endif
  if (size > 0) XXH32_update(state, data, size);
}

uint32_t ck_xxh32(const void *data, size_t size, uint32_t seed) {
  if (size < kernel_minimum) return XXH32(data, size, seed);
  XXH32_state_t state;
  XXH32_reset(&state, seed);
  update(&state, data, size);
  return XXH32_digest(&state);
}

void *ck_xxh32_create(uint32_t seed) {
  XXH32_state_t *state = XXH32_createState();
  if (state) XXH32_reset(state, seed);
  return state;
}

void ck_xxh32_reset(void *state, uint32_t seed) { XXH32_reset(state, seed); }

void ck_xxh32_update(void *state, const void *data, size_t size) { update(state, data, size); }

uint32_t ck_xxh32_digest(const void *state) { return XXH32_digest(state); }

void ck_xxh32_copy(void *state, const void *from) { XXH32_copyState(state, from); }

void ck_xxh32_free(void *state) { XXH32_freeState(state); }
