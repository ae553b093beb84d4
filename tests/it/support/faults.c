/* Makes one chosen call of a program fail, or ends the program at it. Preloaded into the server by tests
 * (tests/it/support/shim.rs), which has no part in it and knows nothing of it.
 *
 * The file that FAULT_AT names says at which call, as five words:
 *
 *     CALL   open, flock, write, sync, rename, or send
 *     WHERE  how the path ends; for send, how the statement ends
 *     WHEN   before it is done; half, when half was written; after it is done
 *     WHAT   the number of the error that the caller is told, or 0: the program is killed
 *     ONCE   1: the file is taken away first; 0: the same each time, and FAULT_AT.sprung says that it was
 *
 * For send, "after" is when the answer has come: it is thrown away, and the connection with it. Only those
 * connections count that write. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <unistd.h>

enum when { NEVER, BEFORE, HALF, AFTER };

/* Which descriptors a writing transaction was begun on. */
static char writes[4096];

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static int ends(const char *text, const char *end) {
    size_t a = strlen(text), b = strlen(end);
    return a >= b && strcmp(text + a - b, end) == 0;
}

/* When the call is to fail, if it is the one; with what. */
static enum when sought(const char *call, const char *path, const void *sent, size_t length, int *error) {
    const char *file = getenv("FAULT_AT");
    if (!file) return NEVER;
    int fd = (int)REAL(open64)(file, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return NEVER;
    char text[1024];
    ssize_t read_bytes = read(fd, text, sizeof text - 1);
    close(fd);
    if (read_bytes <= 0) return NEVER;
    text[read_bytes] = 0;
    char which[16], where[512], when[16];
    int once;
    if (sscanf(text, "%15s %511s %15s %d %d", which, where, when, error, &once) != 5) return NEVER;
    if (strcmp(which, call) != 0) return NEVER;
    if (path ? !ends(path, where) : !memmem(sent, length, where, strlen(where) + 1)) return NEVER;
    if (once) {
        if (unlink(file) != 0) return NEVER;
    } else {
        char sprung[PATH_MAX];
        snprintf(sprung, sizeof sprung, "%s.sprung", file);
        int mark = (int)REAL(open64)(sprung, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
        if (mark >= 0) close(mark);
    }
    return strcmp(when, "before") == 0 ? BEFORE : strcmp(when, "half") == 0 ? HALF : AFTER;
}

static long fail(int error) {
    if (error == 0) {
        kill(getpid(), SIGKILL);
        pause();
    }
    errno = error;
    return -1;
}

static const char *path_of(int fd, char *path) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    path[length < 0 ? 0 : length] = 0;
    return path;
}

#define AT_FD(call, fd) \
    char path[PATH_MAX]; \
    int error = 0; \
    enum when when = sought(call, path_of(fd, path), NULL, 0, &error)

static int opens(const char *path, int flags, mode_t mode) {
    int error = 0;
    enum when when = sought("open", path, NULL, 0, &error);
    if (when == BEFORE) return (int)fail(error);
    int fd = REAL(open64)(path, flags, mode);
    if (when == AFTER) {
        close(fd);
        return (int)fail(error);
    }
    return fd;
}

int open(const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    mode_t mode = (flags & (O_CREAT | O_TMPFILE)) ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    return opens(path, flags, mode);
}

int open64(const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    mode_t mode = (flags & (O_CREAT | O_TMPFILE)) ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    return opens(path, flags, mode);
}

int flock(int fd, int operation) {
    AT_FD("flock", fd);
    if (when == BEFORE) return (int)fail(error);
    int done = REAL(flock)(fd, operation);
    return when == AFTER ? (int)fail(error) : done;
}

ssize_t write(int fd, const void *bytes, size_t length) {
    AT_FD("write", fd);
    if (when == BEFORE) return fail(error);
    ssize_t done = REAL(write)(fd, bytes, when == HALF ? length / 2 : length);
    return when == NEVER ? done : fail(error);
}

static ssize_t writes_at(int fd, const void *bytes, size_t length, off64_t place) {
    AT_FD("write", fd);
    if (when == BEFORE) return fail(error);
    ssize_t done = REAL(pwrite64)(fd, bytes, when == HALF ? length / 2 : length, place);
    return when == NEVER ? done : fail(error);
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t place) { return writes_at(fd, bytes, length, place); }

ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t place) {
    return writes_at(fd, bytes, length, place);
}

int fsync(int fd) {
    AT_FD("sync", fd);
    if (when == BEFORE) return (int)fail(error);
    int done = REAL(fsync)(fd);
    return when == AFTER ? (int)fail(error) : done;
}

int fdatasync(int fd) {
    AT_FD("sync", fd);
    if (when == BEFORE) return (int)fail(error);
    int done = REAL(fdatasync)(fd);
    return when == AFTER ? (int)fail(error) : done;
}

int rename(const char *from, const char *to) {
    int error = 0;
    enum when when = sought("rename", to, NULL, 0, &error);
    if (when == BEFORE) return (int)fail(error);
    int done = REAL(rename)(from, to);
    return when == AFTER ? (int)fail(error) : done;
}

ssize_t send(int fd, const void *bytes, size_t length, int flags) {
    char *writer = fd >= 0 && fd < (int)sizeof writes ? &writes[fd] : NULL;
    if (writer && memmem(bytes, length, "BEGIN ISOLATION LEVEL READ COMMITTED", 36)) *writer = 1;
    int error = 0;
    enum when when = writer && *writer ? sought("send", NULL, bytes, length, &error) : NEVER;
    if (when == NEVER) return REAL(send)(fd, bytes, length, flags);
    *writer = 0;
    if (when == BEFORE) {
        if (error) shutdown(fd, SHUT_RDWR);
        return fail(error);
    }
    ssize_t done = REAL(send)(fd, bytes, length, flags);
    struct pollfd answer = {.fd = fd, .events = POLLIN};
    poll(&answer, 1, 10000);
    if (error == 0) return fail(0);
    char lost[4096];
    while (recv(fd, lost, sizeof lost, MSG_DONTWAIT) > 0) {}
    shutdown(fd, SHUT_RDWR);
    return done;
}
