#include "tools/chairbench/servers/synced_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"

namespace emptychair::bench {

absl::StatusOr<std::unique_ptr<SyncedFile>> SyncedFile::Open(const std::string& path) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) {
    return absl::UnavailableError(
        absl::StrCat("cannot make \"", path, "\": ", std::strerror(errno)));
  }
  return std::unique_ptr<SyncedFile>(new SyncedFile(fd));
}

SyncedFile::~SyncedFile() { close(fd_); }

absl::Status SyncedFile::Append(absl::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(fd_, bytes.data(), bytes.size());
    if (written < 0) {
      return absl::UnavailableError(absl::StrCat("cannot write a file: ", std::strerror(errno)));
    }
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  if (fdatasync(fd_) != 0) {
    return absl::UnavailableError(absl::StrCat("cannot sync a file: ", std::strerror(errno)));
  }
  return absl::OkStatus();
}

}  // namespace emptychair::bench
