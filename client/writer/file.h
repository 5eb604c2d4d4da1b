// Files of a spool, as the system has them.
#ifndef EMPTYCHAIR_CLIENT_WRITER_FILE_H_
#define EMPTYCHAIR_CLIENT_WRITER_FILE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace emptychair {

// An open file. Errors have the path and what the system says. Thread-safe as the system is.
class File {
 public:
  // `flags` and the mode of a file that is made: those of open(2), 0600.
  static absl::StatusOr<std::unique_ptr<File>> Open(const std::string& path, int flags);
  ~File();
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  // Writes both at the end, which is at `end`. After an error the file ends there again; when even
  // that fails, `is_broken` is set.
  absl::Status Append(absl::string_view first, absl::string_view second, int64_t end,
                      bool& is_broken);
  // Up to `size` bytes from `offset` on: fewer at the end alone.
  absl::StatusOr<std::string> Read(int64_t offset, size_t size) const;
  absl::Status Truncate(int64_t size);
  // Writes out what the disk does not have yet.
  absl::Status Sync();
  // FAILED_PRECONDITION when another process holds it.
  absl::Status Lock();

 private:
  File(std::string path, int descriptor) : path_(std::move(path)), descriptor_(descriptor) {}

  const std::string path_;
  const int descriptor_;
};

// All of a file; empty when there is none.
absl::StatusOr<std::string> ReadFileIfAny(const std::string& path);

// The names in a folder.
absl::StatusOr<std::vector<std::string>> ListFolder(const std::string& path);

// The error of the system call that has just failed.
absl::Status SystemError(absl::string_view what, const std::string& path);

}  // namespace emptychair

#endif  // EMPTYCHAIR_CLIENT_WRITER_FILE_H_
