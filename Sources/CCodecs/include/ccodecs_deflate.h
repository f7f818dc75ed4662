// SPDX-License-Identifier: Apache-2.0
#ifndef CCODECS_DEFLATE_H
#define CCODECS_DEFLATE_H

#endif
