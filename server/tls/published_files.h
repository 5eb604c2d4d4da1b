// Files for gRPC to read, replaced all at once.
#ifndef EMPTYCHAIR_SERVER_TLS_PUBLISHED_FILES_H_
#define EMPTYCHAIR_SERVER_TLS_PUBLISHED_FILES_H_

#include <cstdint>
#include <deque>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "server/tls/tls_material.h"

namespace emptychair {

// Keeps `key.pem`, `cert.pem` and, with a client CA, `ca.pem` under `DIRECTORY/current`. That is a
// symbolic link to a folder with one set of them, which is put in the place of the one before by a
// rename: whoever opens files there finds those of one set. gRPC reads two files one after the
// other and compares their times, in whole seconds, to see that they belong together; so each set
// has a second of its own. Not thread-safe.
class PublishedFiles {
 public:
  // Makes the directory, mode 0700, and removes what a server before left in it. Errors:
  // UNAVAILABLE, with the path.
  static absl::StatusOr<PublishedFiles> Open(const std::string& directory);

  // Files with mode 0600. Errors: UNAVAILABLE, with the path, and the set before stays.
  absl::Status Publish(const TlsMaterial& material, absl::Time now);

  // Removes sets that were replaced 60 s ago or earlier.
  void RemoveOld(absl::Time now);

  // The path of `key.pem`, `cert.pem` or `ca.pem` of whichever set is the newest.
  std::string CurrentPath(absl::string_view file) const;

 private:
  explicit PublishedFiles(std::string directory) : directory_(std::move(directory)) {}

  std::string Path(absl::string_view name) const;
  static absl::Status WriteSet(const std::string& folder, const TlsMaterial& material,
                               int64_t second);

  std::string directory_;
  // Of the newest set: the name of its folder, and the time of its files. 0: there is none.
  int64_t second_ = 0;
  // Folders of sets that were replaced, and when.
  std::deque<std::pair<std::string, absl::Time>> old_;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_TLS_PUBLISHED_FILES_H_
