#include "scanner/child.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FD_FIRST = 3, FD_PARKED = 16, EXIT_NOT_STARTED = 127 };

enum status child_find(const char *name, char *path, size_t path_size)
{
    static const char *const lists[] = {NULL, "/usr/local/sbin:/usr/sbin:/sbin"};
    for (size_t i = 0; i < 2; i++) {
        const char *list = lists[i] ? lists[i] : getenv("PATH");
        while (list && *list != '\0') {
            size_t len = strcspn(list, ":");
            int n = snprintf(path, path_size, "%.*s/%s", (int)len, list, name);
            /* An empty or relative entry is whatever stands in the current folder: not for us. */
            if (list[0] == '/' && n > 0 && (size_t)n < path_size && access(path, X_OK) == 0)
                return ST_OK;
            list += len + (list[len] == ':');
        }
    }
    return ST_NOT_FOUND;
}

/* Whether an id exists in this user namespace: what is not mapped cannot be become. */
static bool is_mapped(const char *map, unsigned id)
{
    unsigned long long inside, outside, count;
    char line[128];
    bool mapped = false;
    FILE *f = fopen(map, "re");
    if (!f)
        return true; /* a kernel without namespaces */
    while (!mapped && fgets(line, sizeof line, f)) {
        char *p = line;
        inside = strtoull(p, &p, 10);
        outside = strtoull(p, &p, 10);
        count = strtoull(p, &p, 10);
        (void)outside;
        mapped = id >= inside && id - inside < count;
    }
    fclose(f);
    return mapped;
}

bool child_user(const char *name, struct child_spec *spec)
{
    if (geteuid() != 0)
        return false;
    const struct passwd *user = getpwnam(name);
    if (!user)
        user = getpwnam("nobody");
    if (!user || !is_mapped("/proc/self/uid_map", user->pw_uid) ||
        !is_mapped("/proc/self/gid_map", user->pw_gid))
        return false;
    spec->drop = true;
    spec->uid = user->pw_uid;
    spec->gid = user->pw_gid;
    return true;
}

/* ---- in the child: async-signal-safe calls alone, as other threads may have held any lock ---- */

__attribute__((noreturn)) static void give_up(const char *what)
{
    ssize_t n = write(STDERR_FILENO, what, strlen(what));
    (void)n;
    _exit(EXIT_NOT_STARTED);
}

static void reset_signals(void)
{
    static const int ignored[] = {SIGPIPE, SIGXFSZ, SIGHUP, SIGINT, SIGTERM, SIGUSR1};
    sigset_t none;
    sigemptyset(&none);
    for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++)
        signal(ignored[i], SIG_DFL);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* The numbers that are given away may be among those that are given: all are moved up first. */
static void take_fds(const struct child_spec *spec, int words, int null)
{
    int parked[CHILD_FDS_MAX];
    words = fcntl(words, F_DUPFD, FD_PARKED);
    null = fcntl(null, F_DUPFD, FD_PARKED);
    for (size_t i = 0; i < spec->n_fds; i++)
        parked[i] = fcntl(spec->fds[i], F_DUPFD, FD_PARKED);
    bool ok = dup2(words, STDERR_FILENO) >= 0 && dup2(null, STDIN_FILENO) >= 0 &&
              dup2(null, STDOUT_FILENO) >= 0;
    for (size_t i = 0; ok && i < spec->n_fds; i++)
        ok = dup2(parked[i], FD_FIRST + (int)i) >= 0;
    if (!ok || close_range(FD_FIRST + (unsigned)spec->n_fds, ~0u, 0) != 0)
        give_up("cannot hand over descriptors\n");
}

__attribute__((noreturn)) static void run(const struct child_spec *spec, int words, int null,
                                          pid_t parent)
{
    setsid();
    take_fds(spec, words, null);
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    /* The bare system calls: those of glibc want to tell all threads, of which there is but one. */
    if (spec->drop && (syscall(SYS_setgroups, 0, NULL) != 0 ||
                       syscall(SYS_setresgid, spec->gid, spec->gid, spec->gid) != 0 ||
                       syscall(SYS_setresuid, spec->uid, spec->uid, spec->uid) != 0))
        give_up("cannot give up the rights of root\n");
    /* After that, since a change of user takes it back; and the parent may be gone already. */
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent)
        _exit(EXIT_NOT_STARTED);
    reset_signals();
    execv(spec->path, spec->argv);
    give_up("cannot be executed\n");
}

/* ---- in the parent -------------------------------------------------------------------------- */

static void close_all(int *fds, size_t n)
{
    int why = errno;
    for (size_t i = 0; i < n; i++)
        if (fds[i] >= 0)
            close(fds[i]);
    errno = why;
}

enum status child_start(const struct child_spec *spec, struct child *out)
{
    int fds[3] = {-1, -1, -1}; /* words: to read, to write; nothing */
    pid_t parent = getpid();
    *out = (struct child){.end = -1, .words = -1};
    fds[2] = open("/dev/null", O_RDWR | O_CLOEXEC);
    pid_t pid = -1;
    if (fds[2] >= 0 && pipe2(fds, O_CLOEXEC) == 0 && fcntl(fds[0], F_SETFL, O_NONBLOCK) == 0)
        pid = fork();
    if (pid == 0)
        run(spec, fds[1], fds[2], parent);
    int end = pid > 0 ? pidfd_open(pid, 0) : -1;
    if (end < 0) {
        close_all(fds, 3);
        if (pid > 0) {
            kill(pid, SIGKILL);
            waitpid(pid, NULL, 0);
        }
        return ST_IO;
    }
    close_all(fds + 1, 2);
    *out = (struct child){.pid = pid, .end = end, .words = fds[0]};
    return ST_OK;
}

void child_terminate(const struct child *c)
{
    if (c->pid > 0)
        pidfd_send_signal(c->end, SIGTERM, NULL, 0);
}

void child_stop(struct child *c, unsigned grace_ms, int *status, struct rusage *use)
{
    struct rusage used = {.ru_maxrss = 0};
    int how = 0;
    if (c->pid > 0) {
        struct pollfd ended = {.fd = c->end, .events = POLLIN};
        if (poll(&ended, 1, 0) == 0) {
            child_terminate(c);
            int n;
            while ((n = poll(&ended, 1, (int)grace_ms)) < 0 && errno == EINTR)
                ;
            if (n <= 0)
                pidfd_send_signal(c->end, SIGKILL, NULL, 0);
        }
        while (wait4(c->pid, &how, 0, &used) < 0 && errno == EINTR)
            ;
        close(c->end);
        close(c->words);
    }
    *c = (struct child){.end = -1, .words = -1};
    if (status)
        *status = how;
    if (use)
        *use = used;
}
