// SPDX-License-Identifier: Apache-2.0
#include "csqlite.h"

int32_t csqlite_bind_text(sqlite3_stmt *statement, int32_t index, const char *text, uint64_t length) {
  return sqlite3_bind_text64(statement, index, text, length, SQLITE_TRANSIENT, SQLITE_UTF8);
}
