// SPDX-License-Identifier: Apache-2.0
#ifndef CCODECS_SNAPPY_H
#define CCODECS_SNAPPY_H

#endif
