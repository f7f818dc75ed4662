// SPDX-License-Identifier: Apache-2.0
// Raw deflate by ISA-L, libdeflate and zlib.
#include "ccodecs_deflate.h"

#include <isa-l/igzip_lib.h>
#include <libdeflate.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

static uint32_t limited(size_t size) { return (uint32_t)(size < CK_DEFLATE_MAX_CALL ? size : CK_DEFLATE_MAX_CALL); }

static ck_deflate_step step_of(size_t consumed, size_t produced, int status, int ended) {
  ck_deflate_step step = {consumed, produced, status, ended};
  return step;
}

// The most bytes that one symbol of deflate stands for.
enum { LONGEST_MATCH = 258 };

// ISA-L's structures want to start at a cache line.
static void *allocate(size_t size) {
  void *memory = NULL;
  return posix_memalign(&memory, 64, size) == 0 ? memory : NULL;
}

void *ck_isal_deflate_create(int level) {
  static const uint32_t sizes[] = {0, ISAL_DEF_LVL1_DEFAULT, ISAL_DEF_LVL2_DEFAULT, ISAL_DEF_LVL3_DEFAULT};
  if (level < 1 || level > 3) return NULL;
  struct isal_zstream *stream = allocate(sizeof *stream);
  void *buffer = allocate(sizes[level]);
  if (!stream || !buffer) {
    free(stream);
    free(buffer);
    return NULL;
  }
  isal_deflate_init(stream);
  stream->level = (uint32_t)level;
  stream->level_buf = buffer;
  stream->level_buf_size = sizes[level];
  return stream;
}

void ck_isal_deflate_reset(void *state) {
  struct isal_zstream *stream = state;
  isal_deflate_reset(stream);
  stream->end_of_stream = 0;
  stream->flush = NO_FLUSH;
}

ck_deflate_step ck_isal_deflate_run(
    void *state, const void *in, size_t in_size, void *out, size_t out_size, int flush) {
  struct isal_zstream *stream = state;
  uint32_t given = limited(in_size), room = limited(out_size);
  int whole = given == in_size;
  stream->next_in = (uint8_t *)in;
  stream->avail_in = given;
  stream->next_out = out;
  stream->avail_out = room;
  stream->end_of_stream = whole && flush == CK_DEFLATE_FINISH;
  stream->flush = whole && flush == CK_DEFLATE_SYNC ? SYNC_FLUSH : NO_FLUSH;
  int status = isal_deflate(stream);
  stream->next_in = NULL;
  stream->next_out = NULL;
  return step_of(
      given - stream->avail_in, room - stream->avail_out, status, stream->internal_state.state == ZSTATE_END);
}

int32_t ck_isal_deflate_set_dictionary(void *state, const void *bytes, size_t size) {
  if (size > ISAL_DEF_HIST_SIZE) {
    bytes = (const uint8_t *)bytes + (size - ISAL_DEF_HIST_SIZE);
    size = ISAL_DEF_HIST_SIZE;
  }
  return isal_deflate_set_dict(state, (uint8_t *)bytes, (uint32_t)size);
}

void ck_isal_deflate_free(void *state) {
  struct isal_zstream *stream = state;
  if (stream) free(stream->level_buf);
  free(stream);
}

void *ck_isal_inflate_create(void) {
  struct inflate_state *stream = allocate(sizeof *stream);
  if (stream) isal_inflate_init(stream);
  return stream;
}

void ck_isal_inflate_reset(void *state) { isal_inflate_reset(state); }

ck_deflate_step ck_isal_inflate_run(void *state, const void *in, size_t in_size, void *out, size_t out_size) {
  struct inflate_state *stream = state;
  uint32_t given = limited(in_size), room = limited(out_size);
  stream->next_in = (uint8_t *)in;
  stream->avail_in = given;
  stream->next_out = out;
  stream->avail_out = room;
  int status = isal_inflate(stream);
  stream->next_in = NULL;
  stream->next_out = NULL;
  size_t produced = room - stream->avail_out;
  // A match that cannot be is counted in full before it is refused: room that nobody has written.
  if (status == ISAL_INVALID_LOOKBACK || status == ISAL_INVALID_SYMBOL)
    produced -= produced < LONGEST_MATCH ? produced : LONGEST_MATCH;
  return step_of(given - stream->avail_in, produced, status, stream->block_state == ISAL_BLOCK_FINISH);
}

size_t ck_isal_inflate_unread(const void *state, uint8_t bytes[8]) {
  const struct inflate_state *stream = state;
  // Negative after some errors.
  if (stream->read_in_length <= 0) return 0;
  uint64_t bits = stream->read_in >> (stream->read_in_length % 8);
  size_t count = (size_t)stream->read_in_length / 8;
  for (size_t i = 0; i < count; i++) bytes[i] = (uint8_t)(bits >> (8 * i));
  return count;
}

int32_t ck_isal_inflate_set_dictionary(void *state, const void *bytes, size_t size) {
  if (size > ISAL_DEF_HIST_SIZE) {
    bytes = (const uint8_t *)bytes + (size - ISAL_DEF_HIST_SIZE);
    size = ISAL_DEF_HIST_SIZE;
  }
  return isal_inflate_set_dict(state, (uint8_t *)bytes, (uint32_t)size);
}

void ck_isal_inflate_free(void *state) { free(state); }

void *ck_zlib_deflate_create(int level) {
  z_stream *stream = calloc(1, sizeof *stream);
  if (stream && deflateInit2(stream, level, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
    free(stream);
    return NULL;
  }
  return stream;
}

void ck_zlib_deflate_reset(void *state) { deflateReset(state); }

ck_deflate_step ck_zlib_deflate_run(
    void *state, const void *in, size_t in_size, void *out, size_t out_size, int flush) {
  static const int flushes[] = {Z_NO_FLUSH, Z_SYNC_FLUSH, Z_FINISH};
  z_stream *stream = state;
  uint32_t given = limited(in_size), room = limited(out_size);
  stream->next_in = (Bytef *)in;
  stream->avail_in = given;
  stream->next_out = out;
  stream->avail_out = room;
  int status = deflate(stream, given == in_size ? flushes[flush] : Z_NO_FLUSH);
  stream->next_in = NULL;
  stream->next_out = NULL;
  return step_of(given - stream->avail_in, room - stream->avail_out, status, status == Z_STREAM_END);
}

int32_t ck_zlib_deflate_set_dictionary(void *state, const void *bytes, size_t size) {
  return deflateSetDictionary(state, bytes, limited(size));
}

void ck_zlib_deflate_free(void *state) {
  if (state) deflateEnd(state);
  free(state);
}

void *ck_zlib_inflate_create(void) {
  z_stream *stream = calloc(1, sizeof *stream);
  if (stream && inflateInit2(stream, -15) != Z_OK) {
    free(stream);
    return NULL;
  }
  return stream;
}

void ck_zlib_inflate_reset(void *state) { inflateReset(state); }

ck_deflate_step ck_zlib_inflate_run(void *state, const void *in, size_t in_size, void *out, size_t out_size) {
  z_stream *stream = state;
  uint32_t given = limited(in_size), room = limited(out_size);
  stream->next_in = (Bytef *)in;
  stream->avail_in = given;
  stream->next_out = out;
  stream->avail_out = room;
  int status = inflate(stream, Z_NO_FLUSH);
  stream->next_in = NULL;
  stream->next_out = NULL;
  return step_of(given - stream->avail_in, room - stream->avail_out, status, status == Z_STREAM_END);
}

int32_t ck_zlib_inflate_set_dictionary(void *state, const void *bytes, size_t size) {
  return inflateSetDictionary(state, bytes, limited(size));
}

void ck_zlib_inflate_free(void *state) {
  if (state) inflateEnd(state);
  free(state);
}

void *ck_libdeflate_create(int level) { return libdeflate_alloc_compressor(level); }

size_t ck_libdeflate_bound(void *state, size_t size) { return libdeflate_deflate_compress_bound(state, size); }

size_t ck_libdeflate_compress(void *state, const void *in, size_t in_size, void *out, size_t out_size) {
  return libdeflate_deflate_compress(state, in, in_size, out, out_size);
}

void ck_libdeflate_free(void *state) { libdeflate_free_compressor(state); }
