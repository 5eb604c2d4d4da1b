// The whole service for tests: in the test's own process, or as the binary that is shipped.
#ifndef EMPTYCHAIR_TESTS_SERVICE_HARNESS_BACKEND_H_
#define EMPTYCHAIR_TESTS_SERVICE_HARNESS_BACKEND_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "emptychair/client/client.h"
#include "gtest/gtest.h"
#include "rocksdb/env.h"
#include "tests/helpers/subprocess.h"

namespace emptychair::testing {

// Long enough for a loaded machine; a test that needs it all has failed.
inline constexpr absl::Duration kLong = absl::Seconds(60);

// Where the clock of a server in the test's own process stands. Before the machine's own time, so
// that no deadline of a call has passed by it, and after every time that tests of both backends
// send.
inline constexpr absl::Time kFakeNow = absl::FromUnixSeconds(1'719'835'200);  // 2024-07-01T12:00Z

enum class BackendKind { kInProcess, kBinary };

// A server with a store of its own, both gone with this object.
class Backend {
 public:
  virtual ~Backend() = default;

  // "127.0.0.1:PORT".
  virtual std::string endpoint() const = 0;

  // The clock that the server reads; null for the binary.
  virtual FakeClock* clock() { return nullptr; }

  // Where the database of the server's "/store" is kept; null for the binary.
  virtual rocksdb::Env* env() { return nullptr; }

  // Starts a server of the kind. Aborts when it does not.
  static std::unique_ptr<Backend> Start(BackendKind kind);
  // One in the test's own process that keeps no columns: all that no sum answers it reads from
  // records.
  static std::unique_ptr<Backend> StartWithoutColumns();
};

// The binary, listening. Must be started and kept on a thread that outlives it.
struct RunningBinary {
  std::unique_ptr<Subprocess> process;
  std::string endpoint;
};

// Starts emptychaird on `directory` and waits for the line that says where it listens.
absl::StatusOr<RunningBinary> StartBinary(const std::string& directory,
                                          const std::vector<std::string>& more_flags = {});

// A client of the server at `endpoint` that sends nothing twice: tests see every answer.
Client MakeClient(const std::string& endpoint, absl::Duration timeout = kLong);

// A new server and a client of it for each test.
class ServiceTest : public ::testing::TestWithParam<BackendKind> {
 protected:
  ServiceTest() : backend_(Backend::Start(GetParam())), client_(MakeClient(backend_->endpoint())) {}

  Client& client() { return client_; }
  Backend& backend() { return *backend_; }
  const std::string endpoint() const { return backend_->endpoint(); }

 private:
  std::unique_ptr<Backend> backend_;
  Client client_;
};

// A server in the test's own process, whose clock the test sets.
class ClockedServiceTest : public ::testing::Test {
 protected:
  ClockedServiceTest()
      : backend_(Backend::Start(BackendKind::kInProcess)),
        client_(MakeClient(backend_->endpoint())) {}

  Client& client() { return client_; }
  FakeClock& clock() { return *backend_->clock(); }
  rocksdb::Env* env() { return backend_->env(); }
  const std::string endpoint() const { return backend_->endpoint(); }

 private:
  std::unique_ptr<Backend> backend_;
  Client client_;
};

// Runs the tests of `suite`, a ServiceTest, on both backends.
#define EMPTYCHAIR_ON_BOTH_BACKENDS(suite)                                                    \
  INSTANTIATE_TEST_SUITE_P(                                                                   \
      Backends, suite, ::testing::Values(BackendKind::kInProcess, BackendKind::kBinary),      \
      [](const auto& info) {                                                                  \
        return std::string(info.param == BackendKind::kInProcess ? "InProcess" : "AsBinary"); \
      })

}  // namespace emptychair::testing

#endif  // EMPTYCHAIR_TESTS_SERVICE_HARNESS_BACKEND_H_
