#include "tools/chairctl/base/secret_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"

namespace emptychair {
namespace {

absl::Status CannotWrite(absl::string_view flag, const std::string& path, int error) {
  return FieldError(v1::ERROR_REASON_FIELD_INVALID, flag,
                    absl::StrCat("cannot write ", Quoted(path, 256), ": ",
                                 std::generic_category().message(error)));
}

}  // namespace

absl::StatusOr<SecretFile> SecretFile::Create(absl::string_view flag, const std::string& path) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) {
    return CannotWrite(flag, path, errno);
  }
  SecretFile file(flag, path, fd);
  // Whatever the umask is.
  if (fchmod(fd, 0600) != 0) {
    return CannotWrite(flag, path, errno);
  }
  return file;
}

SecretFile::SecretFile(SecretFile&& other) noexcept
    : flag_(other.flag_),
      path_(other.path_),
      fd_(std::exchange(other.fd_, -1)),
      is_kept_(other.is_kept_) {}

SecretFile::~SecretFile() {
  if (fd_ < 0) {
    return;
  }
  close(fd_);
  if (!is_kept_) {
    unlink(path_.c_str());
  }
}

absl::Status SecretFile::Write(absl::string_view secret) {
  const std::string line = absl::StrCat(secret, "\n");
  absl::string_view left = line;
  while (!left.empty()) {
    const ssize_t count = write(fd_, left.data(), left.size());
    if (count >= 0) {
      left.remove_prefix(static_cast<size_t>(count));
    } else if (errno != EINTR) {
      return CannotWrite(flag_, path_, errno);
    }
  }
  if (fsync(fd_) != 0) {
    return CannotWrite(flag_, path_, errno);
  }
  is_kept_ = true;
  return absl::OkStatus();
}

}  // namespace emptychair
