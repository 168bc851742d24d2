// Loaded into every process of a service by LD_PRELOAD: writes down each program, file, name look-up and connection
// that passes through the C library, one line each, in the file EGRESS_LOG. Nothing leaves the machine: names other
// than localhost are unknown, and other networks unreachable. The dynamic loader's own files are not seen.
#include <arpa/inet.h>
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netdb.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#undef fopen64
#undef open64
#undef openat64

namespace {
// The end of the command line, by which a process is known: its module, or its program.
char program[PATH_MAX] = "?";

// System calls alone: the functions of the C library are watched themselves.
void record(const char *kind, const char *detail) {
  const char *log = getenv("EGRESS_LOG");
  if (log == nullptr) return;
  const int error = errno;
  char line[2 * PATH_MAX + 64];
  int length = snprintf(line, sizeof line, "%s\t%s\t%s\n", kind, program, detail);
  if (length >= static_cast<int>(sizeof line)) length = sizeof line - 1;
  const long file = syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_APPEND | O_CLOEXEC);
  if (file >= 0) {
    syscall(SYS_write, file, line, length);
    syscall(SYS_close, file);
  }
  errno = error;
}

void recordFile(int folder, const char *path, bool writes) {
  char full[2 * PATH_MAX] = "";
  if (path[0] != '/') {
    char link[64] = "/proc/self/cwd";
    if (folder != AT_FDCWD) snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
    const long length = syscall(SYS_readlinkat, AT_FDCWD, link, full, PATH_MAX - 1);
    full[length > 0 ? length : 0] = '\0';
    strcat(full, "/");
  }
  strncat(full, path, PATH_MAX - 1);
  record(writes ? "write" : "read", full);
}

// @return whether the address is this machine's
bool recordAddress(const char *kind, const sockaddr *address) {
  char host[INET6_ADDRSTRLEN] = "";
  char text[INET6_ADDRSTRLEN + 16];
  if (address == nullptr) return true;
  if (address->sa_family == AF_UNIX) {
    record(kind, reinterpret_cast<const sockaddr_un *>(address)->sun_path);
    return true;
  }
  int port = 0;
  bool local = false;
  if (address->sa_family == AF_INET) {
    const auto *four = reinterpret_cast<const sockaddr_in *>(address);
    inet_ntop(AF_INET, &four->sin_addr, host, sizeof host);
    port = ntohs(four->sin_port);
    local = strncmp(host, "127.", 4) == 0;
  } else if (address->sa_family == AF_INET6) {
    const auto *six = reinterpret_cast<const sockaddr_in6 *>(address);
    inet_ntop(AF_INET6, &six->sin6_addr, host, sizeof host);
    port = ntohs(six->sin6_port);
    local = strcmp(host, "::1") == 0;
  } else {
    // AF_UNSPEC takes a connection back, AF_NETLINK asks the kernel.
    return true;
  }
  snprintf(text, sizeof text, "%s %d", host, port);
  record(kind, text);
  return local;
}

template <typename Function>
Function next(const char *name) {
  return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

bool writes(int flags) { return (flags & O_ACCMODE) != O_RDONLY || (flags & (O_CREAT | O_TRUNC)) != 0; }
bool writes(const char *mode) { return strpbrk(mode, "wa+") != nullptr; }

mode_t modeOf(int flags, va_list list) { return (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(list, mode_t) : 0; }

__attribute__((constructor)) void begin() {
  char command[16 * PATH_MAX];
  const long file = syscall(SYS_openat, AT_FDCWD, "/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
  const long length = file < 0 ? 0 : syscall(SYS_read, file, command, sizeof command - 1);
  if (file >= 0) syscall(SYS_close, file);
  command[length > 0 ? length : 0] = '\0';
  for (long at = 0; at < length; at += static_cast<long>(strlen(command + at)) + 1) {
    const char *part = command + at;
    const size_t size = strlen(part);
    const bool isModule = size > 3 && (strcmp(part + size - 3, ".ts") == 0 || strcmp(part + size - 3, ".js") == 0);
    if (at == 0 || isModule) snprintf(program, sizeof program, "%s", part);
    if (isModule) break;
  }
  char self[PATH_MAX] = "";
  if (syscall(SYS_readlinkat, AT_FDCWD, "/proc/self/exe", self, sizeof self - 1) > 0) record("program", self);
}
}  // namespace

extern "C" {

#define OPEN(name)                                                    \
  int name(const char *path, int flags, ...) {                        \
    va_list list;                                                     \
    va_start(list, flags);                                            \
    const mode_t mode = modeOf(flags, list);                          \
    va_end(list);                                                     \
    recordFile(AT_FDCWD, path, writes(flags));                        \
    static const auto real = next<int (*)(const char *, int, ...)>(#name); \
    return real(path, flags, mode);                                   \
  }
OPEN(open)
OPEN(open64)

#define OPENAT(name)                                                  \
  int name(int folder, const char *path, int flags, ...) {            \
    va_list list;                                                     \
    va_start(list, flags);                                            \
    const mode_t mode = modeOf(flags, list);                          \
    va_end(list);                                                     \
    recordFile(folder, path, writes(flags));                          \
    static const auto real = next<int (*)(int, const char *, int, ...)>(#name); \
    return real(folder, path, flags, mode);                           \
  }
OPENAT(openat)
OPENAT(openat64)

#define OPEN_FORTIFIED(name)                                          \
  int name(const char *path, int flags) {                             \
    recordFile(AT_FDCWD, path, writes(flags));                        \
    static const auto real = next<int (*)(const char *, int)>(#name); \
    return real(path, flags);                                         \
  }
OPEN_FORTIFIED(__open_2)
OPEN_FORTIFIED(__open64_2)

#define FOPEN(name)                                                   \
  FILE *name(const char *path, const char *mode) {                    \
    recordFile(AT_FDCWD, path, writes(mode));                         \
    static const auto real = next<FILE *(*)(const char *, const char *)>(#name); \
    return real(path, mode);                                          \
  }
FOPEN(fopen)
FOPEN(fopen64)

DIR *opendir(const char *path) {
  recordFile(AT_FDCWD, path, false);
  static const auto real = next<DIR *(*)(const char *)>("opendir");
  return real(path);
}

#define SCANDIR(name, Entry)                                          \
  int name(const char *path, Entry ***list, int (*filter)(const Entry *), \
           int (*compare)(const Entry **, const Entry **)) {          \
    recordFile(AT_FDCWD, path, false);                                \
    static const auto real = next<decltype(&name)>(#name);            \
    return real(path, list, filter, compare);                         \
  }
SCANDIR(scandir, dirent)
SCANDIR(scandir64, dirent64)

int connect(int socket, const sockaddr *address, socklen_t length) {
  static const auto real = next<int (*)(int, const sockaddr *, socklen_t)>("connect");
  if (recordAddress("connect", address)) return real(socket, address, length);
  errno = ENETUNREACH;
  return -1;
}

ssize_t sendto(int socket, const void *bytes, size_t size, int flags, const sockaddr *address, socklen_t length) {
  static const auto real =
      next<ssize_t (*)(int, const void *, size_t, int, const sockaddr *, socklen_t)>("sendto");
  if (recordAddress("send", address)) return real(socket, bytes, size, flags, address, length);
  errno = ENETUNREACH;
  return -1;
}

ssize_t sendmsg(int socket, const msghdr *message, int flags) {
  static const auto real = next<ssize_t (*)(int, const msghdr *, int)>("sendmsg");
  if (recordAddress("send", static_cast<const sockaddr *>(message->msg_name))) return real(socket, message, flags);
  errno = ENETUNREACH;
  return -1;
}

int getaddrinfo(const char *name, const char *service, const addrinfo *hints, addrinfo **result) {
  static const auto real =
      next<int (*)(const char *, const char *, const addrinfo *, addrinfo **)>("getaddrinfo");
  in6_addr address;
  const bool isAddress =
      name == nullptr || inet_pton(AF_INET, name, &address) == 1 || inet_pton(AF_INET6, name, &address) == 1;
  if (isAddress) return real(name, service, hints, result);
  record("lookup", name);
  return strcmp(name, "localhost") == 0 ? real(name, service, hints, result) : EAI_NONAME;
}

hostent *gethostbyname(const char *name) {
  record("lookup", name);
  return nullptr;
}
}
