// SPDX-License-Identifier: Apache-2.0
// SQLite, and what of it Swift cannot see: calls that take a macro for a function, and composed numbers.
#ifndef CSQLITE_H
#define CSQLITE_H

#include <sqlite3.h>

#include <stdint.h>

// The memory that processes share could not be made larger.
static const int32_t csqlite_ioerr_shmsize = SQLITE_IOERR_SHMSIZE;

// Binds bytes that are copied at once.
int32_t csqlite_bind_text(sqlite3_stmt *statement, int32_t index, const char *text, uint64_t length);

#endif
