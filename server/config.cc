#include "server/config.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"

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

absl::Status InvalidAddress(absl::string_view address, absl::string_view fault) {
  return Invalid("--listen", absl::StrCat("is ", Quoted(address, 256), ", ", fault,
                                          "; wanted HOST:PORT, [IPv6]:PORT or unix:PATH, for "
                                          "example 127.0.0.1:7443"));
}

bool IsLoopback(const std::string& host) {
  if (absl::EqualsIgnoreCase(host, "localhost")) {
    return true;
  }
  if (in_addr v4; ::inet_pton(AF_INET, host.c_str(), &v4) == 1) {
    return (ntohl(v4.s_addr) >> 24) == 127;
  }
  if (in6_addr v6; ::inet_pton(AF_INET6, host.c_str(), &v6) == 1) {
    return IN6_IS_ADDR_LOOPBACK(&v6) || (IN6_IS_ADDR_V4MAPPED(&v6) && v6.s6_addr[12] == 127);
  }
  return false;
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

absl::Status ValidatePort(absl::string_view address, absl::string_view text) {
  int port = -1;
  for (const char c : text) {
    // SimpleAtoi takes signs and blanks as well.
    if (!absl::ascii_isdigit(static_cast<unsigned char>(c))) {
      return InvalidAddress(address, "whose port is not a number");
    }
  }
  if (!absl::SimpleAtoi(text, &port) || port > kPortMax) {
    return InvalidAddress(address, "whose port is not from 0 to 65535");
  }
  return absl::OkStatus();
}

absl::Status ValidateListen(const std::string& address, bool insecure) {
  if (absl::string_view path = address; absl::ConsumePrefix(&path, "unix:")) {
    return path.empty() ? InvalidAddress(address, "which has no path") : absl::OkStatus();
  }
  const size_t colon = address.rfind(':');
  if (colon == std::string::npos) {
    return InvalidAddress(address, "which has no port");
  }
  std::string host = address.substr(0, colon);
  if (absl::StartsWith(host, "[") && absl::EndsWith(host, "]")) {
    host = host.substr(1, host.size() - 2);
    if (!IsIpv6(host)) {
      return InvalidAddress(address, "which has no IPv6 address between its brackets");
    }
  } else if (absl::StrContains(host, ":")) {
    return InvalidAddress(address, "whose IPv6 address is not in brackets");
  } else if (!IsHostName(host)) {
    return InvalidAddress(address, host.empty() ? "which has no host" : "which has no valid host");
  }
  RETURN_IF_ERROR(ValidatePort(address, absl::string_view(address).substr(colon + 1)));
  if (!insecure && !IsLoopback(host)) {
    return Invalid("--listen",
                   absl::StrCat("is ", Quoted(address, 256),
                                ", which others than this machine can reach, and there is no "
                                "encryption; listen on 127.0.0.1, [::1], localhost or unix:PATH, "
                                "or say --insecure if the network in between is trusted"));
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

absl::Status ValidateConfig(const ServerConfig& config) {
  if (config.data_directory.empty()) {
    return FieldError(v1::ERROR_REASON_FIELD_REQUIRED, "--data",
                      "is missing; it names the folder that holds the store, which is made if it "
                      "is not there");
  }
  RETURN_IF_ERROR(ValidateListen(config.listen_address, config.insecure));
  if (config.access_log.empty()) {
    return Invalid("--access_log", "is empty; wanted stderr, off or the path of a file");
  }
  if (config.drain_deadline < absl::ZeroDuration() || config.drain_deadline > kDrainDeadlineMax) {
    return Invalid("--drain_deadline",
                   absl::StrCat("is ", absl::FormatDuration(config.drain_deadline),
                                ", wanted 0s to ", absl::FormatDuration(kDrainDeadlineMax)));
  }
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
  return ValidateRange("--receive_bytes", config.receive_bytes_max, 16 * kMebibyte, kBytesMax);
}

}  // namespace emptychair
