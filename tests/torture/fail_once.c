// Loaded before the other libraries (LD_PRELOAD): counts the calls of each kind that a program makes of the system, and
// lets one of them fail.
//
//   TORTURE_COUNTS  file of kKinds counters of 64 bits, which this adds to; the last two say whether a call has failed,
//   and its size TORTURE_KIND    write, rename, fsync, mmap, alloc, thread, recv, send, read, open or folder TORTURE_AT
//   which call of that kind fails, from 1; without it all are only counted TORTURE_ERRNO   what it fails with
//   TORTURE_BYTES   the smallest allocation that counts (1 MiB)
//   TORTURE_TRACE   file for the stack of the call that has failed
//   TORTURE_WHOSE   "libraries": only the calls of those libraries that end the process themselves where one fails;
//   else all but these
//
// What the loader calls (dlopen, before main) is not counted: a program that cannot be loaded is not this one's fault.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { kWrite, kRename, kFsync, kMmap, kAlloc, kThread, kRecv, kSend, kRead, kOpen, kFolder, kKinds };
static const char* const kNames[kKinds] = {"write", "rename", "fsync", "mmap", "alloc", "thread",
                                           "recv",  "send",   "read",  "open", "folder"};

static uint64_t* counts;
static int wanted = -1, reason;
static uint64_t at;
static size_t least_bytes = 1 << 20;
static int loading = 1;  // depth of dlopen in all threads, and 1 before the constructor
static int of_libraries;

// They abort, or use what they were not given: no caller can do anything about it.
static const char* const kHarshLibraries[] = {"libomp", "libgomp", "libdnnl", "libcpuinfo", "libopenblas"};

void* __libc_malloc(size_t);
void* __libc_calloc(size_t, size_t);
void* __libc_realloc(void*, size_t);
void* __libc_memalign(size_t, size_t);

static int open_raw(const char* path, int flags, mode_t mode) {
  return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

static void trace(int kind) {
  const char* const path = getenv("TORTURE_TRACE");
  if (!path) return;
  void* frames[60];
  const int file = open_raw(path, O_WRONLY | O_CREAT | O_APPEND, 0666);
  dprintf(file, "%s %s\n", kNames[kind], strerror(reason));
  backtrace_symbols_fd(frames, backtrace(frames, 60), file);
  syscall(SYS_close, file);
}

static int is_of_harsh_library(const void* caller) {
  Dl_info info;
  if (!dladdr(caller, &info) || !info.dli_fname) return 0;
  const char* const slash = strrchr(info.dli_fname, '/');
  const char* const name = slash ? slash + 1 : info.dli_fname;
  for (size_t i = 0; i < sizeof kHarshLibraries / sizeof *kHarshLibraries; ++i)
    if (strncmp(name, kHarshLibraries[i], strlen(kHarshLibraries[i])) == 0) return 1;
  return 0;
}

// True where this call is to fail; errno is set then.
#define fails(kind, size) fails_for(kind, size, __builtin_return_address(0))
static int fails_for(int kind, size_t size, const void* caller) {
  if (!counts || __atomic_load_n(&loading, __ATOMIC_RELAXED) > 0) return 0;
  if (is_of_harsh_library(caller) != of_libraries) return 0;
  const uint64_t number = __atomic_add_fetch(&counts[kind], 1, __ATOMIC_RELAXED);
  if (kind != wanted || number != at) return 0;
  counts[kKinds] = 1;
  counts[kKinds + 1] = size;
  const int counted = wanted;
  wanted = -1;
  __atomic_add_fetch(&loading, 1, __ATOMIC_RELAXED);
  trace(counted);
  __atomic_sub_fetch(&loading, 1, __ATOMIC_RELAXED);
  errno = reason;
  return 1;
}

__attribute__((constructor)) static void start(void) {
  const char* const file = getenv("TORTURE_COUNTS");
  const int descriptor = file ? open_raw(file, O_RDWR | O_CLOEXEC, 0) : -1;
  if (descriptor < 0) return;
  void* const memory = (void*)syscall(SYS_mmap, NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
  syscall(SYS_close, descriptor);
  if (memory == MAP_FAILED) return;
  const char* const kind = getenv("TORTURE_KIND");
  const char* const number = getenv("TORTURE_AT");
  const char* const code = getenv("TORTURE_ERRNO");
  const char* const bytes = getenv("TORTURE_BYTES");
  for (int i = 0; kind && number && i < kKinds; ++i)
    if (strcmp(kind, kNames[i]) == 0) wanted = i;
  if (number) at = strtoull(number, NULL, 10);
  if (code) reason = atoi(code);
  const char* const whose = getenv("TORTURE_WHOSE");
  of_libraries = whose && strcmp(whose, "libraries") == 0;
  if (bytes) least_bytes = strtoull(bytes, NULL, 10);
  counts = memory;
  --loading;
}

void* dlopen(const char* name, int flags) {
  static void* (*next)(const char*, int);
  if (!next) next = (void* (*)(const char*, int))dlsym(RTLD_NEXT, "dlopen");
  __atomic_add_fetch(&loading, 1, __ATOMIC_RELAXED);
  void* const handle = next(name, flags);
  __atomic_sub_fetch(&loading, 1, __ATOMIC_RELAXED);
  return handle;
}

static int is_kind(int file, mode_t kind) {
  struct stat status;
  return syscall(SYS_fstat, file, &status) == 0 && (status.st_mode & S_IFMT) == kind;
}
// Messages go to stderr, and who cannot write them cannot say so.
static int writes_file(int file) { return file != STDERR_FILENO && is_kind(file, S_IFREG); }
static int is_socket(int file) { return is_kind(file, S_IFSOCK); }

ssize_t write(int file, const void* bytes, size_t size) {
  if (writes_file(file) ? fails(kWrite, size) : is_socket(file) && fails(kSend, size)) return -1;
  return syscall(SYS_write, file, bytes, size);
}
ssize_t writev(int file, const struct iovec* pieces, int count) {
  if (writes_file(file) ? fails(kWrite, 0) : is_socket(file) && fails(kSend, 0)) return -1;
  return syscall(SYS_writev, file, pieces, count);
}
ssize_t pwrite(int file, const void* bytes, size_t size, off_t offset) {
  if (writes_file(file) && fails(kWrite, size)) return -1;
  return syscall(SYS_pwrite64, file, bytes, size, offset);
}
ssize_t pwrite64(int, const void*, size_t, off_t) __attribute__((alias("pwrite")));
int posix_fallocate(int file, off_t offset, off_t size) {
  if (fails(kWrite, (size_t)size)) return reason;
  return syscall(SYS_fallocate, file, 0, offset, size) == 0 ? 0 : errno;
}
int posix_fallocate64(int, off_t, off_t) __attribute__((alias("posix_fallocate")));
int ftruncate(int file, off_t size) {
  if (writes_file(file) && fails(kWrite, (size_t)size)) return -1;
  return (int)syscall(SYS_ftruncate, file, size);
}
int ftruncate64(int, off_t) __attribute__((alias("ftruncate")));
ssize_t sendfile(int to, int from, off_t* offset, size_t size) {
  if (fails(kWrite, size)) return -1;
  return syscall(SYS_sendfile, to, from, offset, size);
}
ssize_t sendfile64(int, int, off_t*, size_t) __attribute__((alias("sendfile")));

int rename(const char* from, const char* to) {
  if (fails(kRename, 0)) return -1;
  return (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}
int renameat(int from_folder, const char* from, int to_folder, const char* to) {
  if (fails(kRename, 0)) return -1;
  return (int)syscall(SYS_renameat2, from_folder, from, to_folder, to, 0);
}
int link(const char* from, const char* to) {
  if (fails(kRename, 0)) return -1;
  return (int)syscall(SYS_linkat, AT_FDCWD, from, AT_FDCWD, to, 0);
}
int linkat(int from_folder, const char* from, int to_folder, const char* to, int flags) {
  if (fails(kRename, 0)) return -1;
  return (int)syscall(SYS_linkat, from_folder, from, to_folder, to, flags);
}
int symlink(const char* from, const char* to) {
  if (fails(kRename, 0)) return -1;
  return (int)syscall(SYS_symlinkat, from, AT_FDCWD, to);
}
int mkdir(const char* path, mode_t mode) {
  if (fails(kFolder, 0)) return -1;
  return (int)syscall(SYS_mkdirat, AT_FDCWD, path, mode);
}

int fsync(int file) {
  if (fails(kFsync, 0)) return -1;
  return (int)syscall(SYS_fsync, file);
}
int fdatasync(int file) {
  if (fails(kFsync, 0)) return -1;
  return (int)syscall(SYS_fdatasync, file);
}

void* mmap(void* address, size_t size, int protection, int flags, int file, off_t offset) {
  if (fails(kMmap, size)) return MAP_FAILED;
  return (void*)syscall(SYS_mmap, address, size, protection, flags, file, offset);
}
void* mmap64(void*, size_t, int, int, int, off_t) __attribute__((alias("mmap")));

static inline __attribute__((always_inline)) int no_memory(size_t size) {
  return size >= least_bytes && fails(kAlloc, size);
}
void* malloc(size_t size) { return no_memory(size) ? NULL : __libc_malloc(size); }
void* calloc(size_t count, size_t size) {
  size_t bytes = 0;
  if (__builtin_mul_overflow(count, size, &bytes)) bytes = SIZE_MAX;
  return no_memory(bytes) ? NULL : __libc_calloc(count, size);
}
void* realloc(void* old, size_t size) { return no_memory(size) ? NULL : __libc_realloc(old, size); }
void* memalign(size_t alignment, size_t size) { return no_memory(size) ? NULL : __libc_memalign(alignment, size); }
void* aligned_alloc(size_t, size_t) __attribute__((alias("memalign")));
int posix_memalign(void** memory, size_t alignment, size_t size) {
  if (no_memory(size)) return ENOMEM;
  void* const made = __libc_memalign(alignment, size);
  if (!made) return ENOMEM;
  *memory = made;
  return 0;
}

int pthread_create(pthread_t* thread, const pthread_attr_t* how, void* (*work)(void*), void* what) {
  static int (*next)(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*);
  if (!next)
    next = (int (*)(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*))dlsym(RTLD_NEXT, "pthread_create");
  if (fails(kThread, 0)) return reason;
  return next(thread, how, work, what);
}

ssize_t recvfrom(int file, void* bytes, size_t size, int flags, struct sockaddr* address, socklen_t* length) {
  if (fails(kRecv, size)) return -1;
  return syscall(SYS_recvfrom, file, bytes, size, flags, address, length);
}
ssize_t recv(int file, void* bytes, size_t size, int flags) {
  if (fails(kRecv, size)) return -1;
  return syscall(SYS_recvfrom, file, bytes, size, flags, NULL, NULL);
}
ssize_t recvmsg(int file, struct msghdr* message, int flags) {
  if (fails(kRecv, 0)) return -1;
  return syscall(SYS_recvmsg, file, message, flags);
}
ssize_t sendto(int file, const void* bytes, size_t size, int flags, const struct sockaddr* address, socklen_t length) {
  if (fails(kSend, size)) return -1;
  return syscall(SYS_sendto, file, bytes, size, flags, address, length);
}
ssize_t send(int file, const void* bytes, size_t size, int flags) {
  if (fails(kSend, size)) return -1;
  return syscall(SYS_sendto, file, bytes, size, flags, NULL, 0);
}
ssize_t sendmsg(int file, const struct msghdr* message, int flags) {
  if (fails(kSend, 0)) return -1;
  return syscall(SYS_sendmsg, file, message, flags);
}
ssize_t read(int file, void* bytes, size_t size) {
  if (is_socket(file) ? fails(kRecv, size) : is_kind(file, S_IFREG) && fails(kRead, size)) return -1;
  return syscall(SYS_read, file, bytes, size);
}
ssize_t readv(int file, const struct iovec* pieces, int count) {
  if (is_socket(file) ? fails(kRecv, 0) : is_kind(file, S_IFREG) && fails(kRead, 0)) return -1;
  return syscall(SYS_readv, file, pieces, count);
}
ssize_t pread(int file, void* bytes, size_t size, off_t offset) {
  if (is_kind(file, S_IFREG) && fails(kRead, size)) return -1;
  return syscall(SYS_pread64, file, bytes, size, offset);
}
ssize_t pread64(int, void*, size_t, off_t) __attribute__((alias("pread")));

static inline __attribute__((always_inline)) int open_checked(int folder, const char* path, int flags, mode_t mode) {
  if (fails(kOpen, 0)) return -1;
  return (int)syscall(SYS_openat, folder, path, flags, mode);
}
#define MODE_OF(flags)                                         \
  mode_t mode = 0;                                             \
  if (((flags)&O_CREAT) || ((flags)&O_TMPFILE) == O_TMPFILE) { \
    va_list rest;                                              \
    va_start(rest, flags);                                     \
    mode = va_arg(rest, mode_t);                               \
    va_end(rest);                                              \
  }
int open(const char* path, int flags, ...) {
  MODE_OF(flags)
  return open_checked(AT_FDCWD, path, flags, mode);
}
int open64(const char* path, int flags, ...) {
  MODE_OF(flags)
  return open_checked(AT_FDCWD, path, flags, mode);
}
int openat(int folder, const char* path, int flags, ...) {
  MODE_OF(flags)
  return open_checked(folder, path, flags, mode);
}
int openat64(int folder, const char* path, int flags, ...) {
  MODE_OF(flags)
  return open_checked(folder, path, flags, mode);
}
