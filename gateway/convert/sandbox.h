/* sandbox.h - a process locks itself in: it keeps the descriptors it has and those it is sent, its memory,
 * and no more.
 *
 * no_new_privs; a seccomp list of allowed system calls (those that would open or look up something fail with
 * EACCES, every other one kills the process by SIGSYS); Landlock without any access to files; no core dumps,
 * few descriptors, no new processes; dead with its parent.  What the kernel does not offer is left out and
 * told.
 *
 * Sizes (RLIMIT_DATA, RLIMIT_FSIZE) are set by the parent from outside, see client.c. */
#ifndef GW400_CONVERT_SANDBOX_H
#define GW400_CONVERT_SANDBOX_H

#include <glib.h>

/* Before anything else: dies with the parent, does not dump core, ignores SIGXFSZ (a write past the limit
 * fails). */
void sandbox_prepare(void);
/* Locks the process in for good. Returns words on what is missing ("Landlock: not in this kernel"), or NULL.
 */
char *sandbox_enter(void);

/* The same for a process whose work is a network client's: files to read (/etc, /usr, /lib: names, certificates,
 * libraries) and this one elsewhere (NULL: none), none to write, no listening, no new processes, nothing that
 * reaches into others. */
char *sandbox_enter_client(const char *file);

#endif
