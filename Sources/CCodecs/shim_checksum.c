// SPDX-License-Identifier: Apache-2.0
#include "ccodecs_checksum.h"
