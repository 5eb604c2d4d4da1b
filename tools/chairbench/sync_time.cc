#include "tools/chairbench/sync_time.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace emptychair::bench {

absl::StatusOr<std::unique_ptr<SyncTime>> SyncTime::Open(const std::string& path) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) {
    return absl::UnavailableError(
        absl::StrCat("cannot make \"", path, "\": ", std::strerror(errno)));
  }
  return std::unique_ptr<SyncTime>(new SyncTime(fd));
}

SyncTime::~SyncTime() { close(fd_); }

absl::Status SyncTime::Measure(int count, std::vector<double>& times_ms) {
  constexpr std::array<char, 4096> kBlock = {};
  for (int i = 0; i < count; ++i) {
    const absl::Time start = absl::Now();
    if (write(fd_, kBlock.data(), kBlock.size()) != static_cast<ssize_t>(kBlock.size()) ||
        fdatasync(fd_) != 0) {
      return absl::UnavailableError(absl::StrCat("cannot sync a file: ", std::strerror(errno)));
    }
    times_ms.push_back(absl::ToDoubleMilliseconds(absl::Now() - start));
  }
  return absl::OkStatus();
}

}  // namespace emptychair::bench
