// SPDX-License-Identifier: Apache-2.0
// XXH3 for the instruction set that every machine of the architecture has.
#include "xxh3_kernels.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#define KERNEL(name) ck_xxh3_baseline_##name
#include "xxh3_kernel.h"
