// SPDX-License-Identifier: Apache-2.0
#include "ccodecs_zstd.h"
