#include "client/writer/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"

namespace emptychair {

absl::Status SystemError(absl::string_view what, const std::string& path) {
  return absl::ErrnoToStatus(errno, absl::StrCat("cannot ", what, " ", path));
}

absl::StatusOr<std::unique_ptr<File>> File::Open(const std::string& path, int flags) {
  const int descriptor = open(path.c_str(), flags | O_CLOEXEC, 0600);
  if (descriptor < 0) {
    return SystemError("open", path);
  }
  return std::unique_ptr<File>(new File(path, descriptor));
}

File::~File() { close(descriptor_); }

absl::Status File::Append(absl::string_view first, absl::string_view second, int64_t end,
                          bool& is_broken) {
  const std::array<iovec, 2> parts = {iovec{const_cast<char*>(first.data()), first.size()},
                                      iovec{const_cast<char*>(second.data()), second.size()}};
  const auto wanted = static_cast<ssize_t>(first.size() + second.size());
  const ssize_t written = pwritev(descriptor_, parts.data(), parts.size(), end);
  if (written == wanted) {
    return absl::OkStatus();
  }
  if (written >= 0) {
    errno = ENOSPC;  // What a regular file that takes only a part stands for.
  }
  const absl::Status status = SystemError("write", path_);
  is_broken = written > 0 && ftruncate(descriptor_, end) != 0;
  return status;
}

absl::StatusOr<std::string> File::Read(int64_t offset, size_t size) const {
  std::string bytes(size, '\0');
  size_t done = 0;
  while (done < size) {
    const ssize_t read =
        pread(descriptor_, bytes.data() + done, size - done, offset + static_cast<int64_t>(done));
    if (read < 0 && errno != EINTR) {
      return SystemError("read", path_);
    }
    if (read == 0) {
      break;
    }
    done += read > 0 ? static_cast<size_t>(read) : 0;
  }
  bytes.resize(done);
  return bytes;
}

absl::Status File::Truncate(int64_t size) {
  return ftruncate(descriptor_, size) == 0 ? absl::OkStatus() : SystemError("cut", path_);
}

absl::Status File::Sync() {
  return fdatasync(descriptor_) == 0 ? absl::OkStatus() : SystemError("write out", path_);
}

absl::Status File::Lock() {
  if (flock(descriptor_, LOCK_EX | LOCK_NB) == 0) {
    return absl::OkStatus();
  }
  return errno == EWOULDBLOCK
             ? absl::FailedPreconditionError(absl::StrCat(path_, " is held by another process"))
             : SystemError("lock", path_);
}

absl::StatusOr<std::string> ReadFileIfAny(const std::string& path) {
  absl::StatusOr<std::unique_ptr<File>> file = File::Open(path, O_RDONLY);
  if (absl::IsNotFound(file.status())) {
    return "";
  }
  RETURN_IF_ERROR(file.status());
  struct stat facts;
  if (stat(path.c_str(), &facts) != 0) {
    return SystemError("look at", path);
  }
  return (*file)->Read(0, static_cast<size_t>(facts.st_size));
}

absl::StatusOr<std::vector<std::string>> ListFolder(const std::string& path) {
  DIR* const folder = opendir(path.c_str());
  if (folder == nullptr) {
    return SystemError("list", path);
  }
  std::vector<std::string> names;
  while (const dirent* entry = readdir(folder)) {
    names.emplace_back(entry->d_name);
  }
  closedir(folder);
  return names;
}

}  // namespace emptychair
