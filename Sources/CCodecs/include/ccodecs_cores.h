// SPDX-License-Identifier: Apache-2.0
// How many processors there are to work on.
#ifndef CCODECS_CORES_H
#define CCODECS_CORES_H

/// How many processors this process may keep busy, at least 1: those it may run on, or fewer when a control group
/// (version 1 or 2) has a smaller quota of processor time, as containers do. A part of a processor counts as one.
/// Found out once.
int ck_core_count(void);

/// The quota of a process in processors, rounded up; 0 when there is none. For tests: with the list of the process's
/// groups, and the place where control groups are mounted.
int ck_core_quota(const char *group_list, const char *mount);

#endif
