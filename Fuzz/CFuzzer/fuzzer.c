// SPDX-License-Identifier: Apache-2.0
//
// The fuzzer itself comes with the compiler; a target of a package needs a file.

#include "fuzzer.h"
