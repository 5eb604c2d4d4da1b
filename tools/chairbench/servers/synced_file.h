// A file whose every write is durable.
#ifndef EMPTYCHAIR_TOOLS_CHAIRBENCH_SERVERS_SYNCED_FILE_H_
#define EMPTYCHAIR_TOOLS_CHAIRBENCH_SERVERS_SYNCED_FILE_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace emptychair::bench {

// Not thread-safe.
class SyncedFile {
 public:
  // Makes the file `path`. Errors: UNAVAILABLE, also of Append.
  static absl::StatusOr<std::unique_ptr<SyncedFile>> Open(const std::string& path);
  ~SyncedFile();
  SyncedFile(const SyncedFile&) = delete;
  SyncedFile& operator=(const SyncedFile&) = delete;

  // Appends `bytes` and waits until they are durable.
  absl::Status Append(absl::string_view bytes);

 private:
  explicit SyncedFile(int fd) : fd_(fd) {}

  const int fd_;
};

}  // namespace emptychair::bench

#endif  // EMPTYCHAIR_TOOLS_CHAIRBENCH_SERVERS_SYNCED_FILE_H_
