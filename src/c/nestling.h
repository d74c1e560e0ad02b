/* What nestling adds to <spawn.h>, <stdlib.h> and <stdio.h>. */

#ifndef NESTLING_H
#define NESTLING_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Writes why the last posix_spawn, posix_spawnp, pidfd_spawn, pidfd_spawnp,
 * system or popen of the calling thread that failed did so: the step and the
 * reason, such as
 *
 *     file action 1 (open "/nope"): ENOENT: no such file or directory
 *
 * Writes at most size bytes to buffer, of which the last is a null byte; if
 * size is 0, writes nothing. Returns the length of the whole text without the
 * null byte; 0 if no call of this thread has failed. A call that succeeds does
 * not change the text. The function leaves errno as it was.
 */
size_t nestling_spawn_error(char *buffer, size_t size);

#ifdef __cplusplus
}
#endif

#endif
