// SPDX-License-Identifier: Apache-2.0
// The versions of the C libraries, as text: asked of the library where it can tell, else of its header.
#ifndef CCODECS_VERSIONS_H
#define CCODECS_VERSIONS_H

#ifdef __cplusplus
extern "C" {
#endif

const char *ck_version_zstd(void);
const char *ck_version_lz4(void);
const char *ck_version_snappy(void);
const char *ck_version_zlib(void);
const char *ck_version_libdeflate(void);
const char *ck_version_isal(void);
const char *ck_version_xxhash(void);

#ifdef __cplusplus
}
#endif

#endif
