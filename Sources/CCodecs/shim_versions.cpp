// SPDX-License-Identifier: Apache-2.0
// Versions of the linked libraries. C++, because snappy states its version in a C++ header only.
#include "ccodecs_versions.h"

#include <isa-l.h>
#include <libdeflate.h>
#include <lz4.h>
#include <snappy-stubs-public.h>
#include <xxhash.h>
#include <zlib.h>
#include <zstd.h>

#define CK_TEXT_OF(number) #number
#define CK_TEXT(number) CK_TEXT_OF(number)

const char *ck_version_zstd(void) { return ZSTD_versionString(); }

const char *ck_version_lz4(void) { return LZ4_versionString(); }

const char *ck_version_snappy(void) {
  return CK_TEXT(SNAPPY_MAJOR) "." CK_TEXT(SNAPPY_MINOR) "." CK_TEXT(SNAPPY_PATCHLEVEL);
}

const char *ck_version_zlib(void) { return zlibVersion(); }

const char *ck_version_libdeflate(void) { return LIBDEFLATE_VERSION_STRING; }

const char *ck_version_isal(void) {
  return CK_TEXT(ISAL_MAJOR_VERSION) "." CK_TEXT(ISAL_MINOR_VERSION) "." CK_TEXT(ISAL_PATCH_VERSION);
}

const char *ck_version_xxhash(void) {
  return CK_TEXT(XXH_VERSION_MAJOR) "." CK_TEXT(XXH_VERSION_MINOR) "." CK_TEXT(XXH_VERSION_RELEASE);
}
