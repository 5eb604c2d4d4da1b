#include "server/server.h"

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "common/base/zone_rules.h"
#include "grpcpp/security/server_credentials.h"
#include "grpcpp/server.h"
#include "grpcpp/server_builder.h"
#include "server/access/access_gate.h"
#include "server/access/access_task.h"
#include "server/api/call_observer.h"
#include "server/api/executor.h"
#include "server/backups/backups.h"
#include "server/call/call_runner.h"
#include "server/http/http_listener.h"
#include "server/monitoring.h"
#include "server/rpc/acceptor.h"
#include "server/rpc/grpc_service.h"
#include "server/rpc/health.h"
#include "server/rpc/listener.h"
#include "server/rpc/reflection.h"
#include "server/rpc/server_builder.h"
#include "server/rpc/unknown_method.h"
#include "server/services/services.h"
#include "server/steward.h"
#include "server/telemetry/access_log.h"
#include "server/tls/server_certificates.h"
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
                                                          Health* health, Monitoring* monitoring,
                                                          ServerLog* log) {
  storage::StoreOptions options;
  options.directory = config.data_directory;
  options.env = environment.env;
  options.block_cache_bytes = static_cast<size_t>(config.block_cache_bytes);
  options.column_bytes_max = config.column_bytes_max;
  options.queue_bytes_max = static_cast<size_t>(config.queue_bytes_max);
  options.disk_reserve_bytes = config.disk_reserve_bytes;
  options.on_commit = [commits = monitoring->commits()](absl::Duration duration) {
    commits.Observe(duration);
  };
  options.on_disk_full = [health, monitoring, log](bool is_full) {
    health->SetTakesFeedback(!is_full);
    monitoring->SetDiskFull(is_full);
    if (is_full) {
      log->Warning("disk full", {});
    } else {
      log->Info("disk has room again");
    }
  };
  options.on_failure = std::move(environment.on_storage_failure);
  return storage::Store::Open(std::move(options));
}

BackupSettings BackupsOf(const ServerConfig& config, rocksdb::Env* env, ServerLog* log) {
  BackupSettings settings;
  settings.directory = config.backup_directory;
  settings.bytes_per_second = config.backup_bytes_per_second;
  settings.env = env;
  settings.on_finished = [log](const std::string& backup_id, const absl::Status& status) {
    if (status.ok()) {
      log->Info("backup made", {{"backup_id", backup_id}});
    } else {
      log->Warning("backup failed", {{"backup_id", backup_id}, {"error", status.message()}});
    }
  };
  settings.on_ledger = [log](const absl::Status& status) {
    if (status.ok()) {
      log->Info("ledger beside the backups is up to date again");
    } else {
      log->Warning("ledger beside the backups falls behind", {{"error", status.message()}});
    }
  };
  return settings;
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

// Null for plain text.
absl::StatusOr<std::unique_ptr<ServerCertificates>> LoadCertificates(const ServerConfig& config,
                                                                     const Clock* clock,
                                                                     ServerLog* log) {
  if (!config.tls.is_on()) {
    return nullptr;
  }
  return ServerCertificates::Load(config.tls, clock, log);
}

// What callers of --listen connect with. Publishes what was loaded.
absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> ListenerCredentials(
    const ServerConfig& config, ServerCertificates* certificates) {
  if (certificates == nullptr) {
    return grpc::InsecureServerCredentials();
  }
  const char* runtime = std::getenv("RUNTIME_DIRECTORY");
  RETURN_IF_ERROR(certificates->PublishIn(
      TlsDirectory(config.data_directory, runtime == nullptr ? "" : runtime)));
  certificates->StartWatching();
  return certificates->MakeCredentials();
}

// Null when it is off, or when somebody else is where it is by default.
absl::StatusOr<std::unique_ptr<HttpListener>> ListenForHttp(const ServerConfig& config,
                                                            Monitoring& monitoring,
                                                            ServerLog* log) {
  if (config.http_listen == kHttpOff) {
    return nullptr;
  }
  const bool is_default = config.http_listen.empty();
  absl::StatusOr<std::unique_ptr<HttpListener>> listener = HttpListener::Listen(
      is_default ? kHttpDefault : config.http_listen, monitoring.ListenerOptions());
  if (is_default && !listener.ok()) {
    log->Warning("no http", {{"error", listener.status().message()}});
    return nullptr;
  }
  return listener;
}

// The socket whose callers are admins; null without one. Whoever can open it could read the store's
// files as well.
absl::StatusOr<std::unique_ptr<Listener>> MakeAdminListener(const ServerConfig& config,
                                                            grpc::ServerBuilder& builder,
                                                            ServerLog* log) {
  if (config.admin_socket == "off") {
    return nullptr;
  }
  const bool is_default = config.admin_socket.empty();
  const std::string path =
      is_default ? absl::StrCat(config.data_directory, "/admin.sock") : config.admin_socket;
  absl::StatusOr<std::unique_ptr<Acceptor>> acceptor = Acceptor::ListenInPrivate(path, log);
  if (!acceptor.ok() && is_default) {
    log->Warning("no admin socket", {{"error", acceptor.status().message()}});
    return nullptr;
  }
  RETURN_IF_ERROR(acceptor.status());
  return std::make_unique<Listener>(*std::move(acceptor), builder,
                                    grpc::experimental::LocalServerCredentials(UDS));
}

// An anonymous admin beside keys is as a rule somebody's oversight.
void WarnOfAnonymousAdmins(const storage::View& view, v1::Role anonymous, ServerLog* log) {
  const bool has_keys = absl::c_any_of(view.access->entries(), [](const auto& entry) {
    return entry.second.stored->revoke_time_ms() == 0;
  });
  if (has_keys && anonymous == v1::ROLE_ADMIN) {
    log->Warning("anonymous callers are admins",
                 {{"what_to_do", "--anonymous none, if callers have keys"}});
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
  Parts(ServerLog* log, const Clock* clock) : log(log), clock(clock) {}

  // What calls are made of, over the open store.
  void MakeServices(const ServerConfig& config, ServerEnvironment& environment);
  // Makes the listeners, and has gRPC serve what comes in by them. Takes nothing yet.
  absl::Status Build(const ServerConfig& config);
  // Ends streams whose callers may not call any more: when keys change, and when they come to their
  // end.
  void FollowAccess(const ServerConfig& config);
  // Begins to see to what is due behind the writes.
  void StartSteward(const ServerConfig& config);
  // Takes calls.
  void BeginServing();

  ServerLog* const log;
  const Clock* const clock;
  std::unique_ptr<Monitoring> monitoring;
  std::unique_ptr<AccessLog> access_log;
  std::unique_ptr<ServerCertificates> certificates;
  Health health;
  Reflection reflection;
  std::unique_ptr<storage::Store> store;
  std::optional<DamageCounter> damage_counter;
  std::unique_ptr<AccessGate> gate;
  std::unique_ptr<AccessTask> access_task;
  std::unique_ptr<Executor> executor;
  std::unique_ptr<CallRunner> runner;
  std::unique_ptr<Services> services;
  // What every gRPC server has beside its own services.
  MethodTable grpc_methods;
  std::vector<std::unique_ptr<grpc::Service>> grpc_services;
  std::unique_ptr<UnknownMethods> unknown_methods;
  std::unique_ptr<grpc::Server> grpc_server;
  std::unique_ptr<Listener> listener;
  // Null: there is none.
  std::unique_ptr<Listener> admin_listener;
  std::unique_ptr<Steward> steward;
  std::unique_ptr<Steward> access_steward;
  std::string address;
  // Asks all of the above what it answers.
  std::unique_ptr<HttpListener> http;
  absl::Mutex shutdown_mutex;
  bool is_shut_down ABSL_GUARDED_BY(shutdown_mutex) = false;
};

void Server::Parts::MakeServices(const ServerConfig& config, ServerEnvironment& environment) {
  executor = std::make_unique<Executor>(config.executor);
  damage_counter.emplace(store.get());
  gate = std::make_unique<AccessGate>(store.get(), AnonymousRole(config), clock);
  Gatekeeper* const gatekeeper = environment.replace_gatekeeper == nullptr
                                     ? gate.get()
                                     : environment.replace_gatekeeper(gate.get());
  runner = std::make_unique<CallRunner>(
      executor.get(), gatekeeper,
      std::vector<CallObserver*>{access_log.get(), &*damage_counter, &monitoring->calls()}, log,
      environment.call_clock == nullptr ? clock : environment.call_clock);
  services = std::make_unique<Services>(store.get(), clock, runner->stop_signal(),
                                        BackupsOf(config, environment.env, log));
  services->SetAnonymousRole(AnonymousRole(config));
  health.AddTo(grpc_methods);
  reflection.AddTo(grpc_methods, services->methods());
  monitoring->calls().AddMethods(services->methods());
  monitoring->calls().AddMethods(grpc_methods);
  grpc_services = MakeGrpcServices(runner.get(), services->methods());
  for (std::unique_ptr<grpc::Service>& service : MakeGrpcServices(runner.get(), grpc_methods)) {
    grpc_services.push_back(std::move(service));
  }
  unknown_methods = std::make_unique<UnknownMethods>(runner.get());
}

absl::Status Server::Parts::Build(const ServerConfig& config) {
  grpc::ServerBuilder builder;
  ConfigureServer(builder, config.receive_bytes_max);
  ASSIGN_OR_RETURN(std::unique_ptr<Acceptor> acceptor,
                   Acceptor::Listen(config.listen_address, log));
  ASSIGN_OR_RETURN(const std::shared_ptr<grpc::ServerCredentials> credentials,
                   ListenerCredentials(config, certificates.get()));
  listener = std::make_unique<Listener>(std::move(acceptor), builder, credentials);
  ASSIGN_OR_RETURN(admin_listener, MakeAdminListener(config, builder, log));
  for (const std::unique_ptr<grpc::Service>& service : grpc_services) {
    builder.RegisterService(service.get());
  }
  builder.RegisterCallbackGenericService(unknown_methods.get());
  grpc_server = builder.BuildAndStart();
  if (grpc_server == nullptr) {
    return absl::InternalError("gRPC cannot start a server");
  }
  address = config.listen_address;
  if (const int port = listener->acceptor().port(); port != 0) {
    address.resize(address.rfind(':'));
    absl::StrAppend(&address, ":", port);
  }
  return absl::OkStatus();
}

void Server::Parts::FollowAccess(const ServerConfig& config) {
  store->ListenToAccess([runner = runner.get(), executor = executor.get()] {
    executor->SubmitPaced(Lane::kQuery, [runner] { runner->RecheckStreams(); }).IgnoreError();
  });
  access_task = std::make_unique<AccessTask>(store.get(), gate.get(),
                                             absl::Hours(24) * config.audit_days, clock, log);
  access_steward = std::make_unique<Steward>(executor.get(), Lane::kScan, config.access_period,
                                             [runner = runner.get(), task = access_task.get()] {
                                               runner->RecheckStreams();
                                               task->Tend();
                                             });
  WarnOfAnonymousAdmins(*store->view(), AnonymousRole(config), log);
}

void Server::Parts::StartSteward(const ServerConfig& config) {
  if (config.steward_period <= absl::ZeroDuration()) {
    return;
  }
  steward = std::make_unique<Steward>(
      executor.get(), Lane::kMaintenance, config.steward_period,
      [services = services.get(), log = log] {
        const absl::Status tended = services->Tend();
        if (!tended.ok() && ReasonOf(tended) != v1::ERROR_REASON_SHUTTING_DOWN) {
          log->Warning("what is due behind the writes failed", {{"error", tended.message()}});
        }
      });
}

void Server::Parts::BeginServing() {
  std::vector<const Acceptor*> acceptors;
  for (Listener* const each : {listener.get(), admin_listener.get()}) {
    if (each != nullptr) {
      each->Start();
      acceptors.push_back(&each->acceptor());
    }
  }
  AddCertificateMetrics(monitoring->registry(), certificates.get());
  monitoring->BeginServing({.store = store.get(),
                            .services = services.get(),
                            .executor = executor.get(),
                            .runner = runner.get(),
                            .acceptors = std::move(acceptors),
                            .access_log = access_log.get()});
}

absl::StatusOr<std::unique_ptr<Server>> Server::Start(const ServerConfig& config, ServerLog* log,
                                                      ServerEnvironment environment) {
  RETURN_IF_ERROR(ValidateConfig(config));
  auto parts = std::make_unique<Parts>(log, environment.clock);
  // From here on it is told that the server is not ready yet.
  parts->monitoring = std::make_unique<Monitoring>(environment.clock, environment.stuck_after);
  ASSIGN_OR_RETURN(parts->http, ListenForHttp(config, *parts->monitoring, log));
  ASSIGN_OR_RETURN(parts->access_log, AccessLog::Open(config.access_log));
  ASSIGN_OR_RETURN(parts->certificates, LoadCertificates(config, environment.clock, log));
  ASSIGN_OR_RETURN(parts->store,
                   OpenStore(config, environment, &parts->health, parts->monitoring.get(), log));
  WarnOfUnknownZones(*parts->store->view(), log);
  parts->MakeServices(config, environment);
  RETURN_IF_ERROR(parts->Build(config));
  parts->FollowAccess(config);
  parts->StartSteward(config);
  parts->BeginServing();
  return std::unique_ptr<Server>(new Server(std::move(parts)));
}

Server::Server(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Server::~Server() { Shutdown(absl::Now()); }

int Server::port() const { return parts_->listener->acceptor().port(); }

const std::string& Server::address() const { return parts_->address; }

const std::string& Server::http_address() const {
  static const std::string* const kNone = new std::string;
  return parts_->http == nullptr ? *kNone : parts_->http->address();
}

void Server::Reload() {
  if (parts_->certificates != nullptr) {
    parts_->certificates->Reload();
  }
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
  parts_->monitoring->BeginStopping();
  parts_->runner->BeginShutdown();
  parts_->store->ListenToAccess(nullptr);
  parts_->steward.reset();
  parts_->access_steward.reset();
  parts_->runner->WaitUntilIdle(deadline);
  parts_->runner->RefuseUntilQuiet(kQuiet, std::min(deadline, absl::Now() + kRefusalMax));
  parts_->listener->Stop();
  if (parts_->admin_listener != nullptr) {
    parts_->admin_listener->Stop();
  }
  const absl::Time last = std::min(deadline, absl::Now() + kLastCallsDeadline);
  parts_->grpc_server->Shutdown(absl::ToChronoTime(last));
  // Work that outlived its call's deadline still uses the store.
  parts_->executor->Stop();
  if (parts_->access_task != nullptr) {
    parts_->access_task->Finish();
  }
  parts_->store->Stop();
  if (parts_->http != nullptr) {
    parts_->http->Stop();
  }
  if (const int64_t dropped = parts_->access_log->dropped(); dropped > 0) {
    parts_->log->Warning("access log lines were dropped", {{"lines", absl::StrCat(dropped)}});
  }
}

}  // namespace emptychair
