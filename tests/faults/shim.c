/* A preloaded library that lets chosen writes and syncs fail, or end the process, tells in which order bytes leave, and
 * sets the time of day.
 *
 * FAULTS_CONTROL names a file of one struct control, which all processes share and a test changes while they run.
 * FAULTS_FILE is a part of the paths that are meant. FAULTS_ORDER names a file to which lines are appended:
 * "thread W mark" when a mark was written to a meant file, "thread B" and "thread S" when a sync of its log begins and has
 * succeeded, "thread A mark" when a mark leaves by a socket.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

struct control {
    int32_t armed;  /* 0: nothing happens, but calls are counted */
    int32_t error;  /* errno of the failing call; -1: the process dies before it, -2: in the middle of it */
    int64_t at;     /* the number of the call that fails, from 1 on */
    int64_t count;  /* calls so far */
    int32_t sticky; /* whether every later call fails as well */
    int64_t ahead;  /* seconds by which the time of day is ahead of the true one; below 0: behind */
};

enum { DIES = -1, DIES_WITHIN = -2, MARK = 36 };
static const char PREFIX[] = "f00d0000-";
static struct control *shared;
static const char *meant;
static int order = -1;

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("FAULTS_CONTROL");
    int file = path ? open(path, O_RDWR) : -1;
    if (file >= 0) {
        shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
        if (shared == MAP_FAILED) shared = NULL;
        close(file);
    }
    meant = getenv("FAULTS_FILE");
    path = getenv("FAULTS_ORDER");
    if (path) order = open(path, O_WRONLY | O_APPEND | O_CREAT, 0600);
}

static int target(int file, char *path, size_t size) {
    char link[32];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, size - 1);
    path[length > 0 ? length : 0] = 0;
    return length > 0;
}

static int is_meant(int file, char *path, size_t size) {
    return meant && target(file, path, size) && strstr(path, meant) && !strstr(path, ".log") && !strstr(path, ".lock");
}

/* Whether this call is to fail. */
static int fails(int64_t *error) {
    if (!shared || !shared->armed) return 0;
    int64_t number = __atomic_add_fetch(&shared->count, 1, __ATOMIC_SEQ_CST);
    if (number < shared->at || (number > shared->at && !shared->sticky)) return 0;
    *error = shared->error;
    if (*error == DIES) kill(getpid(), SIGKILL);
    return 1;
}

static void tell(const char *what, const char *mark) {
    char line[64];
    int length = snprintf(line, sizeof line, mark ? "%d %s %.36s\n" : "%d %s\n", (int)syscall(SYS_gettid), what, mark);
    syscall(SYS_write, order, line, length);
}

static void marks(const char *what, const void *bytes, size_t size) {
    const char *at = bytes, *end = at + size;
    while ((at = memmem(at, end - at, PREFIX, sizeof PREFIX - 1)) && end - at >= MARK) {
        tell(what, at);
        at += MARK;
    }
}

static void sent(int file, const void *bytes, size_t size) {
    char path[256];
    if (order >= 0 && target(file, path, sizeof path) && strncmp(path, "socket:", 7) == 0) marks("A", bytes, size);
}

#define REAL(name) static __typeof__(&name) real; if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

#define MEANT_WRITE(call, half) \
    char path[512]; int64_t error; \
    if (is_meant(file, path, sizeof path)) { \
        if (fails(&error)) { \
            if (error == DIES_WITHIN) { half; kill(getpid(), SIGKILL); } \
            errno = (int)error; return -1; \
        } \
        ssize_t done = call; \
        if (order >= 0 && done > 0) marks("W", bytes, done); \
        return done; \
    }

ssize_t write(int file, const void *bytes, size_t size) {
    REAL(write);
    MEANT_WRITE(real(file, bytes, size), (void)!real(file, bytes, size / 2));
    sent(file, bytes, size);
    return real(file, bytes, size);
}
ssize_t pwrite(int file, const void *bytes, size_t size, off_t offset) {
    REAL(pwrite);
    MEANT_WRITE(real(file, bytes, size, offset), (void)!real(file, bytes, size / 2, offset));
    return real(file, bytes, size, offset);
}
ssize_t pwrite64(int file, const void *bytes, size_t size, off64_t offset) {
    REAL(pwrite64);
    MEANT_WRITE(real(file, bytes, size, offset), (void)!real(file, bytes, size / 2, offset));
    return real(file, bytes, size, offset);
}

#define BEFORE_OTHER \
    char path[512]; int64_t error; \
    if (is_meant(file, path, sizeof path) && fails(&error)) { \
        if (error == DIES_WITHIN) kill(getpid(), SIGKILL); \
        errno = (int)error; return -1; \
    }

int ftruncate(int file, off_t size) { REAL(ftruncate); BEFORE_OTHER return real(file, size); }
int ftruncate64(int file, off64_t size) { REAL(ftruncate64); BEFORE_OTHER return real(file, size); }

#define SYNC(name) \
    int name(int file) { \
        REAL(name); \
        BEFORE_OTHER \
        int log = order >= 0 && is_meant(file, path, sizeof path) && strstr(path, "-wal"); \
        if (log) tell("B", NULL); \
        int result = real(file); \
        if (log && result == 0) tell("S", NULL); \
        return result; \
    }
SYNC(fsync)
SYNC(fdatasync)

ssize_t send(int file, const void *bytes, size_t size, int flags) {
    REAL(send);
    sent(file, bytes, size);
    return real(file, bytes, size, flags);
}
ssize_t sendto(int file, const void *bytes, size_t size, int flags, const struct sockaddr *to, socklen_t length) {
    REAL(sendto);
    sent(file, bytes, size);
    return real(file, bytes, size, flags, to, length);
}
ssize_t sendmsg(int file, const struct msghdr *message, int flags) {
    REAL(sendmsg);
    for (size_t part = 0; part < message->msg_iovlen; part++)
        sent(file, message->msg_iov[part].iov_base, message->msg_iov[part].iov_len);
    return real(file, message, flags);
}
ssize_t writev(int file, const struct iovec *parts, int count) {
    REAL(writev);
    for (int part = 0; part < count; part++) sent(file, parts[part].iov_base, parts[part].iov_len);
    return real(file, parts, count);
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    REAL(clock_gettime);
    int result = real(clock, now);
    if (result == 0 && shared && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) now->tv_sec += shared->ahead;
    return result;
}
int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    REAL(gettimeofday);
    int result = real(now, zone);
    if (result == 0 && shared) now->tv_sec += shared->ahead;
    return result;
}
time_t time(time_t *stored) {
    REAL(time);
    time_t now = real(NULL) + (shared ? shared->ahead : 0);
    if (stored) *stored = now;
    return now;
}
