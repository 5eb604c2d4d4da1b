#include "tests/service/harness/crashing_server.h"

#include <utility>

#include "absl/status/statusor.h"
#include "client/testing/in_process_server.h"
#include "common/base/status_macros.h"
#include "tests/service/harness/backend.h"

namespace emptychair::testing {

CrashingServer::CrashingServer()
    : files_(std::make_shared<UnsyncedLossFileSystem>()),
      env_(rocksdb::NewCompositeEnv(files_)),
      clock_(kFakeNow),
      log_(&clock_, [](absl::string_view) {}) {}

absl::Status CrashingServer::Start() {
  // A new store gets its name by a rename of its directory, which the file system refuses.
  RETURN_IF_ERROR(StartOn(nullptr));
  server_.reset();
  return StartOn(env_.get());
}

absl::Status CrashingServer::StartOn(rocksdb::Env* env) {
  ServerEnvironment environment;
  environment.clock = &clock_;
  environment.env = env;
  // The process would end; here Crash ends it.
  environment.on_storage_failure = [](const absl::Status&) {};
  ASSIGN_OR_RETURN(server_,
                   StartInProcess(directory_.Join("store"), &log_, std::move(environment)));
  client_ = std::make_unique<Client>(MakeClient(server_->address()));
  return absl::OkStatus();
}

absl::Status CrashingServer::Restart() {
  server_->Shutdown(absl::Now() + kLong);
  server_.reset();
  return StartOn(env_.get());
}

absl::Status CrashingServer::Crash() {
  files_->CutPower();
  server_.reset();
  if (const rocksdb::IOStatus lost = files_->LoseUnsynced(); !lost.ok()) {
    return absl::InternalError(lost.ToString());
  }
  return StartOn(env_.get());
}

}  // namespace emptychair::testing
