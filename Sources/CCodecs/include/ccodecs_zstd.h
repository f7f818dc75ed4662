// SPDX-License-Identifier: Apache-2.0
#ifndef CCODECS_ZSTD_H
#define CCODECS_ZSTD_H

#endif
