// Calls FakeService. Its messages stay in control_client.cc: their namespace is named as the API's.
#ifndef EMPTYCHAIR_TESTS_CLIENT_TESTING_CONTROL_CLIENT_H_
#define EMPTYCHAIR_TESTS_CLIENT_TESTING_CONTROL_CLIENT_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace emptychair::testing {

// Takes numbers as they travel, so that wrong ones can be sent. Thread-safe.
class ControlClient {
 public:
  explicit ControlClient(const std::string& endpoint);
  ~ControlClient();

  absl::Status SetTime(int64_t seconds, int32_t nanos = 0);
  absl::Status SetNoTime();
  absl::Status FailNext(const std::string& method, int32_t code, int32_t count,
                        const std::string& message = "");
  absl::StatusOr<int> DropConnections();
  absl::Status Restart();

 private:
  class Stub;

  const std::unique_ptr<Stub> stub_;
};

}  // namespace emptychair::testing

#endif  // EMPTYCHAIR_TESTS_CLIENT_TESTING_CONTROL_CLIENT_H_
