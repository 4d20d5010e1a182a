// Between the agent and the C library: counts every call that changes a file of the state folder, and every first byte of
// a verdict, and does at the N-th what a crash or a broken disk would do. LD_PRELOAD; told by a mapped file (faults.ts),
// so that counting begins at a moment that the test chooses.
//
//   NIGHTLATCH_FAULTS_CONTROL   the mapped file
//   NIGHTLATCH_FAULTS_FOLDER    the state folder
//   NIGHTLATCH_FAULTS_RECORD    optional: every counted call is appended here, with its bytes, for power-cut.ts

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum action { KILL_BEFORE = 1, KILL_AFTER = 2, KILL_WITHIN = 3, FAIL_ONCE = 4, FAIL_FROM_THEN_ON = 5 };

// The same layout as in faults.ts.
struct control {
  uint32_t armed;
  uint32_t count;
  uint32_t at;
  uint32_t action;
  uint32_t error;
  uint32_t hits;
  uint32_t cut;
  char what[100];
};

enum { most_files = 1024, most_name = 64 };

static struct control *control;
static const char *folder;
static size_t folder_length;
static int record = -1;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
// Names within the folder of the files that are open, by descriptor; "." is the folder itself.
static char names[most_files][most_name];
// Which file that was: Node closes some descriptors without the C library, and another file gets the number.
static ino_t inodes[most_files];

#define REAL(name)                                            \
  static __typeof__(name) *real;                              \
  if (real == NULL) {                                         \
    void *found = dlsym(RTLD_NEXT, #name);                    \
    memcpy(&real, &found, sizeof real);                       \
  }

__attribute__((constructor)) static void begin(void) {
  const char *path = getenv("NIGHTLATCH_FAULTS_CONTROL");
  folder = getenv("NIGHTLATCH_FAULTS_FOLDER");
  if (path == NULL || folder == NULL) return;
  folder_length = strlen(folder);
  int file = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC);
  if (file < 0) abort();
  control = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (control == MAP_FAILED) abort();
  syscall(SYS_close, file);
  const char *to = getenv("NIGHTLATCH_FAULTS_RECORD");
  if (to != NULL) {
    record = (int)syscall(SYS_openat, AT_FDCWD, to, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (record < 0) abort();
  }
}

static const char *name_of(const char *path) {
  if (control == NULL || path == NULL || strncmp(path, folder, folder_length) != 0) return NULL;
  if (path[folder_length] == '\0') return ".";
  if (path[folder_length] != '/') return NULL;
  const char *name = path + folder_length + 1;
  return *name == '\0' ? "." : name;
}

static const char *name_at(int file) {
  if (control == NULL || file < 0 || file >= most_files || names[file][0] == '\0') return NULL;
  struct stat there;
  if (fstat(file, &there) == 0 && there.st_ino == inodes[file] && (S_ISREG(there.st_mode) || S_ISDIR(there.st_mode)))
    return names[file];
  names[file][0] = '\0';
  return NULL;
}

static void put(const char *bytes, size_t length) {
  while (length > 0) {
    ssize_t done = syscall(SYS_write, record, bytes, length);
    if (done <= 0) abort();
    bytes += done;
    length -= (size_t)done;
  }
}

// A record "lose": a sync has failed, and Linux won't try those pages again.
static void put_record(const char *call, const char *name, const char *other, long long at, const void *bytes,
                       size_t length) {
  if (record < 0) return;
  char head[256];
  int size = snprintf(head, sizeof head, "%s %s %s %lld ", call, name, other == NULL ? "-" : other, at);
  char *line = malloc((size_t)size + 2 * length + 2);
  if (line == NULL) abort();
  memcpy(line, head, (size_t)size);
  for (size_t i = 0; i < length; i++) sprintf(line + size + 2 * i, "%02x", ((const unsigned char *)bytes)[i]);
  line[(size_t)size + 2 * length] = '\n';
  put(line, (size_t)size + 2 * length + 1);
  free(line);
}

static void die(void) {
  syscall(SYS_kill, getpid(), SIGKILL);
  for (;;) pause();
}

enum outcome { GO_ON, FAIL, HALF, THEN_DIE };

// Counts a call and says what is to become of it. Only calls that change something can fail; a word that leaves can't.
static enum outcome count(const char *call, const char *name, long long at, size_t length, int can_fail) {
  if (control->armed == 0) return GO_ON;
  uint32_t number = ++control->count;
  if (control->at == 0 || number < control->at) return GO_ON;
  if (number > control->at && control->action != FAIL_FROM_THEN_ON) return GO_ON;
  if (control->action >= FAIL_ONCE && !can_fail) return GO_ON;
  if (control->hits++ == 0)
    snprintf(control->what, sizeof control->what, "%s %s %zu@%lld", call, name, length, at);
  switch (control->action) {
    case KILL_BEFORE: die(); break;
    case KILL_AFTER: return THEN_DIE;
    case KILL_WITHIN: return HALF;
    case FAIL_ONCE:
    case FAIL_FROM_THEN_ON: errno = (int)control->error; return FAIL;
    default: break;
  }
  return GO_ON;
}

// A call without bytes; `other` is a second name.
#define GUARDED(call, name, other, at, perform)                    \
  do {                                                             \
    pthread_mutex_lock(&lock);                                     \
    enum outcome outcome = count(call, name, at, 0, 1);            \
    if (outcome == FAIL && strcmp(call, "sync") == 0) put_record("lose", name, NULL, 0, NULL, 0); \
    __typeof__(perform) result = -1;                               \
    if (outcome == HALF) die();                                    \
    if (outcome != FAIL) {                                         \
      result = (perform);                                          \
      int kept = errno;                                            \
      if (result >= 0 && control->armed != 0) put_record(call, name, other, at, NULL, 0); \
      if (outcome == THEN_DIE) die();                              \
      errno = kept;                                                \
    }                                                              \
    pthread_mutex_unlock(&lock);                                   \
    return result;                                                 \
  } while (0)

static ssize_t raw_write(int file, const void *bytes, size_t length, long long at, int positioned) {
  return positioned ? syscall(SYS_pwrite64, file, bytes, length, at) : syscall(SYS_write, file, bytes, length);
}

static ssize_t guarded_write(int file, const void *bytes, size_t length, long long at, int positioned) {
  const char *name = names[file];
  pthread_mutex_lock(&lock);
  long long place = positioned ? at : (long long)lseek(file, 0, SEEK_CUR);
  enum outcome outcome = count("write", name, place, length, 1);
  ssize_t done = -1;
  if (outcome == HALF) {
    raw_write(file, bytes, control->cut < length ? control->cut : length, at, positioned);
    die();
  }
  if (outcome != FAIL) {
    done = raw_write(file, bytes, length, at, positioned);
    int kept = errno;
    if (done > 0 && control->armed != 0) put_record("write", name, NULL, place, bytes, (size_t)done);
    if (outcome == THEN_DIE) die();
    errno = kept;
  }
  pthread_mutex_unlock(&lock);
  return done;
}

// The first line of a verdict or of an admin's answer: what the caller has heard is promised from here on.
static int is_verdict(const void *bytes, size_t length) {
  return (length >= 4 && memcmp(bytes, "END ", 4) == 0) || memmem(bytes, length, "\nEND ", 5) != NULL ||
         (length >= 9 && memcmp(bytes, "HTTP/1.1 ", 9) == 0);
}

static enum outcome saying(const void *bytes, size_t length) {
  if (control == NULL || control->armed == 0 || !is_verdict(bytes, length)) return GO_ON;
  pthread_mutex_lock(&lock);
  enum outcome outcome = count("say", "-", 0, length, 0);
  if (outcome == HALF) die();
  put_record("say", "-", NULL, 0, bytes, length);
  pthread_mutex_unlock(&lock);
  return outcome;
}

ssize_t write(int file, const void *bytes, size_t length) {
  REAL(write);
  if (name_at(file) != NULL) return guarded_write(file, bytes, length, 0, 0);
  enum outcome outcome = saying(bytes, length);
  ssize_t done = real(file, bytes, length);
  if (outcome == THEN_DIE) die();
  return done;
}

ssize_t pwrite64(int file, const void *bytes, size_t length, off64_t at) {
  REAL(pwrite64);
  if (name_at(file) != NULL) return guarded_write(file, bytes, length, at, 1);
  return real(file, bytes, length, at);
}

ssize_t pwrite(int file, const void *bytes, size_t length, off_t at) { return pwrite64(file, bytes, length, at); }

// Several buffers at once go to sockets; to a file of the state folder nobody writes so, and nobody may unseen.
ssize_t writev(int file, const struct iovec *parts, int number) {
  REAL(writev);
  if (name_at(file) != NULL) abort();
  enum outcome outcome = number > 0 ? saying(parts[0].iov_base, parts[0].iov_len) : GO_ON;
  ssize_t done = real(file, parts, number);
  if (outcome == THEN_DIE) die();
  return done;
}

ssize_t pwritev(int file, const struct iovec *parts, int number, off_t at) {
  REAL(pwritev);
  if (name_at(file) != NULL) abort();
  return real(file, parts, number, at);
}

ssize_t sendmsg(int file, const struct msghdr *message, int flags) {
  REAL(sendmsg);
  enum outcome outcome =
      message->msg_iovlen > 0 ? saying(message->msg_iov[0].iov_base, message->msg_iov[0].iov_len) : GO_ON;
  ssize_t done = real(file, message, flags);
  if (outcome == THEN_DIE) die();
  return done;
}

int fsync(int file) {
  REAL(fsync);
  const char *name = name_at(file);
  if (name == NULL) return real(file);
  GUARDED("sync", name, NULL, 0, real(file));
}

int fdatasync(int file) {
  REAL(fdatasync);
  const char *name = name_at(file);
  if (name == NULL) return real(file);
  GUARDED("sync", name, NULL, 0, real(file));
}

int ftruncate64(int file, off64_t length) {
  REAL(ftruncate64);
  const char *name = name_at(file);
  if (name == NULL) return real(file, length);
  GUARDED("truncate", name, NULL, (long long)length, real(file, length));
}

int ftruncate(int file, off_t length) { return ftruncate64(file, length); }

int unlink(const char *path) {
  REAL(unlink);
  const char *name = name_of(path);
  if (name == NULL) return real(path);
  GUARDED("unlink", name, NULL, 0, real(path));
}

int unlinkat(int at, const char *path, int flags) {
  REAL(unlinkat);
  const char *name = name_of(path);
  if (name == NULL) return real(at, path, flags);
  GUARDED("unlink", name, NULL, 0, real(at, path, flags));
}

int remove(const char *path) {
  REAL(remove);
  const char *name = name_of(path);
  if (name == NULL) return real(path);
  GUARDED("unlink", name, NULL, 0, real(path));
}

int rename(const char *from, const char *to) {
  REAL(rename);
  const char *name = name_of(from);
  const char *other = name_of(to);
  if (name == NULL || other == NULL) return real(from, to);
  GUARDED("rename", name, other, 0, real(from, to));
}

int mkdir(const char *path, mode_t mode) {
  REAL(mkdir);
  const char *name = name_of(path);
  if (name == NULL) return real(path, mode);
  GUARDED("mkdir", name, NULL, 0, real(path, mode));
}

int rmdir(const char *path) {
  REAL(rmdir);
  const char *name = name_of(path);
  if (name == NULL) return real(path);
  GUARDED("unlink", name, NULL, 0, real(path));
}

int chmod(const char *path, mode_t mode) {
  REAL(chmod);
  const char *name = name_of(path);
  if (name == NULL) return real(path, mode);
  GUARDED("chmod", name, NULL, (long long)mode, real(path, mode));
}

static void remember(int file, const char *name) {
  struct stat there;
  if (file < 0 || file >= most_files || fstat(file, &there) != 0) return;
  snprintf(names[file], most_name, "%s", name);
  inodes[file] = there.st_ino;
}

// Opening counts when it makes or empties a file.
static int guarded_open(int at, const char *path, int flags, mode_t mode) {
  const char *name = name_of(path);
  if (name == NULL) return (int)syscall(SYS_openat, at, path, flags, mode);
  pthread_mutex_lock(&lock);
  struct stat there;
  int exists = lstat(path, &there) == 0;
  const char *call = !exists && (flags & O_CREAT) ? "create" : exists && (flags & O_TRUNC) ? "empty" : NULL;
  enum outcome outcome = call == NULL ? GO_ON : count(call, name, 0, 0, 1);
  int file = -1;
  if (outcome == HALF) die();
  if (outcome != FAIL) {
    file = (int)syscall(SYS_openat, at, path, flags, mode);
    int kept = errno;
    if (file >= 0) remember(file, name);
    if (file >= 0 && call != NULL && control->armed != 0) put_record(call, name, NULL, 0, NULL, 0);
    if (outcome == THEN_DIE) die();
    errno = kept;
  }
  pthread_mutex_unlock(&lock);
  return file;
}

static mode_t mode_in(int flags, va_list rest) {
  return (flags & (O_CREAT | O_TMPFILE)) ? (mode_t)va_arg(rest, int) : 0;
}

#define OPENING(declared, directory)                            \
  declared {                                                    \
    va_list rest;                                               \
    va_start(rest, flags);                                      \
    mode_t mode = mode_in(flags, rest);                         \
    va_end(rest);                                               \
    return guarded_open(directory, path, flags, mode);          \
  }

OPENING(int open(const char *path, int flags, ...), AT_FDCWD)
OPENING(int open64(const char *path, int flags, ...), AT_FDCWD)
OPENING(int openat(int at, const char *path, int flags, ...), at)
OPENING(int openat64(int at, const char *path, int flags, ...), at)

int close(int file) {
  REAL(close);
  if (file >= 0 && file < most_files) names[file][0] = '\0';
  return real(file);
}
