// The server's certificate in use, and the files that it is renewed from.
#ifndef EMPTYCHAIR_SERVER_TLS_SERVER_CERTIFICATES_H_
#define EMPTYCHAIR_SERVER_TLS_SERVER_CERTIFICATES_H_

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "grpcpp/security/server_credentials.h"
#include "server/telemetry/metric_registry.h"
#include "server/telemetry/server_log.h"
#include "server/tls/published_files.h"
#include "server/tls/tls_material.h"
#include "server/tls/tls_options.h"

namespace emptychair {

// Loads certificate, key and client CA, hands them to gRPC, and takes what stands in their files
// later on: when it is told to, and when a file has changed. What does not pass LoadTlsMaterial
// never reaches gRPC; the set before stays in use. New connections get a new certificate within a
// second or two, those that are open go on. Thread-safe.
//
// Events: `certificate loaded`, `certificate refused` with the `error`, and from 14 days before its
// end, daily, `certificate ends soon`, then `certificate has ended`. All have `fingerprint` and
// `not_after` of the certificate in use, none has anything else of the files.
class ServerCertificates {
 public:
  // What the server's figures show.
  struct Figures {
    // Of the certificate in use.
    std::string fingerprint;
    absl::Time not_after;
    // Changes of the files that were taken, and that were refused, since the start.
    int64_t loaded = 0;
    int64_t refused = 0;
  };

  // Reads and checks the files of `options`, which are on. Errors as of LoadTlsMaterial. `clock`
  // and `log` must outlive the certificates.
  static absl::StatusOr<std::unique_ptr<ServerCertificates>> Load(const TlsOptions& options,
                                                                  const Clock* clock,
                                                                  ServerLog* log);

  // Stops watching. What was published stays, for credentials that are still in use.
  ~ServerCertificates();
  ServerCertificates(const ServerCertificates&) = delete;
  ServerCertificates& operator=(const ServerCertificates&) = delete;

  // Puts the files where gRPC reads them: into `directory`, which belongs to this alone. Once,
  // before what follows. Errors: UNAVAILABLE.
  absl::Status PublishIn(const std::string& directory);

  // Credentials of a listener: TLS 1.2 or later, with the certificate in use.
  std::shared_ptr<grpc::ServerCredentials> MakeCredentials() const;

  // Has Tick called every second, on a thread of its own.
  void StartWatching();

  // Takes what stands in the files now, whether they have changed or not, or says why not.
  void Reload();

  // Looks whether a file has changed, and takes what stands there. What is refused is tried again
  // after two seconds, because files that belong together are often written one after the other,
  // and only then reported; after that once a minute, without a word unless the reason is another.
  // Also warns of the certificate's end, and removes what was published long ago.
  void Tick();

  Figures figures() const;

 private:
  // What tells that a file is another one, or has changed; all zero for one that is not there.
  using Stamp = std::array<int64_t, 6>;
  using Stamps = std::array<Stamp, 3>;

  ServerCertificates(TlsOptions options, const Clock* clock, ServerLog* log, TlsMaterial material);

  Stamps StampsNow() const;
  absl::Status TryLoad(absl::Time now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void TryQuietly(absl::Time now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Report(const absl::Status& refused) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void WarnOfEnd(absl::Time now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Watch();

  const TlsOptions options_;
  const Clock* const clock_;
  ServerLog* const log_;

  mutable absl::Mutex mutex_;
  TlsMaterial material_ ABSL_GUARDED_BY(mutex_);
  std::optional<PublishedFiles> published_ ABSL_GUARDED_BY(mutex_);
  // Of the files when they were last read.
  Stamps stamps_ ABSL_GUARDED_BY(mutex_);
  // When to try again what was refused, and what was reported of it; empty: nothing yet.
  std::optional<absl::Time> retry_time_ ABSL_GUARDED_BY(mutex_);
  std::string reported_ ABSL_GUARDED_BY(mutex_);
  absl::Time next_warning_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();
  int64_t loaded_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t refused_ ABSL_GUARDED_BY(mutex_) = 0;
  bool stops_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

// Declares the metrics of `certificates`, which are 0 where that is null, in plain text. It must
// outlive the last scrape.
void AddCertificateMetrics(MetricRegistry& registry, const ServerCertificates* certificates);

// Where a server publishes its certificate: in `tls` of the folder that systemd made for it at run
// time (`runtime_directory`, the first of several), else of its data.
std::string TlsDirectory(const std::string& data_directory, absl::string_view runtime_directory);

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_TLS_SERVER_CERTIFICATES_H_
