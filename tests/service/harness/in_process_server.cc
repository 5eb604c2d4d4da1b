#include "tests/service/harness/in_process_server.h"

#include <utility>

namespace emptychair::testing {

absl::StatusOr<std::unique_ptr<Server>> StartInProcess(const std::string& directory, ServerLog* log,
                                                       ServerEnvironment environment,
                                                       int64_t column_bytes_max) {
  ServerConfig config;
  config.data_directory = directory;
  config.listen_address = "127.0.0.1:0";
  config.access_log = "off";
  config.column_bytes_max = column_bytes_max;
  // A test that wants something measured asks for it.
  config.steward_period = absl::ZeroDuration();
  return Server::Start(config, log, std::move(environment));
}

}  // namespace emptychair::testing
