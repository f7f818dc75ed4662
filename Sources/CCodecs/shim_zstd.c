// SPDX-License-Identifier: Apache-2.0
// zstd through opaque pointers and plain numbers.
#include "ccodecs_zstd.h"

#define ZDICT_STATIC_LINKING_ONLY
#include <string.h>
#include <zdict.h>
#include <zstd.h>
#include <zstd_errors.h>

static int32_t status_of(size_t result) { return (int32_t)ZSTD_getErrorCode(result); }

void *ck_zstd_compressor_create(void) { return ZSTD_createCCtx(); }

void ck_zstd_compressor_free(void *context) { ZSTD_freeCCtx(context); }

int32_t ck_zstd_compressor_reset(void *context) { return status_of(ZSTD_CCtx_reset(context, ZSTD_reset_session_only)); }

int32_t ck_zstd_compressor_set(void *context, int32_t parameter, int32_t value) {
  static const ZSTD_cParameter names[] = {
      [CK_ZSTD_LEVEL] = ZSTD_c_compressionLevel,
      [CK_ZSTD_WINDOW_LOG] = ZSTD_c_windowLog,
      [CK_ZSTD_STRATEGY] = ZSTD_c_strategy,
      [CK_ZSTD_LONG_DISTANCE] = ZSTD_c_enableLongDistanceMatching,
      [CK_ZSTD_CONTENT_SIZE] = ZSTD_c_contentSizeFlag,
      [CK_ZSTD_CHECKSUM] = ZSTD_c_checksumFlag,
  };
  if (parameter < 0 || parameter > CK_ZSTD_CHECKSUM) return ZSTD_error_parameter_unsupported;
  return status_of(ZSTD_CCtx_setParameter(context, names[parameter], value));
}

int32_t ck_zstd_compressor_use(void *context, const void *dictionary) {
  return status_of(ZSTD_CCtx_refCDict(context, dictionary));
}

int32_t ck_zstd_compressor_pledge(void *context, uint64_t size) {
  return status_of(ZSTD_CCtx_setPledgedSrcSize(context, size));
}

int32_t ck_zstd_compress(void *context, void *output, size_t room, const void *input, size_t size, size_t *written) {
  size_t result = ZSTD_compress2(context, output, room, input, size);
  *written = ZSTD_isError(result) ? 0 : result;
  return status_of(result);
}

int32_t ck_zstd_compress_step(void *context, void *output, size_t room, const void *input, size_t size,
                              int32_t directive, size_t *consumed, size_t *produced, size_t *held) {
  static const ZSTD_EndDirective names[] = {
      [CK_ZSTD_CONTINUE] = ZSTD_e_continue,
      [CK_ZSTD_FLUSH] = ZSTD_e_flush,
      [CK_ZSTD_END] = ZSTD_e_end,
  };
  ZSTD_outBuffer to = {output, room, 0};
  ZSTD_inBuffer from = {input, size, 0};
  size_t result = ZSTD_compressStream2(context, &to, &from, names[directive]);
  *consumed = from.pos;
  *produced = to.pos;
  *held = ZSTD_isError(result) ? 0 : result;
  return status_of(result);
}

size_t ck_zstd_bound(size_t size) { return ZSTD_compressBound(size); }

void *ck_zstd_decompressor_create(void) {
  ZSTD_DCtx *context = ZSTD_createDCtx();
  if (context) {
    ZSTD_bounds bounds = ZSTD_dParam_getBounds(ZSTD_d_windowLogMax);
    ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, bounds.upperBound);
  }
  return context;
}

void ck_zstd_decompressor_free(void *context) { ZSTD_freeDCtx(context); }

int32_t ck_zstd_decompressor_reset(void *context) {
  return status_of(ZSTD_DCtx_reset(context, ZSTD_reset_session_only));
}

int32_t ck_zstd_decompressor_use(void *context, const void *dictionary) {
  return status_of(ZSTD_DCtx_refDDict(context, dictionary));
}

int32_t ck_zstd_decompress(void *context, void *output, size_t room, const void *input, size_t size, size_t *written) {
  size_t result = ZSTD_decompressDCtx(context, output, room, input, size);
  *written = ZSTD_isError(result) ? 0 : result;
  return status_of(result);
}

int32_t ck_zstd_decompress_step(void *context, void *output, size_t room, const void *input, size_t size,
                                size_t *consumed, size_t *produced, size_t *hint) {
  ZSTD_outBuffer to = {output, room, 0};
  ZSTD_inBuffer from = {input, size, 0};
  size_t result = ZSTD_decompressStream(context, &to, &from);
  *consumed = from.pos;
  *produced = to.pos;
  *hint = ZSTD_isError(result) ? 0 : result;
  return status_of(result);
}

void *ck_zstd_compression_dictionary_create(const void *data, size_t size, int32_t level) {
  return ZSTD_createCDict(data, size, level);
}

void ck_zstd_compression_dictionary_free(void *dictionary) { ZSTD_freeCDict(dictionary); }

void *ck_zstd_decompression_dictionary_create(const void *data, size_t size) { return ZSTD_createDDict(data, size); }

void ck_zstd_decompression_dictionary_free(void *dictionary) { ZSTD_freeDDict(dictionary); }

uint32_t ck_zstd_dictionary_identifier(const void *data, size_t size) { return ZSTD_getDictID_fromDict(data, size); }

int32_t ck_zstd_train(void *output, size_t room, const void *samples, const size_t *sizes, uint32_t count,
                      int32_t level, uint32_t identifier, size_t *written) {
  ZDICT_fastCover_params_t parameters;
  memset(&parameters, 0, sizeof parameters);
  parameters.steps = 4;
  parameters.splitPoint = 0.75;
  parameters.accel = 1;
  parameters.zParams.compressionLevel = level;
  parameters.zParams.dictID = identifier;
  size_t result = ZDICT_optimizeTrainFromBuffer_fastCover(output, room, samples, sizes, count, &parameters);
  *written = ZDICT_isError(result) ? 0 : result;
  return status_of(result);
}

uint32_t ck_zstd_version(void) { return ZSTD_versionNumber(); }

const char *ck_zstd_status_name(int32_t status) { return ZSTD_getErrorString((ZSTD_ErrorCode)status); }
