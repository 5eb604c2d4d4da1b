#include "tools/chairbench/target.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <signal.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "common/base/status_macros.h"

namespace emptychair::bench {
namespace {

constexpr absl::Duration kStart = absl::Seconds(60);
// Past the time in which the server ends its calls.
constexpr absl::Duration kEnd = absl::Seconds(30);
constexpr absl::Duration kVerifyTimeMax = absl::Hours(1);
constexpr int kMessageBytesMax = 16 << 20;

// User and system time of a process so far, as proc(5) says.
std::optional<absl::Duration> CpuTime(pid_t pid) {
  std::ifstream file(absl::StrCat("/proc/", pid, "/stat"));
  std::stringstream text;
  text << file.rdbuf();
  // The second field is the program's name, in brackets; utime and stime are the 14th and 15th.
  const std::string stat = text.str();
  const std::vector<std::string> fields =
      absl::StrSplit(stat.substr(std::min(stat.size(), stat.rfind(')') + 1)), ' ');
  int64_t user = 0;
  int64_t system = 0;
  if (fields.size() < 14 || !absl::SimpleAtoi(fields[12], &user) ||
      !absl::SimpleAtoi(fields[13], &system)) {
    return std::nullopt;
  }
  return absl::Seconds(static_cast<double>(user + system) / sysconf(_SC_CLK_TCK));
}

}  // namespace

absl::StatusOr<std::unique_ptr<Target>> Target::Start(const std::vector<std::string>& argv) {
  ASSIGN_OR_RETURN(std::unique_ptr<Subprocess> process, Subprocess::Start(argv));
  const absl::StatusOr<std::string> line = process->ReadLine(kStart);
  constexpr absl::string_view kPrefix = "listening on ";
  if (!line.ok() || !absl::StartsWith(*line, kPrefix)) {
    return absl::UnavailableError(absl::StrCat(
        "\"", argv.front(), "\" did not start: ",
        process->StandardError().empty() ? line.status().message() : process->StandardError()));
  }
  const std::string endpoint(absl::StripPrefix(*line, kPrefix));
  ASSIGN_OR_RETURN(Client client, Client::Create({.endpoint = endpoint}));
  return std::unique_ptr<Target>(new Target(std::move(process), endpoint, std::move(client)));
}

absl::StatusOr<std::unique_ptr<Target>> Target::Attach(const std::string& endpoint) {
  ASSIGN_OR_RETURN(Client client, Client::Create({.endpoint = endpoint}));
  return std::unique_ptr<Target>(new Target(nullptr, endpoint, std::move(client)));
}

std::shared_ptr<grpc::Channel> Target::Connect() const {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kMessageBytesMax);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  // Else channels to one address share their connection.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return grpc::CreateCustomChannel(endpoint_, grpc::InsecureChannelCredentials(), arguments);
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

absl::Status Target::Compact() const {
  ASSIGN_OR_RETURN(const Client client,
                   Client::Create({.endpoint = endpoint_, .timeout = kVerifyTimeMax}));
  return client.CompactStore({}).status();
}

absl::Status Target::Verify() const {
  ASSIGN_OR_RETURN(const Client client,
                   Client::Create({.endpoint = endpoint_, .timeout = kVerifyTimeMax}));
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
