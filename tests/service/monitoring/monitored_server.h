// A server in the test's own process that serves HTTP, on a disk that can hang and be full.
#ifndef EMPTYCHAIR_TESTS_SERVICE_MONITORING_MONITORED_SERVER_H_
#define EMPTYCHAIR_TESTS_SERVICE_MONITORING_MONITORED_SERVER_H_

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "common/base/clock.h"
#include "emptychair/client/client.h"
#include "gtest/gtest.h"
#include "rocksdb/env.h"
#include "server/config.h"
#include "server/server.h"
#include "server/telemetry/server_log.h"
#include "tests/helpers/gated_file_system.h"
#include "tests/helpers/raw_http.h"
#include "tests/helpers/temp_dir.h"

namespace emptychair::testing {

// The machine's files, with as much free space as the test says.
class MonitoredFileSystem final : public GatedFileSystem {
 public:
  void SetFreeBytes(uint64_t bytes) { free_bytes_ = bytes; }

  rocksdb::IOStatus GetFreeSpace(const std::string&, const rocksdb::IOOptions&, uint64_t* bytes,
                                 rocksdb::IODebugContext*) override {
    *bytes = free_bytes_;
    return rocksdb::IOStatus::OK();
  }

 private:
  std::atomic<uint64_t> free_bytes_{uint64_t{1} << 40};
};

// The values of a page, each by its name with its labels as the page has them.
std::map<std::string, double> ValuesOf(absl::string_view page);

class MonitoredServerTest : public ::testing::Test {
 protected:
  MonitoredServerTest();
  // So that a failed test ends.
  ~MonitoredServerTest() override { files_->Open(); }

  // Any free port is taken unless `config_` says another.
  void Start();

  Client NewClient() const;
  std::string http() const { return server_->http_address(); }
  std::map<std::string, double> Scrape() const {
    return ValuesOf(GetHttp(http(), "/metrics").body);
  }

  const std::shared_ptr<MonitoredFileSystem> files_;
  const std::unique_ptr<rocksdb::Env> env_;
  TempDir directory_;
  FakeClock clock_;
  ServerLog log_;
  ServerConfig config_;
  absl::Duration stuck_after_ = absl::Seconds(10);
  std::unique_ptr<Server> server_;
};

}  // namespace emptychair::testing

#endif  // EMPTYCHAIR_TESTS_SERVICE_MONITORING_MONITORED_SERVER_H_
