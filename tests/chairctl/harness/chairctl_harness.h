// Runs chairctl in the test's process.
#ifndef EMPTYCHAIR_TESTS_CHAIRCTL_HARNESS_CHAIRCTL_HARNESS_H_
#define EMPTYCHAIR_TESTS_CHAIRCTL_HARNESS_CHAIRCTL_HARNESS_H_

#include <map>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "common/base/clock.h"
#include "google/protobuf/util/json_util.h"
#include "gtest/gtest.h"

namespace emptychair {

struct ChairctlResult {
  int exit_code = 0;
  std::string out;
  std::string err;
};

// What chairctl runs in. Change what a test is about, then call `Run`. Not thread-safe.
struct Chairctl {
  std::map<std::string, std::string> variables;
  std::string standard_input;
  bool is_terminal = false;
  int columns = 80;
  FakeClock clock{absl::FromUnixSeconds(1'706'700'000)};  // 2024-01-31T11:20:00Z
  // What was slept, instead of sleeping.
  std::vector<absl::Duration> slept;

  ChairctlResult Run(const std::vector<std::string>& arguments);
};

// The message that JSON output is; the test has failed when it is none.
template <typename Message>
Message FromJson(const std::string& json) {
  Message message;
  EXPECT_TRUE(google::protobuf::util::JsonStringToMessage(json, &message).ok()) << json;
  return message;
}

// A file of `content` in a directory of its own, which is removed with the object. `name` can have
// directories.
class TemporaryFile {
 public:
  TemporaryFile(absl::string_view name, absl::string_view content);
  ~TemporaryFile();
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  const std::string& directory() const { return directory_; }
  const std::string& path() const { return path_; }
  std::string Read() const;

 private:
  std::string directory_;
  std::string path_;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_TESTS_CHAIRCTL_HARNESS_CHAIRCTL_HARNESS_H_
