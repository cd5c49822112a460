/*
 * A disk that forgets. Preloaded into the line, it keeps a copy of each file below POWER_FROM in POWER_TO, and brings
 * there only what was synced: bytes that were written and not synced are not in it. Names (link, rename, unlink) are in
 * the copy at once, as a journaling file system brings them in order. SQLite's -shm files never outlive a power loss.
 *
 * Of the file that POWER_FAILS names, two of three fsyncs fail, and then all, as in Linux: what was written is
 * taken for clean, is read back as if nothing were wrong, and never comes to the disk unless it is written once more.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { MAX_FILES = 256, MAX_FDS = 4096, MAX_RANGES = 4096, MAX_FORGIVEN = 6 };

struct range { off_t from, to; };
struct file {
  char name[NAME_MAX + 1];
  struct range written[MAX_RANGES];
  int ranges;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct file *files[MAX_FILES];
static struct file *open_files[MAX_FDS];
static const char *from, *to, *fails;

#define REAL(name) ((__typeof__(name) *)real(#name))

static void *real(const char *name) {
  void *found = dlsym(RTLD_NEXT, name);
  if (found == NULL) {
    fprintf(stderr, "power-loss: no %s\n", name);
    abort();
  }
  return found;
}

__attribute__((constructor)) static void begin(void) {
  from = getenv("POWER_FROM");
  to = getenv("POWER_TO");
  fails = getenv("POWER_FAILS");
}

/* The file's name below POWER_FROM; NULL for what is not watched. */
static const char *watched(const char *path) {
  if (from == NULL || to == NULL || path == NULL) return NULL;
  size_t length = strlen(from);
  if (strncmp(path, from, length) != 0 || path[length] != '/') return NULL;
  const char *name = path + length + 1;
  size_t end = strlen(name);
  if (end > 4 && strcmp(name + end - 4, "-shm") == 0) return NULL;
  return strchr(name, '/') == NULL && end <= NAME_MAX ? name : NULL;
}

static char *copy_of(const char *name, char *path) {
  snprintf(path, PATH_MAX, "%s/%s", to, name);
  return path;
}

static struct file *file_named(const char *name) {
  for (int i = 0; i < MAX_FILES; i++) {
    if (files[i] == NULL) {
      files[i] = calloc(1, sizeof(struct file));
      strcpy(files[i]->name, name);
    }
    if (strcmp(files[i]->name, name) == 0) return files[i];
  }
  fprintf(stderr, "power-loss: more than %d files\n", MAX_FILES);
  abort();
}

static void opened(int fd, const char *path) {
  const char *name = watched(path);
  struct stat status;
  if (fd < 0 || fd >= MAX_FDS || name == NULL) return;
  if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) return;
  pthread_mutex_lock(&lock);
  open_files[fd] = file_named(name);
  pthread_mutex_unlock(&lock);
}

static void wrote(int fd, off_t at, ssize_t length) {
  if (length <= 0 || fd < 0 || fd >= MAX_FDS) return;
  pthread_mutex_lock(&lock);
  struct file *file = open_files[fd];
  if (file != NULL) {
    struct range *last = file->ranges > 0 ? &file->written[file->ranges - 1] : NULL;
    if (last != NULL && last->to == at) last->to += length;
    else if (file->ranges < MAX_RANGES) file->written[file->ranges++] = (struct range){at, at + length};
    else {
      fprintf(stderr, "power-loss: more than %d unsynced places in %s\n", MAX_RANGES, file->name);
      abort();
    }
  }
  pthread_mutex_unlock(&lock);
}

/* Brings to the copy what was written since the last time; only then is it synced. */
static void synced(int fd) {
  if (fd < 0 || fd >= MAX_FDS) return;
  pthread_mutex_lock(&lock);
  struct file *file = open_files[fd];
  struct stat status;
  if (file != NULL && fstat(fd, &status) == 0) {
    char path[PATH_MAX], from_fd[64];
    static char buffer[1 << 16];
    snprintf(from_fd, sizeof from_fd, "/proc/self/fd/%d", fd);
    int copy = REAL(open)(copy_of(file->name, path), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    int source = REAL(open)(from_fd, O_RDONLY | O_CLOEXEC);
    for (int i = 0; i < file->ranges; i++) {
      for (off_t at = file->written[i].from; at < file->written[i].to;) {
        off_t left = file->written[i].to - at;
        ssize_t got = pread(source, buffer, left < (off_t)sizeof buffer ? left : (off_t)sizeof buffer, at);
        if (got <= 0) break;
        if (REAL(pwrite)(copy, buffer, got, at) != got) abort();
        at += got;
      }
    }
    if (REAL(ftruncate)(copy, status.st_size) != 0) abort();
    file->ranges = 0;
    REAL(close)(source);
    REAL(close)(copy);
  }
  pthread_mutex_unlock(&lock);
}

#define OPEN(name)                                          \
  int name(const char *path, int flags, ...) {              \
    va_list rest;                                           \
    va_start(rest, flags);                                  \
    mode_t mode = flags & O_CREAT ? va_arg(rest, mode_t) : 0; \
    va_end(rest);                                           \
    int fd = REAL(name)(path, flags, mode);                 \
    opened(fd, path);                                       \
    return fd;                                              \
  }
OPEN(open)
OPEN(open64)

int close(int fd) {
  pthread_mutex_lock(&lock);
  if (fd >= 0 && fd < MAX_FDS) open_files[fd] = NULL;
  pthread_mutex_unlock(&lock);
  return REAL(close)(fd);
}

#define PWRITE(name, offset_t)                                              \
  ssize_t name(int fd, const void *bytes, size_t length, offset_t at) {     \
    ssize_t done = REAL(name)(fd, bytes, length, at);                       \
    wrote(fd, at, done);                                                    \
    return done;                                                            \
  }
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

ssize_t write(int fd, const void *bytes, size_t length) {
  ssize_t done = REAL(write)(fd, bytes, length);
  if (fd >= 0 && fd < MAX_FDS && open_files[fd] != NULL) wrote(fd, lseek(fd, 0, SEEK_CUR) - done, done);
  return done;
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
  ssize_t done = REAL(writev)(fd, parts, count);
  if (fd >= 0 && fd < MAX_FDS && open_files[fd] != NULL) wrote(fd, lseek(fd, 0, SEEK_CUR) - done, done);
  return done;
}

static int forgets(int fd) {
  static int asked;
  int forgotten = 0;
  pthread_mutex_lock(&lock);
  struct file *file = fails != NULL && fd >= 0 && fd < MAX_FDS ? open_files[fd] : NULL;
  if (file != NULL && strcmp(file->name, fails) == 0 && (++asked % 3 != 0 || asked > MAX_FORGIVEN)) {
    fprintf(stderr, "power-loss: %s forgets %d places\n", file->name, file->ranges);
    file->ranges = 0;
    forgotten = 1;
  }
  pthread_mutex_unlock(&lock);
  return forgotten;
}

/* Nothing here needs the real disk: what counts is the copy. */
int fsync(int fd) {
  if (forgets(fd)) {
    errno = EIO;
    return -1;
  }
  synced(fd);
  return 0;
}

int fdatasync(int fd) {
  return fsync(fd);
}

int unlink(const char *path) {
  char copy[PATH_MAX];
  const char *name = watched(path);
  if (name != NULL) {
    REAL(unlink)(copy_of(name, copy));
    pthread_mutex_lock(&lock);
    file_named(name)->ranges = 0;
    pthread_mutex_unlock(&lock);
  }
  return REAL(unlink)(path);
}

int link(const char *path, const char *other) {
  char copy[PATH_MAX], next[PATH_MAX];
  if (watched(path) != NULL && watched(other) != NULL)
    REAL(link)(copy_of(watched(path), copy), copy_of(watched(other), next));
  return REAL(link)(path, other);
}

int rename(const char *path, const char *other) {
  char copy[PATH_MAX], next[PATH_MAX];
  if (watched(path) != NULL && watched(other) != NULL)
    REAL(rename)(copy_of(watched(path), copy), copy_of(watched(other), next));
  return REAL(rename)(path, other);
}
