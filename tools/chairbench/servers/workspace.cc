#include "tools/chairbench/servers/workspace.h"

#include <sched.h>
#include <stdlib.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/status_macros.h"
#include "tools/chairbench/records/answers.h"

namespace emptychair::bench {
namespace {

// This program's own file.
std::filesystem::path ThisProgram() {
  std::error_code ignored;
  return std::filesystem::read_symlink("/proc/self/exe", ignored);
}

// Leaves this process half of its processors, and those that it will start; returns the others.
// None where there is one only. To be called before there are other threads.
std::vector<int> GiveUpHalfOfTheProcessors() {
  cpu_set_t ours;
  if (sched_getaffinity(0, sizeof(ours), &ours) != 0) {
    return {};
  }
  const int half = CPU_COUNT(&ours) / 2;
  std::vector<int> given_up;
  for (int i = 0; i < CPU_SETSIZE && static_cast<int>(given_up.size()) < half; ++i) {
    if (CPU_ISSET(i, &ours)) {
      CPU_CLR(i, &ours);
      given_up.push_back(i);
    }
  }
  return sched_setaffinity(0, sizeof(ours), &ours) == 0 ? given_up : std::vector<int>();
}

absl::Status CreateSurvey(Target& server) {
  v1::CreateSurveyRequest request;
  *request.mutable_survey() = BenchSurvey();
  return server.client().CreateSurvey(request).status();
}

// Checks that what was acknowledged is there, `accepted` records more than before, and that the
// store agrees with itself.
absl::Status VerifyRecords(Target& server, int64_t before, int64_t accepted) {
  ASSIGN_OR_RETURN(const Usage usage, server.ReadUsage());
  if (usage.feedback_count != before + accepted) {
    return absl::DataLossError(absl::StrCat("the server holds ", usage.feedback_count,
                                            " records; there were ", before, ", and ", accepted,
                                            " were acknowledged"));
  }
  return server.Verify();
}

}  // namespace

absl::StatusOr<std::unique_ptr<Workspace>> Workspace::Open(const BenchOptions& options) {
  std::unique_ptr<Workspace> workspace(new Workspace(options));
  RETURN_IF_ERROR(workspace->MakeFolder());
  RETURN_IF_ERROR(workspace->StartOwnServer());
  RETURN_IF_ERROR(CreateSurvey(*workspace->server_));
  ASSIGN_OR_RETURN(const Usage usage, workspace->server_->ReadUsage());
  workspace->server_name_ = usage.server;
  workspace->feedback_count_before_ = usage.feedback_count;
  return workspace;
}

absl::StatusOr<std::unique_ptr<Workspace>> Workspace::OpenFolder(const BenchOptions& options) {
  std::unique_ptr<Workspace> workspace(new Workspace(options));
  RETURN_IF_ERROR(workspace->MakeFolder());
  return workspace;
}

Workspace::~Workspace() {
  server_.reset();
  if (!folder_.empty()) {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
}

absl::Status Workspace::MakeFolder() {
  std::error_code failed;
  std::string folder = options_.data;
  if (folder.empty()) {
    folder = std::filesystem::temp_directory_path(failed).string();
  }
  absl::StrAppend(&folder, "/chairbench-XXXXXX");
  if (mkdtemp(folder.data()) == nullptr) {
    return absl::UnavailableError(
        absl::StrCat("cannot make the folder \"", folder, "\": ", std::strerror(errno)));
  }
  folder_ = folder;
  return absl::OkStatus();
}

std::vector<std::string> Workspace::ServerCommand(absl::string_view store) const {
  return {options_.server.empty() ? Beside("emptychaird") : options_.server,
          absl::StrCat("--data=", Path(store)), "--listen=127.0.0.1:0",
          absl::StrCat("--access_log=", Path(store), ".log")};
}

absl::Status Workspace::StartOwnServer() {
  if (!options_.endpoint.empty()) {
    ClientOptions client = options_.client;
    client.endpoint = options_.endpoint;
    ASSIGN_OR_RETURN(server_, Target::Attach(client));
    return absl::OkStatus();
  }
  std::vector<std::string> argv = ServerCommand("store");
  const std::vector<int> processors =
      options_.apart ? GiveUpHalfOfTheProcessors() : std::vector<int>();
  if (!processors.empty()) {
    argv.insert(argv.begin(), {"/usr/bin/taskset", "-c", absl::StrJoin(processors, ",")});
  }
  ASSIGN_OR_RETURN(server_, Target::Start(argv));
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<Target>> Workspace::StartServer(
    absl::string_view name, const std::vector<std::string>& flags, const ClientOptions& client) {
  const bool is_new = !std::filesystem::exists(Path(name));
  std::vector<std::string> argv = ServerCommand(name);
  argv.insert(argv.end(), flags.begin(), flags.end());
  ASSIGN_OR_RETURN(std::unique_ptr<Target> server, Target::Start(argv, client));
  if (is_new) {
    RETURN_IF_ERROR(CreateSurvey(*server));
  }
  if (server_name_.empty()) {
    ASSIGN_OR_RETURN(const Usage usage, server->ReadUsage());
    server_name_ = usage.server;
  }
  return server;
}

std::string Workspace::Path(absl::string_view name) const {
  return absl::StrCat(folder_, "/", name);
}

std::string Workspace::Beside(absl::string_view name) const {
  return ThisProgram().replace_filename(std::string(name)).string();
}

absl::StatusOr<std::unique_ptr<Target>> Workspace::StartEcho(const EchoOptions& options) const {
  return Target::Start({ThisProgram().string(), "echo-server", "--recordings", options.recordings,
                        "--log", options.log});
}

absl::Status Workspace::FinishServer(Target& server, int64_t accepted) {
  RETURN_IF_ERROR(VerifyRecords(server, /*before=*/0, accepted));
  return server.Stop();
}

absl::Status Workspace::Finish(int64_t accepted) {
  RETURN_IF_ERROR(VerifyRecords(*server_, feedback_count_before_, accepted));
  return server_->Stop();
}

}  // namespace emptychair::bench
