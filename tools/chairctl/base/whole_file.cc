#include "tools/chairctl/base/whole_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"

namespace emptychair {
namespace {

absl::Status CannotWrite(absl::string_view flag, const std::string& path,
                         absl::string_view reason) {
  return FieldError(v1::ERROR_REASON_FIELD_INVALID, flag,
                    absl::StrCat("cannot write ", Quoted(path, 256), ": ", reason));
}

// 0, or why the file could not be written.
int WriteNewFile(const std::string& path, absl::string_view content) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (fd < 0) {
    return errno;
  }
  int error = 0;
  while (!content.empty() && error == 0) {
    const ssize_t written = write(fd, content.data(), content.size());
    if (written >= 0) {
      content.remove_prefix(static_cast<size_t>(written));
    } else if (errno != EINTR) {
      error = errno;
    }
  }
  return close(fd) != 0 && error == 0 ? errno : error;
}

}  // namespace

absl::Status WriteWholeFile(absl::string_view flag, const std::string& path,
                            absl::string_view content) {
  // Renaming would put a file in the place of a device or a pipe.
  std::error_code ignored;
  const std::filesystem::file_status status = std::filesystem::status(path, ignored);
  if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status)) {
    return CannotWrite(flag, path, "it is no regular file");
  }
  const std::string temporary = absl::StrCat(path, ".", getpid(), ".tmp");
  int error = WriteNewFile(temporary, content);
  if (error == 0 && std::rename(temporary.c_str(), path.c_str()) != 0) {
    error = errno;
  }
  if (error != 0) {
    if (error != EEXIST) {
      std::remove(temporary.c_str());
    }
    return CannotWrite(flag, path, std::generic_category().message(error));
  }
  return absl::OkStatus();
}

}  // namespace emptychair
