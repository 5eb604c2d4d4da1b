#include "tests/service/monitoring/monitored_server.h"

#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "client/testing/in_process_server.h"
#include "tests/helpers/status_matchers.h"
#include "tests/service/harness/backend.h"

namespace emptychair::testing {

std::map<std::string, double> ValuesOf(absl::string_view page) {
  std::map<std::string, double> values;
  for (const absl::string_view line : absl::StrSplit(page, '\n', absl::SkipEmpty())) {
    const size_t blank = line.rfind(' ');
    double value = 0;
    if (line[0] == '#' || blank == absl::string_view::npos) {
      continue;
    }
    EXPECT_TRUE(absl::SimpleAtod(line.substr(blank + 1), &value)) << line;
    EXPECT_TRUE(values.emplace(line.substr(0, blank), value).second) << "twice: " << line;
  }
  return values;
}

MonitoredServerTest::MonitoredServerTest()
    : files_(std::make_shared<MonitoredFileSystem>()),
      env_(rocksdb::NewCompositeEnv(files_)),
      clock_(kFakeNow),
      log_(&clock_, [](absl::string_view) {}),
      config_(InProcessConfig(directory_.Join("data"))) {
  config_.http_listen = "127.0.0.1:0";
}

void MonitoredServerTest::Start() {
  ServerEnvironment environment;
  environment.clock = &clock_;
  environment.env = env_.get();
  environment.stuck_after = stuck_after_;
  absl::StatusOr<std::unique_ptr<Server>> server =
      Server::Start(config_, &log_, std::move(environment));
  ASSERT_OK(server);
  server_ = *std::move(server);
}

Client MonitoredServerTest::NewClient() const { return MakeClient(server_->address()); }

}  // namespace emptychair::testing
