/* jump - a shared object to preload: clocks that jump while a program runs.
 *
 * CLOCK_JUMP names a file of two 64-bit integers, seconds: by how much the wall clock was set, and
 * how long the machine was suspended (all clocks go on by that). It is mapped, so that whoever
 * writes there makes the clocks jump at once. */
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

struct jumps {
    volatile int64_t set_s, suspended_s;
};

static const struct jumps *jumps;
static int (*real_gettime)(clockid_t, struct timespec *);
static int (*real_timedwait)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *);

__attribute__((constructor)) static void begin(void)
{
    const char *path = getenv("CLOCK_JUMP");
    int fd = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    *(void **)&real_gettime = dlsym(RTLD_NEXT, "clock_gettime");
    *(void **)&real_timedwait = dlvsym(RTLD_NEXT, "pthread_cond_timedwait", "GLIBC_2.3.2");
    if (fd < 0)
        return;
    void *map = mmap(NULL, sizeof *jumps, PROT_READ, MAP_SHARED, fd, 0);
    close(fd);
    if (map != MAP_FAILED)
        jumps = map;
}

int clock_gettime(clockid_t id, struct timespec *ts)
{
    if (real_gettime == NULL)
        begin();
    int rc = real_gettime(id, ts);
    if (rc != 0 || jumps == NULL)
        return rc;
    if (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE)
        ts->tv_sec += jumps->set_s + jumps->suspended_s;
    else if (id == CLOCK_MONOTONIC || id == CLOCK_MONOTONIC_COARSE || id == CLOCK_MONOTONIC_RAW ||
             id == CLOCK_BOOTTIME)
        ts->tv_sec += jumps->suspended_s;
    return rc;
}

int gettimeofday(struct timeval *restrict tv, void *restrict zone)
{
    struct timespec ts;
    (void)zone;
    if (clock_gettime(CLOCK_REALTIME, &ts) != 0)
        return -1;
    *tv = (struct timeval){.tv_sec = ts.tv_sec, .tv_usec = ts.tv_nsec / 1000};
    return 0;
}

time_t time(time_t *out)
{
    struct timespec ts;
    if (clock_gettime(CLOCK_REALTIME, &ts) != 0)
        return -1;
    if (out != NULL)
        *out = ts.tv_sec;
    return ts.tv_sec;
}

/* The kernel waits by its own clock. */
int pthread_cond_timedwait(pthread_cond_t *restrict cond, pthread_mutex_t *restrict mutex,
                           const struct timespec *restrict until)
{
    struct timespec at = *until;
    if (jumps != NULL)
        at.tv_sec -= jumps->suspended_s;
    return real_timedwait(cond, mutex, &at);
}
