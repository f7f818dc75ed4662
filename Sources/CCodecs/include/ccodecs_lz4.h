// SPDX-License-Identifier: Apache-2.0
#ifndef CCODECS_LZ4_H
#define CCODECS_LZ4_H

#endif
