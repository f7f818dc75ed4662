// SPDX-License-Identifier: Apache-2.0
#ifndef CCODECS_CHECKSUM_H
#define CCODECS_CHECKSUM_H

#endif
