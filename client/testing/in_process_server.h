// A server in the test's own process.
#ifndef EMPTYCHAIR_CLIENT_TESTING_IN_PROCESS_SERVER_H_
#define EMPTYCHAIR_CLIENT_TESTING_IN_PROCESS_SERVER_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "server/config.h"
#include "server/server.h"
#include "server/telemetry/server_log.h"

namespace emptychair::testing {

// What StartInProcess starts with, for tests that want something else of it.
ServerConfig InProcessConfig(const std::string& directory);

// A server on the store in `directory`, listening on any free port of loopback.
absl::StatusOr<std::unique_ptr<Server>> StartInProcess(
    const std::string& directory, ServerLog* log, ServerEnvironment environment,
    int64_t column_bytes_max = ServerConfig().column_bytes_max);

}  // namespace emptychair::testing

#endif  // EMPTYCHAIR_CLIENT_TESTING_IN_PROCESS_SERVER_H_
