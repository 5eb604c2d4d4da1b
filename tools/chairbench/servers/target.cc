#include "tools/chairbench/servers/target.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <signal.h>
#include <time.h>

#include <fstream>
#include <sstream>
#include <utility>
#include <variant>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/base/status_macros.h"

namespace emptychair::bench {
namespace {

constexpr absl::Duration kStart = absl::Seconds(60);
// Past the time in which the server ends its calls.
constexpr absl::Duration kEnd = absl::Seconds(30);
constexpr absl::Duration kLongCallMax = absl::Hours(1);
constexpr int kMessageBytesMax = 16 << 20;

// User and system time of a process so far.
std::optional<absl::Duration> CpuTime(pid_t pid) {
  clockid_t clock;
  timespec time;
  if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &time) != 0) {
    return std::nullopt;
  }
  return absl::DurationFromTimespec(time);
}

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  if (!file) {
    return absl::UnavailableError(absl::StrCat("cannot read \"", path, "\""));
  }
  return text.str();
}

absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> CredentialsOf(
    const ClientOptions& options) {
  const Tls* const tls = std::get_if<Tls>(&options.credentials);
  if (tls == nullptr) {
    return grpc::InsecureChannelCredentials();
  }
  grpc::SslCredentialsOptions ssl;
  if (!tls->ca_file.empty()) {
    ASSIGN_OR_RETURN(ssl.pem_root_certs, ReadFile(tls->ca_file));
  }
  if (!tls->certificate_file.empty()) {
    ASSIGN_OR_RETURN(ssl.pem_cert_chain, ReadFile(tls->certificate_file));
    ASSIGN_OR_RETURN(ssl.pem_private_key, ReadFile(tls->key_file));
  }
  return grpc::SslCredentials(ssl);
}

}  // namespace

absl::StatusOr<std::unique_ptr<Target>> Target::Start(const std::vector<std::string>& argv,
                                                      ClientOptions client) {
  ASSIGN_OR_RETURN(std::unique_ptr<Subprocess> process, Subprocess::Start(argv));
  const absl::StatusOr<std::string> line = process->ReadLine(kStart);
  constexpr absl::string_view kPrefix = "listening on ";
  if (!line.ok() || !absl::StartsWith(*line, kPrefix)) {
    return absl::UnavailableError(absl::StrCat(
        "\"", argv.front(), "\" did not start: ",
        process->StandardError().empty() ? line.status().message() : process->StandardError()));
  }
  client.endpoint = std::string(absl::StripPrefix(*line, kPrefix));
  return Make(std::move(process), client);
}

absl::StatusOr<std::unique_ptr<Target>> Target::Attach(const ClientOptions& client) {
  return Make(nullptr, client);
}

absl::StatusOr<std::unique_ptr<Target>> Target::Make(std::unique_ptr<Subprocess> process,
                                                     const ClientOptions& options) {
  ASSIGN_OR_RETURN(Client client, Client::Create(options));
  std::unique_ptr<Target> target(new Target(std::move(process), options, std::move(client)));
  ASSIGN_OR_RETURN(target->credentials_, CredentialsOf(options));
  if (options.api_key_source != nullptr || !options.api_key_file.empty()) {
    ASSIGN_OR_RETURN(const std::string key, options.api_key_source != nullptr
                                                ? options.api_key_source()
                                                : ReadFile(options.api_key_file));
    target->authorization_ = absl::StrCat("Bearer ", absl::StripAsciiWhitespace(key));
  }
  return target;
}

std::shared_ptr<grpc::Channel> Target::Connect() const {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kMessageBytesMax);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  // Else channels to one address share their connection.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  if (const Tls* const tls = std::get_if<Tls>(&options_.credentials);
      tls != nullptr && !tls->server_name.empty()) {
    arguments.SetSslTargetNameOverride(tls->server_name);
  }
  return grpc::CreateCustomChannel(options_.endpoint, credentials_, arguments);
}

void Target::AddKey(grpc::ClientContext& context) const {
  if (!authorization_.empty()) {
    context.AddMetadata("authorization", authorization_);
  }
}

std::string Target::StandardError() const {
  return process_ == nullptr ? std::string() : process_->StandardError();
}

absl::StatusOr<Usage> Target::ReadUsage() {
  ASSIGN_OR_RETURN(const v1::GetStatusResponse status, client_.GetStatus({}));
  Usage usage;
  usage.server = absl::StrCat("emptychaird ", status.version(), ", ", status.storage_engine());
  usage.accepted = status.since_start().accepted();
  usage.refused = status.since_start().refused();
  usage.groups = status.since_start().groups();
  usage.feedback_count = status.feedback_count();
  usage.activity_count = status.activity_count();
  usage.stored_bytes = status.size().table_bytes() + status.size().memtable_bytes();
  for (const v1::FamilySize& family : status.size().families()) {
    usage.bytes_per_record.emplace_back(family.name(), family.bytes_per_record());
  }
  usage.column_feedback_count = status.size().columns().feedback_count();
  usage.column_bytes = status.size().columns().bytes();
  if (process_ != nullptr) {
    usage.cpu = CpuTime(process_->pid());
    usage.peak_memory_bytes = process_->PeakMemoryBytes();
  }
  return usage;
}

absl::StatusOr<Client> Target::PatientClient() const {
  ClientOptions options = options_;
  options.timeout = kLongCallMax;
  return Client::Create(options);
}

absl::Status Target::Compact() const {
  ASSIGN_OR_RETURN(const Client client, PatientClient());
  return client.CompactStore({}).status();
}

absl::Status Target::Verify() const {
  ASSIGN_OR_RETURN(const Client client, PatientClient());
  for (const absl::StatusOr<v1::VerifyStoreResponse>& message : client.VerifyStore()) {
    RETURN_IF_ERROR(message.status());
    if (message->has_difference()) {
      const v1::StoreDifference& difference = message->difference();
      return absl::DataLossError(absl::StrCat("the store has a difference, ", difference.where(),
                                              ": ", difference.stored(), " is stored, ",
                                              difference.expected(), " was expected"));
    }
  }
  return absl::OkStatus();
}

absl::Status Target::Stop() {
  if (process_ == nullptr) {
    return absl::OkStatus();
  }
  process_->Signal(SIGTERM);
  ASSIGN_OR_RETURN(const int exit_status, process_->Wait(kEnd));
  if (exit_status != 0) {
    return absl::InternalError(
        absl::StrCat("the server ended with ", exit_status, ": ", process_->StandardError()));
  }
  return absl::OkStatus();
}

}  // namespace emptychair::bench
