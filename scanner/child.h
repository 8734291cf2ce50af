/* child - a helper program that lives for a scan: started, watched, stopped, and never left behind.
 *
 * It gets a session of its own, so that Ctrl-C at the terminal reaches the scan alone, and dies
 * with the thread that started it, by the kernel's hand (PR_SET_PDEATHSIG): after kill -9 too. When
 * we are root it runs as somebody else. May be started while other threads run. */
#ifndef SCANNER_CHILD_H
#define SCANNER_CHILD_H

#include "lib/status.h"
#include <stdbool.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/types.h>

enum { CHILD_FDS_MAX = 4 };

struct child_spec {
    const char *path;
    char *const *argv;
    const int *fds; /* they become 3, 4, ...; nothing else is inherited */
    size_t n_fds;
    bool drop; /* become this user and group, without supplementary groups */
    uid_t uid;
    gid_t gid;
};

struct child {
    pid_t pid; /* 0: none */
    int end;   /* readable when it has ended: a pidfd */
    int words; /* what it writes to standard error, non-blocking */
};

/* Looks `name` up in PATH and then where Debian keeps what only root has in PATH. */
enum status child_find(const char *name, char *path, size_t path_size);
/* The user that `name` runs as when we are root; false when we are not, or are root of a namespace
 * that knows no such user. Not thread-safe. */
bool child_user(const char *name, struct child_spec *spec);

/* ST_IO with errno. What goes wrong in the child itself is said in its words, and it ends with 127.
 */
enum status child_start(const struct child_spec *spec, struct child *out);
/* SIGTERM; its end is then seen as any other. */
void child_terminate(const struct child *c);
/* Reaps one that has ended or ends it: SIGTERM, and after grace_ms SIGKILL. *status as waitpid(2)
 * says it, *use what it took; either may be NULL. A child that was never started is fine. */
void child_stop(struct child *c, unsigned grace_ms, int *status, struct rusage *use);

#endif
