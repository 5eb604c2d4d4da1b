#include "server/server.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "common/base/zone_rules.h"
#include "grpcpp/security/server_credentials.h"
#include "grpcpp/server.h"
#include "grpcpp/server_builder.h"
#include "server/api/call_observer.h"
#include "server/api/executor.h"
#include "server/call/call_runner.h"
#include "server/rpc/acceptor.h"
#include "server/rpc/grpc_service.h"
#include "server/rpc/health.h"
#include "server/rpc/reflection.h"
#include "server/rpc/server_builder.h"
#include "server/rpc/unknown_method.h"
#include "server/services/services.h"
#include "server/steward.h"
#include "server/telemetry/access_log.h"
#include "storage/store.h"

namespace emptychair {
namespace {

// Callers are refused until none has called for this long, so that each was told to come back.
constexpr absl::Duration kQuiet = absl::Milliseconds(100);
// But no longer than this: some never stop calling.
constexpr absl::Duration kRefusalMax = absl::Seconds(2);
// What is left after that has a client that does not listen; it is cut after this.
constexpr absl::Duration kLastCallsDeadline = absl::Milliseconds(100);

absl::StatusOr<std::unique_ptr<storage::Store>> OpenStore(const ServerConfig& config,
                                                          ServerEnvironment& environment,
                                                          Health* health, ServerLog* log) {
  storage::StoreOptions options;
  options.directory = config.data_directory;
  options.env = environment.env;
  options.block_cache_bytes = static_cast<size_t>(config.block_cache_bytes);
  options.column_bytes_max = config.column_bytes_max;
  options.queue_bytes_max = static_cast<size_t>(config.queue_bytes_max);
  options.disk_reserve_bytes = config.disk_reserve_bytes;
  options.on_disk_full = [health, log](bool is_full) {
    health->SetTakesFeedback(!is_full);
    if (is_full) {
      log->Warning("disk full", {});
    } else {
      log->Info("disk has room again");
    }
  };
  options.on_failure = std::move(environment.on_storage_failure);
  return storage::Store::Open(std::move(options));
}

// Submissions to these surveys and queries by day will be refused.
void WarnOfUnknownZones(const storage::View& view, ServerLog* log) {
  for (const auto& [survey_id, survey] : *view.catalog) {
    if (const std::string& zone = survey->definition->time_zone(); !LoadZone(zone).has_value()) {
      log->Warning("time zone of a survey is not known",
                   {{"survey_id", survey_id}, {"time_zone", zone}});
    }
  }
}

// Counts what was found damaged and ended a call: who reads around damage counts it there.
class DamageCounter final : public CallObserver {
 public:
  explicit DamageCounter(const storage::Store* store) : store_(store) {}

  void CallFinished(const FinishedCall& call) override {
    if (call.reason == ReasonName(v1::ERROR_REASON_STORE_DAMAGED)) {
      store_->CountUndecodable();
    }
  }

 private:
  const storage::Store* const store_;
};

}  // namespace

// In the order in which they depend on each other, so that they end in the reverse one.
struct Server::Parts {
  ServerLog* log = nullptr;
  std::unique_ptr<AccessLog> access_log;
  Health health;
  Reflection reflection;
  std::unique_ptr<storage::Store> store;
  std::optional<DamageCounter> damage_counter;
  std::unique_ptr<Executor> executor;
  std::unique_ptr<CallRunner> runner;
  std::unique_ptr<Services> services;
  // What every gRPC server has beside its own services.
  MethodTable grpc_methods;
  std::vector<std::unique_ptr<grpc::Service>> grpc_services;
  std::unique_ptr<UnknownMethods> unknown_methods;
  std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor> connections;
  std::unique_ptr<grpc::Server> grpc_server;
  std::unique_ptr<Acceptor> acceptor;
  std::unique_ptr<Steward> steward;
  std::string address;
  absl::Mutex shutdown_mutex;
  bool is_shut_down ABSL_GUARDED_BY(shutdown_mutex) = false;
};

absl::StatusOr<std::unique_ptr<Server>> Server::Start(const ServerConfig& config, ServerLog* log,
                                                      ServerEnvironment environment) {
  RETURN_IF_ERROR(ValidateConfig(config));
  const Clock* clock = environment.clock;
  auto parts = std::make_unique<Parts>();
  parts->log = log;
  ASSIGN_OR_RETURN(parts->access_log, AccessLog::Open(config.access_log));
  ASSIGN_OR_RETURN(parts->store, OpenStore(config, environment, &parts->health, log));
  storage::Store* store = parts->store.get();
  WarnOfUnknownZones(*store->view(), log);
  parts->executor = std::make_unique<Executor>(config.executor);
  parts->damage_counter.emplace(store);
  parts->runner = std::make_unique<CallRunner>(
      parts->executor.get(),
      std::vector<CallObserver*>{parts->access_log.get(), &*parts->damage_counter}, log, clock);
  CallRunner* runner = parts->runner.get();
  parts->services = std::make_unique<Services>(store, clock, runner->stop_signal());
  parts->health.AddTo(parts->grpc_methods);
  parts->reflection.AddTo(parts->grpc_methods, parts->services->methods());
  parts->grpc_services = MakeGrpcServices(runner, parts->services->methods());
  for (std::unique_ptr<grpc::Service>& service : MakeGrpcServices(runner, parts->grpc_methods)) {
    parts->grpc_services.push_back(std::move(service));
  }
  parts->unknown_methods = std::make_unique<UnknownMethods>(runner);

  grpc::ServerBuilder builder;
  ConfigureServer(builder, config.receive_bytes_max);
  ASSIGN_OR_RETURN(parts->acceptor, Acceptor::Listen(config.listen_address, log));
  parts->connections = builder.experimental().AddExternalConnectionAcceptor(
      grpc::ServerBuilder::experimental_type::ExternalConnectionType::FROM_FD,
      grpc::InsecureServerCredentials());
  for (const std::unique_ptr<grpc::Service>& service : parts->grpc_services) {
    builder.RegisterService(service.get());
  }
  builder.RegisterCallbackGenericService(parts->unknown_methods.get());
  parts->grpc_server = builder.BuildAndStart();
  if (parts->grpc_server == nullptr) {
    return absl::InternalError("gRPC cannot start a server");
  }
  parts->address = config.listen_address;
  if (const int port = parts->acceptor->port(); port != 0) {
    parts->address.resize(parts->address.rfind(':'));
    absl::StrAppend(&parts->address, ":", port);
  }
  parts->acceptor->Start([connections = parts->connections.get()](int listener, int connection) {
    grpc::experimental::ExternalConnectionAcceptor::NewConnectionParameters parameters;
    parameters.listener_fd = listener;
    parameters.fd = connection;
    connections->HandleNewConnection(&parameters);
  });
  if (config.steward_period > absl::ZeroDuration()) {
    parts->steward = std::make_unique<Steward>(
        parts->executor.get(), config.steward_period, [services = parts->services.get(), log] {
          const absl::Status tended = services->Tend();
          if (!tended.ok() && ReasonOf(tended) != v1::ERROR_REASON_SHUTTING_DOWN) {
            log->Warning("what is due behind the writes failed", {{"error", tended.message()}});
          }
        });
  }
  return std::unique_ptr<Server>(new Server(std::move(parts)));
}

Server::Server(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Server::~Server() { Shutdown(absl::Now()); }

int Server::port() const { return parts_->acceptor->port(); }

const std::string& Server::address() const { return parts_->address; }

void Server::Reload() {
  if (const absl::Status reopened = parts_->access_log->Reopen(); reopened.ok()) {
    parts_->log->Info("reloaded");
  } else {
    parts_->log->Warning("reload failed", {{"error", reopened.message()}});
  }
}

void Server::Shutdown(absl::Time deadline) {
  absl::MutexLock lock(&parts_->shutdown_mutex);
  if (std::exchange(parts_->is_shut_down, true)) {
    return;
  }
  parts_->health.Stop();
  parts_->runner->BeginShutdown();
  parts_->steward.reset();
  parts_->runner->WaitUntilIdle(deadline);
  parts_->runner->RefuseUntilQuiet(kQuiet, std::min(deadline, absl::Now() + kRefusalMax));
  parts_->acceptor->Stop();
  const absl::Time last = std::min(deadline, absl::Now() + kLastCallsDeadline);
  parts_->grpc_server->Shutdown(absl::ToChronoTime(last));
  // Work that outlived its call's deadline still uses the store.
  parts_->executor->Stop();
  parts_->store->Stop();
  if (const int64_t dropped = parts_->access_log->dropped(); dropped > 0) {
    parts_->log->Warning("access log lines were dropped", {{"lines", absl::StrCat(dropped)}});
  }
}

}  // namespace emptychair
