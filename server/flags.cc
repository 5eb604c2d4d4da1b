#include "server/flags.h"

#include <cstdint>
#include <string>
#include <thread>

#include "absl/flags/flag.h"
#include "absl/time/time.h"

ABSL_FLAG(std::string, data, "", "Folder of the store; made if it is not there. Required.");
ABSL_FLAG(std::string, listen, emptychair::ServerConfig().listen_address,
          "Where to listen: HOST:PORT, [IPv6]:PORT or unix:PATH; port 0 takes any that is free. "
          "Anything but loopback needs --insecure.");
ABSL_FLAG(bool, insecure, false,
          "Listen in plain text where others than this machine can connect.");
ABSL_FLAG(std::string, access_log, emptychair::ServerConfig().access_log,
          "Where a line about each call goes: stderr, off, or a file to append to.");
ABSL_FLAG(absl::Duration, drain_deadline, emptychair::ServerConfig().drain_deadline,
          "How long calls under way may take to finish after SIGTERM.");
ABSL_FLAG(int, query_threads, 0, "Queries that run at once. 0: fit for this machine.");
ABSL_FLAG(int, query_queue, 0, "Queries that may wait. 0: the default.");
ABSL_FLAG(int, scan_threads, 0, "Long reads that run at once. 0: fit for this machine.");
ABSL_FLAG(int, scan_queue, 0, "Long reads that may wait. 0: the default.");
ABSL_FLAG(int, ingest_threads, 0, "Batches that are prepared at once. 0: fit for this machine.");
ABSL_FLAG(int, ingest_queue, 0, "Batches that may wait to be prepared. 0: the default.");
ABSL_FLAG(
    int, maintenance_queue, 0,
    "Checks and repairs of the whole store that may wait; one runs at a time. 0: the default.");
ABSL_FLAG(int64_t, queue_bytes, emptychair::ServerConfig().queue_bytes_max,
          "Bytes of changes that may wait for the disk; past it calls are refused.");
ABSL_FLAG(int64_t, disk_reserve_bytes, emptychair::ServerConfig().disk_reserve_bytes,
          "Bytes of the store's disk that stay free: with fewer, changes that need space are "
          "refused. 0: none.");
ABSL_FLAG(int64_t, block_cache_bytes, emptychair::ServerConfig().block_cache_bytes,
          "Bytes of the store's tables kept in memory.");
ABSL_FLAG(int64_t, column_bytes, emptychair::ServerConfig().column_bytes_max,
          "Bytes of records kept in memory as columns, for queries that no sum answers. 0: none.");
ABSL_FLAG(bool, steward, true,
          "Measure by itself, behind the writes, how much customers repeat themselves.");
ABSL_FLAG(int64_t, receive_bytes, emptychair::ServerConfig().receive_bytes_max,
          "Bytes that requests still being received may take in all.");

namespace emptychair {
namespace {

void Override(int& value, int flag) {
  if (flag != 0) {
    value = flag;
  }
}

}  // namespace

ServerConfig ConfigFromFlags() {
  ServerConfig config;
  config.data_directory = absl::GetFlag(FLAGS_data);
  config.listen_address = absl::GetFlag(FLAGS_listen);
  config.insecure = absl::GetFlag(FLAGS_insecure);
  config.access_log = absl::GetFlag(FLAGS_access_log);
  config.drain_deadline = absl::GetFlag(FLAGS_drain_deadline);
  config.executor =
      ExecutorOptions::ForCores(static_cast<int>(std::thread::hardware_concurrency()));
  Override(config.executor.query.threads, absl::GetFlag(FLAGS_query_threads));
  Override(config.executor.query.queue_max, absl::GetFlag(FLAGS_query_queue));
  Override(config.executor.scan.threads, absl::GetFlag(FLAGS_scan_threads));
  Override(config.executor.scan.queue_max, absl::GetFlag(FLAGS_scan_queue));
  Override(config.executor.ingest.threads, absl::GetFlag(FLAGS_ingest_threads));
  Override(config.executor.ingest.queue_max, absl::GetFlag(FLAGS_ingest_queue));
  Override(config.executor.maintenance.queue_max, absl::GetFlag(FLAGS_maintenance_queue));
  config.queue_bytes_max = absl::GetFlag(FLAGS_queue_bytes);
  config.disk_reserve_bytes = absl::GetFlag(FLAGS_disk_reserve_bytes);
  config.block_cache_bytes = absl::GetFlag(FLAGS_block_cache_bytes);
  config.column_bytes_max = absl::GetFlag(FLAGS_column_bytes);
  if (!absl::GetFlag(FLAGS_steward)) {
    config.steward_period = absl::ZeroDuration();
  }
  config.receive_bytes_max = absl::GetFlag(FLAGS_receive_bytes);
  return config;
}

}  // namespace emptychair
