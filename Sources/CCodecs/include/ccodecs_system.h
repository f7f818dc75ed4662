// SPDX-License-Identifier: Apache-2.0
#ifndef CCODECS_SYSTEM_H
#define CCODECS_SYSTEM_H

#endif
