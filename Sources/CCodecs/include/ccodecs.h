// SPDX-License-Identifier: Apache-2.0

// The one header that Swift imports: a thin, typed border to the C libraries.
// One header per library, one .c per header; no allocation policy, no buffering and no format logic here.
#ifndef CCODECS_H
#define CCODECS_H

#include "ccodecs_system.h"
#include "ccodecs_tree.h"
#include "ccodecs_memory.h"
#include "ccodecs_cores.h"
#include "ccodecs_lock.h"
#include "ccodecs_checksum.h"
#include "ccodecs_sha256.h"
#include "ccodecs_zstd.h"
#include "ccodecs_lz4.h"
#include "ccodecs_snappy.h"
#include "ccodecs_deflate.h"
#include "ccodecs_versions.h"

#endif
