// SPDX-License-Identifier: Apache-2.0
// The XXH3 calls for one instruction set. Included once per set, with KERNEL(name) naming the set's functions; the
// including file has chosen the set by XXH_VECTOR and a target attribute. The header-only form of libxxhash is compiled
// for that set: twice the speed of the distribution's SSE2 build with AVX2.

static uint64_t KERNEL(hash64)(const void *data, size_t size) { return XXH3_64bits(data, size); }

static ck_hash128 KERNEL(hash128)(const void *data, size_t size) {
  XXH128_hash_t hash = XXH3_128bits(data, size);
  return (ck_hash128){hash.low64, hash.high64};
}

static void KERNEL(update64)(void *state, const void *data, size_t size) { XXH3_64bits_update(state, data, size); }

static void KERNEL(update128)(void *state, const void *data, size_t size) { XXH3_128bits_update(state, data, size); }

static uint64_t KERNEL(digest64)(const void *state) { return XXH3_64bits_digest(state); }

static ck_hash128 KERNEL(digest128)(const void *state) {
  XXH128_hash_t hash = XXH3_128bits_digest(state);
  return (ck_hash128){hash.low64, hash.high64};
}

const ck_xxh3_kernel KERNEL(kernel) = {
    KERNEL(hash64), KERNEL(hash128), KERNEL(update64), KERNEL(update128), KERNEL(digest64), KERNEL(digest128),
};
