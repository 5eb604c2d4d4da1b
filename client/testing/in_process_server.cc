#include "client/testing/in_process_server.h"

#include <utility>

namespace emptychair::testing {

ServerConfig InProcessConfig(const std::string& directory) {
  ServerConfig config;
  config.data_directory = directory;
  config.listen_address = "127.0.0.1:0";
  config.http_listen = kHttpOff;
  config.access_log = "off";
  // A test that wants something measured asks for it.
  config.steward_period = absl::ZeroDuration();
  return config;
}

absl::StatusOr<std::unique_ptr<Server>> StartInProcess(const std::string& directory, ServerLog* log,
                                                       ServerEnvironment environment,
                                                       int64_t column_bytes_max) {
  ServerConfig config = InProcessConfig(directory);
  config.column_bytes_max = column_bytes_max;
  return Server::Start(config, log, std::move(environment));
}

}  // namespace emptychair::testing
