#include "server/tls/published_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "server/telemetry/server_log.h"

namespace emptychair {
namespace {

// Long after the last reader has opened a file of a set that was replaced.
constexpr absl::Duration kKeptFor = absl::Seconds(60);

constexpr char kCurrent[] = "current";
constexpr char kNext[] = "next";

absl::Status Failed(absl::string_view what, const std::string& path, int error) {
  return absl::UnavailableError(absl::StrCat("cannot ", what, " ", Quoted(path, 256), ": ",
                                             std::generic_category().message(error)));
}

absl::Status WriteNewFile(const std::string& path, absl::string_view content, int64_t second) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) {
    return Failed("make", path, errno);
  }
  const timespec times[] = {{second, 0}, {second, 0}};
  const bool is_written = WriteAll(fd, content) && futimens(fd, times) == 0;
  const int error = errno;
  close(fd);
  return is_written ? absl::OkStatus() : Failed("write", path, error);
}

// Whether `name` is one that this code gives to a set.
bool IsSet(const std::string& name) {
  return !name.empty() && std::all_of(name.begin(), name.end(),
                                      [](unsigned char c) { return absl::ascii_isdigit(c); });
}

}  // namespace

absl::StatusOr<PublishedFiles> PublishedFiles::Open(const std::string& directory) {
  struct stat status {};
  if (mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST) {
    return Failed("make the folder", directory, errno);
  }
  if (lstat(directory.c_str(), &status) != 0 || !S_ISDIR(status.st_mode)) {
    return Failed("use the folder", directory, ENOTDIR);
  }
  if (chmod(directory.c_str(), 0700) != 0) {
    return Failed("close to others the folder", directory, errno);
  }
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(directory, error)) {
    const std::string name = entry.path().filename().string();
    if (name == kCurrent || name == kNext || IsSet(name)) {
      std::filesystem::remove_all(entry.path(), error);
    }
  }
  if (error) {
    return Failed("clear the folder", directory, error.value());
  }
  return PublishedFiles(directory);
}

absl::Status PublishedFiles::Publish(const TlsMaterial& material, absl::Time now) {
  const int64_t second = std::max(second_ + 1, absl::ToUnixSeconds(now));
  const std::string name = absl::StrCat(second);
  const std::string folder = Path(name);
  const std::string next = Path(kNext);
  absl::Status published = WriteSet(folder, material, second);
  if (published.ok()) {
    unlink(next.c_str());
    if (symlink(name.c_str(), next.c_str()) != 0) {
      published = Failed("make", next, errno);
    } else if (std::rename(next.c_str(), Path(kCurrent).c_str()) != 0) {
      published = Failed("replace", Path(kCurrent), errno);
    }
  }
  if (!published.ok()) {
    std::error_code ignored;
    std::filesystem::remove_all(folder, ignored);
    return published;
  }
  if (second_ != 0) {
    old_.emplace_back(Path(absl::StrCat(second_)), now);
  }
  second_ = second;
  return absl::OkStatus();
}

absl::Status PublishedFiles::WriteSet(const std::string& folder, const TlsMaterial& material,
                                      int64_t second) {
  if (mkdir(folder.c_str(), 0700) != 0) {
    return Failed("make the folder", folder, errno);
  }
  RETURN_IF_ERROR(WriteNewFile(folder + "/key.pem", material.key_pem, second));
  RETURN_IF_ERROR(WriteNewFile(folder + "/cert.pem", material.certificate_pem, second));
  return material.client_ca_pem.empty()
             ? absl::OkStatus()
             : WriteNewFile(folder + "/ca.pem", material.client_ca_pem, second);
}

void PublishedFiles::RemoveOld(absl::Time now) {
  while (!old_.empty() && now - old_.front().second >= kKeptFor) {
    std::error_code ignored;
    std::filesystem::remove_all(old_.front().first, ignored);
    old_.pop_front();
  }
}

std::string PublishedFiles::CurrentPath(absl::string_view file) const {
  return absl::StrCat(Path(kCurrent), "/", file);
}

std::string PublishedFiles::Path(absl::string_view name) const {
  return absl::StrCat(directory_, "/", name);
}

}  // namespace emptychair
