#include "client/channel.h"

#include <grpcpp/grpcpp.h>
#include <sys/un.h>

#include <cstddef>
#include <string>
#include <variant>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "common/base/errors.h"
#include "common/base/loopback.h"
#include "common/base/status_macros.h"
#include "common/tls/pem.h"

namespace emptychair {
namespace {

constexpr absl::Duration kTimeoutMax = absl::Hours(24);
constexpr int kChannelsMax = 64;

// An answer with 10,000 points and as many groups stays below.
constexpr int kMessageBytesMax = 16 << 20;

// A server that cannot be reached is reported within 2 s, also where nothing refuses the
// connection; gRPC alone would try for 20 s.
constexpr int kConnectMillisMax = 1500;

// A server that comes back is found soon; gRPC alone would wait up to two minutes.
constexpr int kReconnectMillisMin = 100;
constexpr int kReconnectMillisMax = 2000;

// A connection that died without a word is noticed, while there is a call on it; more often than
// this servers refuse.
constexpr int kKeepaliveMillis = 30'000;
constexpr int kKeepaliveTimeoutMillis = 20'000;

constexpr absl::string_view kUnixPrefix = "unix:";

constexpr char kCertificateOption[] = "credentials.certificate_file";
constexpr char kKeyOption[] = "credentials.key_file";

bool IsHostAndPort(absl::string_view endpoint) {
  const size_t colon = endpoint.rfind(':');
  int port = 0;
  return colon != absl::string_view::npos && colon != 0 &&
         absl::SimpleAtoi(endpoint.substr(colon + 1), &port) && port >= 1 && port <= 65535;
}

// Whether a socket can have the path: it ends with a NUL.
bool IsSocketPath(absl::string_view path) {
  return !path.empty() && path.size() < sizeof(sockaddr_un::sun_path) &&
         path.find('\0') == absl::string_view::npos;
}

// Whether what is sent to the endpoint stays on this machine.
bool IsHere(absl::string_view endpoint) {
  if (absl::StartsWith(endpoint, kUnixPrefix)) {
    return true;
  }
  const absl::string_view host = endpoint.substr(0, endpoint.rfind(':'));
  return IsLoopback(std::string(absl::StripSuffix(absl::StripPrefix(host, "["), "]")));
}

absl::Status CheckKeyIsSafe(const ClientOptions& options) {
  const bool has_key = !options.api_key_file.empty() || options.api_key_source != nullptr;
  if (!has_key || options.allow_key_in_plain_text || IsHere(options.endpoint) ||
      !std::holds_alternative<PlainText>(options.credentials)) {
    return absl::OkStatus();
  }
  return FieldError(
      v1::ERROR_REASON_FIELD_INVALID, "credentials",
      absl::StrCat("are plain text, and the key would go to ", Quoted(options.endpoint, 256),
                   " for all on the way to read; wanted TLS (Tls in ClientOptions, --tls of "
                   "chairctl), or allow_key_in_plain_text if the network in between is trusted"));
}

absl::Status CheckTls(const Credentials& credentials) {
  const Tls* const tls = std::get_if<Tls>(&credentials);
  if (tls == nullptr || tls->certificate_file.empty() == tls->key_file.empty()) {
    return absl::OkStatus();
  }
  const bool has_key = !tls->key_file.empty();
  return FieldError(v1::ERROR_REASON_FIELD_REQUIRED, has_key ? kCertificateOption : kKeyOption,
                    absl::StrCat("is missing beside ", has_key ? kKeyOption : kCertificateOption,
                                 "; a client's certificate comes with its key"));
}

// The endpoint as gRPC takes it: the path of a socket is part of a URI to it.
std::string TargetOf(const std::string& endpoint) {
  absl::string_view path = endpoint;
  if (!absl::ConsumePrefix(&path, kUnixPrefix)) {
    return endpoint;
  }
  std::string target(kUnixPrefix);
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    if (absl::ascii_isalnum(byte) ||
        absl::string_view("/.-_~").find(c) != absl::string_view::npos) {
      target.push_back(c);
    } else {
      absl::StrAppend(&target, "%", absl::Hex(byte, absl::kZeroPad2));
    }
  }
  return target;
}

absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> MakeCredentials(
    const ClientOptions& options) {
  const Tls* const tls = std::get_if<Tls>(&options.credentials);
  if (tls == nullptr) {
    return grpc::InsecureChannelCredentials();
  }
  grpc::SslCredentialsOptions ssl;
  if (!tls->ca_file.empty()) {
    ASSIGN_OR_RETURN(CertificateChain authorities,
                     LoadCertificates({"credentials.ca_file", tls->ca_file}));
    ssl.pem_root_certs = std::move(authorities.pem);
  }
  if (!tls->certificate_file.empty()) {
    const PemFile certificate{kCertificateOption, tls->certificate_file};
    ASSIGN_OR_RETURN(KeyPair pair, LoadKeyPair(certificate, {kKeyOption, tls->key_file}));
    RETURN_IF_ERROR(CheckDates(certificate, *pair.chain.certificates[0], options.now()));
    ssl.pem_cert_chain = std::move(pair.chain.pem);
    ssl.pem_private_key = std::move(pair.key_pem);
  }
  return grpc::SslCredentials(ssl);
}

}  // namespace

absl::Status CheckOptions(const ClientOptions& options) {
  absl::string_view endpoint = options.endpoint;
  const bool is_valid = absl::ConsumePrefix(&endpoint, kUnixPrefix) ? IsSocketPath(endpoint)
                                                                    : IsHostAndPort(endpoint);
  if (!is_valid) {
    return FieldError(
        v1::ERROR_REASON_FIELD_INVALID, "endpoint",
        absl::StrCat("is ", Quoted(options.endpoint, 256), "; wanted HOST:PORT or unix:PATH"));
  }
  if (options.timeout <= absl::ZeroDuration() || options.timeout > kTimeoutMax) {
    return FieldError(
        v1::ERROR_REASON_FIELD_INVALID, "timeout",
        absl::StrCat("is ", absl::FormatDuration(options.timeout),
                     "; wanted more than 0 and at most ", absl::FormatDuration(kTimeoutMax)));
  }
  if (options.channels < 1 || options.channels > kChannelsMax) {
    return FieldError(v1::ERROR_REASON_FIELD_INVALID, "channels",
                      absl::StrCat("is ", options.channels, "; wanted 1 to ", kChannelsMax));
  }
  const struct {
    bool is_set;
    absl::string_view name;
  } required[] = {{options.retry_policy != nullptr, "retry_policy"},
                  {options.backoff_policy != nullptr, "backoff_policy"},
                  {options.now != nullptr, "now"},
                  {options.sleep != nullptr, "sleep"}};
  for (const auto& option : required) {
    if (!option.is_set) {
      return FieldError(v1::ERROR_REASON_FIELD_REQUIRED, option.name,
                        "is null; wanted what ClientOptions has by default, or another");
    }
  }
  RETURN_IF_ERROR(CheckTls(options.credentials));
  return CheckKeyIsSafe(options);
}

absl::StatusOr<std::vector<std::shared_ptr<grpc::Channel>>> MakeChannels(
    const ClientOptions& options) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kMessageBytesMax);
  arguments.SetMaxSendMessageSize(kMessageBytesMax);
  // Plain text does not go through whatever proxy the environment names.
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, kConnectMillisMax);
  arguments.SetInt(GRPC_ARG_DNS_ARES_QUERY_TIMEOUT_MS, kConnectMillisMax);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, kReconnectMillisMin);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, kReconnectMillisMax);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMillis);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMillis);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  if (options.channels > 1) {  // Else channels to one address share their connection.
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  }
  if (const Tls* const tls = std::get_if<Tls>(&options.credentials);
      tls != nullptr && !tls->server_name.empty()) {
    arguments.SetSslTargetNameOverride(tls->server_name);
  }
  ASSIGN_OR_RETURN(const std::shared_ptr<grpc::ChannelCredentials> credentials,
                   MakeCredentials(options));
  std::vector<std::shared_ptr<grpc::Channel>> channels;
  for (int i = 0; i < options.channels; ++i) {
    channels.push_back(
        grpc::CreateCustomChannel(TargetOf(options.endpoint), credentials, arguments));
  }
  return channels;
}

}  // namespace emptychair
