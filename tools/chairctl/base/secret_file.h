// Files with a secret that is told once.
#ifndef EMPTYCHAIR_TOOLS_CHAIRCTL_BASE_SECRET_FILE_H_
#define EMPTYCHAIR_TOOLS_CHAIRCTL_BASE_SECRET_FILE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace emptychair {

// A new file that only its owner can read and write. It is made before the secret is asked for, so
// that there is where to put it; without a secret it is removed again.
class SecretFile {
 public:
  // Makes the file `path`, which `flag` named. FIELD_INVALID on `flag` names the file; what is
  // there already is never written over.
  static absl::StatusOr<SecretFile> Create(absl::string_view flag, const std::string& path);

  SecretFile(SecretFile&& other) noexcept;
  SecretFile& operator=(SecretFile&&) = delete;
  ~SecretFile();

  // Writes the secret and a line end, down to the disk. Once. FIELD_INVALID as above.
  absl::Status Write(absl::string_view secret);

 private:
  SecretFile(absl::string_view flag, std::string path, int fd)
      : flag_(flag), path_(std::move(path)), fd_(fd) {}

  const std::string flag_;
  const std::string path_;
  int fd_;
  bool is_kept_ = false;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_TOOLS_CHAIRCTL_BASE_SECRET_FILE_H_
