// A directory that lives as long as the test that uses it.
#ifndef EMPTYCHAIR_TESTS_HELPERS_TEMP_DIR_H_
#define EMPTYCHAIR_TESTS_HELPERS_TEMP_DIR_H_

#include <string>

#include "absl/strings/string_view.h"

namespace emptychair::testing {

// Makes a new, empty directory with a name of its own under GoogleTest's temporary directory and
// removes it with all it holds. Aborts when it cannot be made. Not thread-safe.
class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  const std::string& path() const { return path_; }

  // `name` in this directory; nothing is made.
  std::string Join(absl::string_view name) const;

 private:
  std::string path_;
};

}  // namespace emptychair::testing

#endif  // EMPTYCHAIR_TESTS_HELPERS_TEMP_DIR_H_
