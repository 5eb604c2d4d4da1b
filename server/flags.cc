#include "server/flags.h"

#include <cstdint>
#include <string>
#include <thread>

#include "absl/flags/flag.h"
#include "absl/time/time.h"

ABSL_FLAG(std::string, data, "", "Folder of the store; made if it is not there. Required.");
ABSL_FLAG(std::string, listen, emptychair::ServerConfig().listen_address,
          "Where to listen: HOST:PORT, [IPv6]:PORT or unix:PATH; port 0 takes any that is free. "
          "Anything but loopback needs --tls_certificate and --tls_key, or --insecure.");
ABSL_FLAG(bool, insecure, false,
          "Listen in plain text where others than this machine can connect.");
ABSL_FLAG(
    std::string, tls_certificate, "",
    "File with the server's certificate, and those that issued it, as PEM: encrypts --listen. "
    "Read again when it changes.");
ABSL_FLAG(std::string, tls_key, "", "File with the certificate's private key, as PEM.");
ABSL_FLAG(std::string, tls_client_ca, "",
          "File with the certificates of who may issue clients' certificates, as PEM: asks clients "
          "for one.");
ABSL_FLAG(std::string, tls_client_certificates, emptychair::ServerConfig().tls.client_certificates,
          "Whether clients must have a certificate by --tls_client_ca: optional or required.");
ABSL_FLAG(
    std::string, http_listen, "",
    "Where to serve /metrics, /healthz and /readyz: HOST:PORT, [IPv6]:PORT or off; port 0 takes "
    "any that is free. Empty: 127.0.0.1:7444, and off if that is taken. Anything but loopback "
    "needs --http_insecure.");
ABSL_FLAG(bool, http_insecure, false,
          "Serve HTTP, which is plain text, where others than this machine can connect.");
ABSL_FLAG(
    std::string, anonymous, "",
    "What callers may do who do not say who they are: none, submitter, reader, analyst, editor "
    "or admin. Default: admin where only this machine can connect in plain text, else none.");
ABSL_FLAG(std::string, admin_socket, "",
          "Unix socket whose callers are admins, for this user alone: a path, or off. Default: "
          "admin.sock in --data.");
ABSL_FLAG(int, audit_days, emptychair::ServerConfig().audit_days,
          "Days for which it is kept who did what: 30 to 3650.");
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
ABSL_FLAG(
    std::string, backup_dir, "",
    "Folder of backups; made if it is not there. Best on another disk than --data. Empty: the "
    "server makes no backups.");
ABSL_FLAG(int64_t, backup_bytes_per_second, emptychair::ServerConfig().backup_bytes_per_second,
          "Bytes that a backup reads in a second at most. 0: without a limit.");
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
  config.tls.certificate_file = absl::GetFlag(FLAGS_tls_certificate);
  config.tls.key_file = absl::GetFlag(FLAGS_tls_key);
  config.tls.client_ca_file = absl::GetFlag(FLAGS_tls_client_ca);
  config.tls.client_certificates = absl::GetFlag(FLAGS_tls_client_certificates);
  config.http_listen = absl::GetFlag(FLAGS_http_listen);
  config.http_insecure = absl::GetFlag(FLAGS_http_insecure);
  config.anonymous = absl::GetFlag(FLAGS_anonymous);
  config.admin_socket = absl::GetFlag(FLAGS_admin_socket);
  config.audit_days = absl::GetFlag(FLAGS_audit_days);
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
  config.backup_directory = absl::GetFlag(FLAGS_backup_dir);
  config.backup_bytes_per_second = absl::GetFlag(FLAGS_backup_bytes_per_second);
  config.receive_bytes_max = absl::GetFlag(FLAGS_receive_bytes);
  return config;
}

}  // namespace emptychair
