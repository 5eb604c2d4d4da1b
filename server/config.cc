#include "server/config.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/base/errors.h"
#include "common/base/loopback.h"
#include "common/base/status_macros.h"
#include "server/access/roles.h"

namespace emptychair {
namespace {

constexpr int kPortMax = 65'535;
constexpr int kThreadsMax = 1'024;
constexpr int kQueueMax = 1'000'000;
constexpr int64_t kMebibyte = int64_t{1} << 20;
constexpr int64_t kBytesMax = int64_t{1} << 40;
constexpr absl::Duration kDrainDeadlineMax = absl::Hours(1);

absl::Status Invalid(absl::string_view flag, absl::string_view description) {
  return FieldError(v1::ERROR_REASON_FIELD_INVALID, flag, description);
}

// A flag that says where to listen.
struct AddressFlag {
  absl::string_view name;
  absl::string_view wanted;
  // What to do about an address that others can reach.
  absl::string_view remedy;
};

constexpr AddressFlag kListen = {
    "--listen", "HOST:PORT, [IPv6]:PORT or unix:PATH, for example 127.0.0.1:7443",
    "give --tls_certificate and --tls_key, listen on 127.0.0.1, [::1], localhost or unix:PATH, or "
    "say --insecure if the network in between is trusted"};
constexpr AddressFlag kHttpListen = {
    "--http_listen", "HOST:PORT, [IPv6]:PORT or off, for example 127.0.0.1:7444",
    "listen on 127.0.0.1, [::1] or localhost, or say --http_insecure if the network in between is "
    "trusted"};

absl::Status InvalidAddress(const AddressFlag& flag, absl::string_view address,
                            absl::string_view fault) {
  return Invalid(flag.name,
                 absl::StrCat("is ", Quoted(address, 256), ", ", fault, "; wanted ", flag.wanted));
}

// Whether only this machine can reach a valid address.
bool IsLocal(const std::string& address) {
  if (absl::StartsWith(address, "unix:")) {
    return true;
  }
  const std::string host = address.substr(0, address.rfind(':'));
  return IsLoopback(std::string(absl::StripSuffix(absl::StripPrefix(host, "["), "]")));
}

bool IsIpv6(const std::string& host) {
  in6_addr address;
  return ::inet_pton(AF_INET6, host.c_str(), &address) == 1;
}

bool IsHostName(absl::string_view host) {
  for (const char c : host) {
    if (!absl::ascii_isalnum(static_cast<unsigned char>(c)) && c != '.' && c != '-' && c != '_') {
      return false;
    }
  }
  return !host.empty();
}

absl::Status ValidatePort(const AddressFlag& flag, absl::string_view address,
                          absl::string_view text) {
  int port = -1;
  for (const char c : text) {
    // SimpleAtoi takes signs and blanks as well.
    if (!absl::ascii_isdigit(static_cast<unsigned char>(c))) {
      return InvalidAddress(flag, address, "whose port is not a number");
    }
  }
  if (!absl::SimpleAtoi(text, &port) || port > kPortMax) {
    return InvalidAddress(flag, address, "whose port is not from 0 to 65535");
  }
  return absl::OkStatus();
}

absl::Status ValidateHostAndPort(const AddressFlag& flag, const std::string& address,
                                 bool may_be_elsewhere) {
  const size_t colon = address.rfind(':');
  if (colon == std::string::npos) {
    return InvalidAddress(flag, address, "which has no port");
  }
  std::string host = address.substr(0, colon);
  if (absl::StartsWith(host, "[") && absl::EndsWith(host, "]")) {
    host = host.substr(1, host.size() - 2);
    if (!IsIpv6(host)) {
      return InvalidAddress(flag, address, "which has no IPv6 address between its brackets");
    }
  } else if (absl::StrContains(host, ":")) {
    return InvalidAddress(flag, address, "whose IPv6 address is not in brackets");
  } else if (!IsHostName(host)) {
    return InvalidAddress(flag, address,
                          host.empty() ? "which has no host" : "which has no valid host");
  }
  RETURN_IF_ERROR(ValidatePort(flag, address, absl::string_view(address).substr(colon + 1)));
  if (!may_be_elsewhere && !IsLoopback(host)) {
    return Invalid(flag.name, absl::StrCat("is ", Quoted(address, 256),
                                           ", which others than this machine can reach, and there "
                                           "is no encryption; ",
                                           flag.remedy));
  }
  return absl::OkStatus();
}

absl::Status ValidateListen(const std::string& address, bool may_be_elsewhere) {
  if (absl::string_view path = address; absl::ConsumePrefix(&path, "unix:")) {
    return path.empty() ? InvalidAddress(kListen, address, "which has no path") : absl::OkStatus();
  }
  return ValidateHostAndPort(kListen, address, may_be_elsewhere);
}

absl::Status ValidateHttpListen(const ServerConfig& config) {
  if (config.http_listen.empty() || config.http_listen == kHttpOff) {
    return absl::OkStatus();
  }
  return ValidateHostAndPort(kHttpListen, config.http_listen, config.http_insecure);
}

// Whether the files belong together; what is in them, their loading tells.
absl::Status ValidateTls(const TlsOptions& tls) {
  if (tls.certificate_file.empty() != tls.key_file.empty()) {
    const bool has_key = !tls.key_file.empty();
    return FieldError(v1::ERROR_REASON_FIELD_REQUIRED,
                      has_key ? TlsOptions::kCertificateFlag : TlsOptions::kKeyFlag,
                      absl::StrCat("is missing beside ",
                                   has_key ? TlsOptions::kKeyFlag : TlsOptions::kCertificateFlag,
                                   "; encryption needs a certificate and its key"));
  }
  if (!tls.is_on() && !tls.client_ca_file.empty()) {
    return Invalid(TlsOptions::kClientCaFlag,
                   "is for encryption; wanted --tls_certificate and --tls_key beside it");
  }
  if (tls.client_certificates != "optional" && tls.client_certificates != "required") {
    return Invalid(
        TlsOptions::kClientCertificatesFlag,
        absl::StrCat("is ", Quoted(tls.client_certificates), "; wanted optional or required"));
  }
  if (tls.client_certificates == "required" && tls.client_ca_file.empty()) {
    return Invalid(TlsOptions::kClientCertificatesFlag,
                   "is required, and nothing says who may issue them; wanted --tls_client_ca "
                   "beside it");
  }
  return absl::OkStatus();
}

absl::Status ValidateAnonymous(const ServerConfig& config) {
  if (config.anonymous.empty()) {
    return absl::OkStatus();
  }
  const std::optional<v1::Role> role = ParseRole(config.anonymous);
  if (!role.has_value() || *role == v1::ROLE_OPERATOR) {
    return Invalid("--anonymous",
                   absl::StrCat("is ", Quoted(config.anonymous),
                                "; wanted none, submitter, reader, analyst, editor or admin"));
  }
  if (*role == v1::ROLE_ADMIN && !IsLocal(config.listen_address)) {
    return Invalid(
        "--anonymous",
        absl::StrCat("is admin, and others than this machine can reach ", config.listen_address,
                     "; give callers keys (chairctl key create), or listen on "
                     "127.0.0.1, [::1], localhost or unix:PATH"));
  }
  return absl::OkStatus();
}

absl::Status ValidateRange(absl::string_view flag, int64_t value, int64_t min, int64_t max) {
  if (value < min || value > max) {
    return Invalid(flag, absl::StrCat("is ", value, ", wanted ", min, " to ", max));
  }
  return absl::OkStatus();
}

absl::Status ValidateLane(absl::string_view lane, const LaneOptions& options) {
  RETURN_IF_ERROR(
      ValidateRange(absl::StrCat("--", lane, "_threads"), options.threads, 1, kThreadsMax));
  return ValidateRange(absl::StrCat("--", lane, "_queue"), options.queue_max, 1, kQueueMax);
}

}  // namespace

namespace {

// Whether `path` is `folder` or in it, as they are written.
bool IsWithin(const std::string& path, const std::string& folder) {
  std::error_code error;
  const auto normal = [&](const std::string& text) {
    return std::filesystem::absolute(text, error).lexically_normal() / "";
  };
  const std::filesystem::path outer = normal(folder);
  const std::filesystem::path inner = normal(path);
  // Both end with a slash, which is an empty part.
  const auto last = std::prev(outer.end());
  return std::mismatch(outer.begin(), last, inner.begin(), inner.end()).first == last;
}

absl::Status ValidateBackups(const ServerConfig& config) {
  RETURN_IF_ERROR(
      ValidateRange("--backup_bytes_per_second", config.backup_bytes_per_second, 0, kBytesMax));
  const std::string& directory = config.backup_directory;
  if (directory.empty()) {
    return absl::OkStatus();
  }
  if (IsWithin(directory, config.data_directory) || IsWithin(config.data_directory, directory)) {
    return Invalid(
        "--backup_dir",
        absl::StrCat("is ", Quoted(directory, 256), ", wanted a folder apart from --data, ",
                     "best on another disk: what takes the one would take the other"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ValidateConfig(const ServerConfig& config) {
  if (config.data_directory.empty()) {
    return FieldError(v1::ERROR_REASON_FIELD_REQUIRED, "--data",
                      "is missing; it names the folder that holds the store, which is made if it "
                      "is not there");
  }
  RETURN_IF_ERROR(ValidateTls(config.tls));
  RETURN_IF_ERROR(ValidateListen(config.listen_address, config.insecure || config.tls.is_on()));
  RETURN_IF_ERROR(ValidateHttpListen(config));
  RETURN_IF_ERROR(ValidateAnonymous(config));
  if (config.access_log.empty()) {
    return Invalid("--access_log", "is empty; wanted stderr, off or the path of a file");
  }
  if (config.drain_deadline < absl::ZeroDuration() || config.drain_deadline > kDrainDeadlineMax) {
    return Invalid("--drain_deadline",
                   absl::StrCat("is ", absl::FormatDuration(config.drain_deadline),
                                ", wanted 0s to ", absl::FormatDuration(kDrainDeadlineMax)));
  }
  RETURN_IF_ERROR(ValidateRange("--audit_days", config.audit_days, 30, 3'650));
  RETURN_IF_ERROR(ValidateLane("query", config.executor.query));
  RETURN_IF_ERROR(ValidateLane("scan", config.executor.scan));
  RETURN_IF_ERROR(ValidateLane("ingest", config.executor.ingest));
  RETURN_IF_ERROR(
      ValidateRange("--maintenance_queue", config.executor.maintenance.queue_max, 1, kQueueMax));
  // A batch of the largest size must fit.
  RETURN_IF_ERROR(ValidateRange("--queue_bytes", config.queue_bytes_max, 8 * kMebibyte, kBytesMax));
  RETURN_IF_ERROR(ValidateRange("--disk_reserve_bytes", config.disk_reserve_bytes, 0, kBytesMax));
  RETURN_IF_ERROR(
      ValidateRange("--block_cache_bytes", config.block_cache_bytes, kMebibyte, kBytesMax));
  RETURN_IF_ERROR(ValidateRange("--column_bytes", config.column_bytes_max, 0, kBytesMax));
  RETURN_IF_ERROR(ValidateBackups(config));
  return ValidateRange("--receive_bytes", config.receive_bytes_max, 16 * kMebibyte, kBytesMax);
}

v1::Role AnonymousRole(const ServerConfig& config) {
  if (config.anonymous.empty()) {
    return IsLocal(config.listen_address) && !config.tls.is_on() ? v1::ROLE_ADMIN
                                                                 : v1::ROLE_UNSPECIFIED;
  }
  return ParseRole(config.anonymous).value_or(v1::ROLE_UNSPECIFIED);
}

}  // namespace emptychair
