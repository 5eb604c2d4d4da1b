#include "server/tls/server_certificates.h"

#include <sys/stat.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "grpcpp/security/tls_certificate_provider.h"
#include "grpcpp/security/tls_credentials_options.h"

namespace emptychair {
namespace {

constexpr absl::Duration kTick = absl::Seconds(1);
// How often gRPC looks at what is published.
constexpr unsigned int kProviderSeconds = 1;

// From the first refusal to the second attempt, and from then on.
constexpr absl::Duration kSecondAttempt = absl::Seconds(2);
constexpr absl::Duration kLaterAttempts = absl::Minutes(1);

constexpr absl::Duration kWarnedBefore = absl::Hours(14 * 24);
constexpr absl::Duration kWarnedEvery = absl::Hours(24);

std::string TimeText(absl::Time time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", time, absl::UTCTimeZone());
}

int64_t Nanos(const timespec& time) {
  return static_cast<int64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

}  // namespace

absl::StatusOr<std::unique_ptr<ServerCertificates>> ServerCertificates::Load(
    const TlsOptions& options, const Clock* clock, ServerLog* log) {
  ASSIGN_OR_RETURN(TlsMaterial material, LoadTlsMaterial(options, clock->Now()));
  return std::unique_ptr<ServerCertificates>(
      new ServerCertificates(options, clock, log, std::move(material)));
}

ServerCertificates::ServerCertificates(TlsOptions options, const Clock* clock, ServerLog* log,
                                       TlsMaterial material)
    : options_(std::move(options)), clock_(clock), log_(log), material_(std::move(material)) {
  absl::MutexLock lock(&mutex_);
  // Not those of now: a file can have changed since it was read.
  stamps_ = {};
}

ServerCertificates::~ServerCertificates() {
  {
    absl::MutexLock lock(&mutex_);
    stops_ = true;
  }
  if (thread_.joinable()) {
    thread_.join();
  }
}

absl::Status ServerCertificates::PublishIn(const std::string& directory) {
  absl::MutexLock lock(&mutex_);
  ASSIGN_OR_RETURN(published_, PublishedFiles::Open(directory));
  RETURN_IF_ERROR(published_->Publish(material_, clock_->Now()));
  log_->Info("certificate loaded", {{"fingerprint", material_.fingerprint},
                                    {"not_after", TimeText(material_.not_after)}});
  return absl::OkStatus();
}

std::shared_ptr<grpc::ServerCredentials> ServerCertificates::MakeCredentials() const {
  absl::MutexLock lock(&mutex_);
  const bool asks_clients = !options_.client_ca_file.empty();
  grpc::experimental::TlsServerCredentialsOptions tls(
      std::make_shared<grpc::experimental::FileWatcherCertificateProvider>(
          published_->CurrentPath("key.pem"), published_->CurrentPath("cert.pem"),
          asks_clients ? published_->CurrentPath("ca.pem") : "", kProviderSeconds));
  tls.watch_identity_key_cert_pairs();
  if (asks_clients) {
    tls.watch_root_certs();
    tls.set_cert_request_type(options_.client_certificates == "required"
                                  ? GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY
                                  : GRPC_SSL_REQUEST_CLIENT_CERTIFICATE_AND_VERIFY);
  }
  return grpc::experimental::TlsServerCredentials(tls);
}

void ServerCertificates::StartWatching() {
  thread_ = std::thread([this] { Watch(); });
}

void ServerCertificates::Watch() {
  const auto stops = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return stops_; };
  while (true) {
    {
      absl::MutexLock lock(&mutex_);
      if (mutex_.AwaitWithTimeout(absl::Condition(&stops), kTick)) {
        return;
      }
    }
    Tick();
  }
}

void ServerCertificates::Reload() {
  absl::MutexLock lock(&mutex_);
  const absl::Time now = clock_->Now();
  stamps_ = StampsNow();
  if (const absl::Status loaded = TryLoad(now); !loaded.ok()) {
    reported_.clear();
    Report(loaded);
    retry_time_ = now + kSecondAttempt;
  }
}

void ServerCertificates::Tick() {
  absl::MutexLock lock(&mutex_);
  const absl::Time now = clock_->Now();
  const Stamps stamps = StampsNow();
  const bool has_changed = stamps != stamps_;
  if (has_changed || (retry_time_.has_value() && now >= *retry_time_)) {
    stamps_ = stamps;
    TryQuietly(now);
  }
  WarnOfEnd(now);
  if (published_.has_value()) {
    published_->RemoveOld(now);
  }
}

void ServerCertificates::TryQuietly(absl::Time now) {
  const absl::Status loaded = TryLoad(now);
  if (loaded.ok()) {
    return;
  }
  if (retry_time_.has_value() && now >= *retry_time_) {
    Report(loaded);
    retry_time_ = now + kLaterAttempts;
  } else {
    retry_time_ = std::min(retry_time_.value_or(absl::InfiniteFuture()), now + kSecondAttempt);
  }
}

// Takes what stands in the files, if it is good.
absl::Status ServerCertificates::TryLoad(absl::Time now) {
  ASSIGN_OR_RETURN(TlsMaterial material, LoadTlsMaterial(options_, now));
  if (!material.HasFilesOf(material_)) {
    if (published_.has_value()) {
      RETURN_IF_ERROR(published_->Publish(material, now));
    }
    material_ = std::move(material);
    ++loaded_;
    next_warning_ = absl::InfinitePast();
    log_->Info("certificate loaded", {{"fingerprint", material_.fingerprint},
                                      {"not_after", TimeText(material_.not_after)}});
  }
  retry_time_.reset();
  reported_.clear();
  return absl::OkStatus();
}

void ServerCertificates::Report(const absl::Status& refused) {
  if (reported_ == refused.message()) {
    return;
  }
  reported_ = std::string(refused.message());
  ++refused_;
  log_->Warning("certificate refused", {{"error", refused.message()},
                                        {"fingerprint", material_.fingerprint},
                                        {"not_after", TimeText(material_.not_after)}});
}

void ServerCertificates::WarnOfEnd(absl::Time now) {
  if (now < material_.not_after - kWarnedBefore || now < next_warning_) {
    return;
  }
  next_warning_ = now + kWarnedEvery;
  const bool has_ended = now > material_.not_after;
  log_->Warning(
      has_ended ? "certificate has ended" : "certificate ends soon",
      {{"fingerprint", material_.fingerprint}, {"not_after", TimeText(material_.not_after)}});
}

ServerCertificates::Stamps ServerCertificates::StampsNow() const {
  Stamps stamps{};
  const std::string* const paths[] = {&options_.certificate_file, &options_.key_file,
                                      &options_.client_ca_file};
  for (size_t i = 0; i < stamps.size(); ++i) {
    struct stat status {};
    if (!paths[i]->empty() && stat(paths[i]->c_str(), &status) == 0) {
      stamps[i] = {1,
                   static_cast<int64_t>(status.st_dev),
                   static_cast<int64_t>(status.st_ino),
                   static_cast<int64_t>(status.st_size),
                   Nanos(status.st_mtim),
                   Nanos(status.st_ctim)};
    }
  }
  return stamps;
}

ServerCertificates::Figures ServerCertificates::figures() const {
  absl::MutexLock lock(&mutex_);
  return {material_.fingerprint, material_.not_after, loaded_, refused_};
}

void AddCertificateMetrics(MetricRegistry& registry, const ServerCertificates* certificates) {
  const std::string reloads = "emptychair_certificate_reloads_total";
  const std::string reloads_help = "Changes of the files of encryption, by what became of them.";
  registry.AddFigures(
      {{MetricType::kGauge, "emptychair_certificate_expiry_timestamp_seconds",
        "When the server's certificate ends, in seconds since 1970; 0 in plain text."},
       {MetricType::kCounter, reloads, reloads_help, {{"result", "loaded"}}},
       {MetricType::kCounter, reloads, reloads_help, {{"result", "refused"}}}},
      [certificates]() -> std::vector<double> {
        if (certificates == nullptr) {
          return {0, 0, 0};
        }
        const ServerCertificates::Figures figures = certificates->figures();
        return {static_cast<double>(absl::ToUnixSeconds(figures.not_after)),
                static_cast<double>(figures.loaded), static_cast<double>(figures.refused)};
      });
}

std::string TlsDirectory(const std::string& data_directory, absl::string_view runtime_directory) {
  const absl::string_view first = runtime_directory.substr(0, runtime_directory.find(':'));
  return absl::StrCat(first.empty() ? data_directory : first, "/tls");
}

}  // namespace emptychair
