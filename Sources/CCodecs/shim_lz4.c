// SPDX-License-Identifier: Apache-2.0
// LZ4 blocks: states are reset in full before each block, so that output never depends on what a state did before.
#include "ccodecs_lz4.h"

#define LZ4_STATIC_LINKING_ONLY
#define LZ4_HC_STATIC_LINKING_ONLY
#include <lz4.h>
#include <lz4hc.h>

size_t ck_lz4_state_size(void) { return sizeof(LZ4_stream_t); }

size_t ck_lz4hc_state_size(void) { return sizeof(LZ4_streamHC_t); }

int32_t ck_lz4_compress(void *state, const void *source, int32_t size, void *room, int32_t capacity,
                        int32_t acceleration) {
  return LZ4_compress_fast_extState(state, source, room, size, capacity, acceleration);
}

int32_t ck_lz4hc_compress(void *state, const void *source, int32_t size, void *room, int32_t capacity, int32_t level) {
  return LZ4_compress_HC_extStateHC(state, source, room, size, capacity, level);
}

void ck_lz4_load_dictionary(void *state, const void *dictionary, int32_t size) {
  LZ4_loadDict(LZ4_initStream(state, sizeof(LZ4_stream_t)), dictionary, size);
}

void ck_lz4hc_load_dictionary(void *state, const void *dictionary, int32_t size, int32_t level) {
  LZ4_streamHC_t *stream = LZ4_initStreamHC(state, sizeof(LZ4_streamHC_t));
  LZ4_setCompressionLevel(stream, level);
  LZ4_loadDictHC(stream, dictionary, size);
}

int32_t ck_lz4_compress_with(void *state, const void *dictionary, const void *source, int32_t size, void *room,
                             int32_t capacity, int32_t acceleration) {
  LZ4_stream_t *stream = LZ4_initStream(state, sizeof(LZ4_stream_t));
  LZ4_attach_dictionary(stream, dictionary);
  return LZ4_compress_fast_continue(stream, source, room, size, capacity, acceleration);
}

int32_t ck_lz4hc_compress_with(void *state, const void *dictionary, const void *source, int32_t size, void *room,
                               int32_t capacity, int32_t level) {
  LZ4_streamHC_t *stream = LZ4_initStreamHC(state, sizeof(LZ4_streamHC_t));
  LZ4_setCompressionLevel(stream, level);
  LZ4_attach_HC_dictionary(stream, dictionary);
  return LZ4_compress_HC_continue(stream, source, room, size, capacity);
}

int32_t ck_lz4_decompress(const void *source, int32_t size, void *room, int32_t capacity, const void *history,
                          int32_t history_size) {
  return LZ4_decompress_safe_usingDict(source, room, size, capacity, history, history_size);
}
