// Loaded into Postgres by LD_PRELOAD: while the file SLOW_DISK exists, its disk takes two seconds for every sync. Each
// adds a byte to that file.
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

namespace {
void wait() {
  const char *flag = getenv("SLOW_DISK");
  const int file = flag == nullptr ? -1 : open(flag, O_WRONLY | O_APPEND);
  if (file < 0) return;
  const ssize_t written = write(file, ".", 1);
  close(file);
  if (written == 1) sleep(2);
}

int synced(const char *name, int file) {
  wait();
  return reinterpret_cast<int (*)(int)>(dlsym(RTLD_NEXT, name))(file);
}
}  // namespace

extern "C" {
int fsync(int file) { return synced("fsync", file); }
int fdatasync(int file) { return synced("fdatasync", file); }
}
