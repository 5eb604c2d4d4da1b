#include "server/monitoring.h"

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "common/base/version.h"
#include "server/telemetry/process_metrics.h"
#include "server/telemetry/status_metrics.h"

namespace emptychair {
namespace {

constexpr MetricType kCounter = MetricType::kCounter;
constexpr MetricType kGauge = MetricType::kGauge;

constexpr std::array<Lane, kLaneCount> kLanes = {Lane::kQuery, Lane::kScan, Lane::kIngest,
                                                 Lane::kChange, Lane::kMaintenance};

HttpResponse Ok() { return HttpText(200, "ok"); }

double Sum(const std::vector<const Acceptor*>& acceptors, int64_t (Acceptor::*count)() const) {
  int64_t sum = 0;
  for (const Acceptor* acceptor : acceptors) {
    sum += (acceptor->*count)();
  }
  return static_cast<double>(sum);
}

HttpResponse NotReady(absl::string_view word) { return HttpText(503, word); }

}  // namespace

Monitoring::Monitoring(const Clock* clock, absl::Duration stuck_after)
    : stuck_after_(stuck_after),
      calls_(&registry_),
      commits_(
          registry_.AddDurations("emptychair_commit_duration_seconds",
                                 "How long a group of changes took to be written and synced.")) {
  registry_.AddFigure(
      {kGauge, "emptychair_build_info", "1, with the version.", {{"version", kVersion}}},
      [] { return 1.0; });
  registry_.AddFigure(
      {kGauge,
       "emptychair_start_time_seconds",
       "When the server was started, in seconds since 1970.",
       {}},
      [start = absl::ToDoubleSeconds(clock->Now() - absl::UnixEpoch())] { return start; });
  AddProcessMetrics(registry_);
}

HttpListener::Options Monitoring::ListenerOptions() {
  HttpListener::Options options;
  options.routes = {
      {.path = "/metrics",
       .answer =
           [this](const HttpRequest&) {
             HttpResponse response;
             response.content_type = MetricRegistry::kContentType;
             response.body = registry_.Scrape();
             return response;
           },
       .is_paced = true},
      {"/healthz", [this](const HttpRequest&) { return AnswerHealth(); }},
      {"/readyz", [this](const HttpRequest& request) { return AnswerReadiness(request); }},
  };
  // In the order of HttpRefusal.
  const std::array<MetricCounter, 4> refusals = {
      calls_.AddRefusals("HTTP_CONNECTIONS"), calls_.AddRefusals("HTTP_TIMEOUT"),
      calls_.AddRefusals("HTTP_TOO_LARGE"), calls_.AddRefusals("HTTP_MALFORMED")};
  options.on_refused = [refusals](HttpRefusal why) { refusals[static_cast<size_t>(why)].Add(); };
  return options;
}

void Monitoring::BeginServing(const Watched& watched) {
  store_ = watched.store;
  AddFigures(watched);
  Phase expected = Phase::kRecovering;
  phase_.compare_exchange_strong(expected, Phase::kServing);
}

HttpResponse Monitoring::AnswerHealth() const {
  const storage::Store* const store = store_;
  return store != nullptr && store->StuckFor() > stuck_after_ ? NotReady("stuck") : Ok();
}

HttpResponse Monitoring::AnswerReadiness(const HttpRequest& request) const {
  const absl::string_view purpose = QueryValue(request.query, "for");
  if (!purpose.empty() && purpose != "writes") {
    return HttpText(400, "for is something else than writes");
  }
  switch (phase_) {
    case Phase::kRecovering:
      return NotReady("recovering");
    case Phase::kServing:
      return purpose == "writes" && is_disk_full_ ? NotReady("disk_full") : Ok();
    case Phase::kStopping:
      break;
  }
  return NotReady("stopping");
}

void Monitoring::AddFigures(const Watched& watched) {
  AddStatusMetrics(registry_, [services = watched.services](v1::GetStatusResponse& status) {
    return services->ReadStatus(status);
  });
  registry_.AddFigure(
      {kGauge,
       "emptychair_calls_in_flight",
       "Calls that have not been answered, and streams that are open.",
       {}},
      [runner = watched.runner] { return static_cast<double>(runner->calls_in_flight()); });
  registry_.AddFigure(
      {kGauge, "emptychair_connections", "Connections of gRPC that are open.", {}},
      [acceptors = watched.acceptors] { return Sum(acceptors, &Acceptor::connections); });
  registry_.AddFigure(CallMetrics::RefusalsFigure("CONNECTIONS"), [acceptors = watched.acceptors] {
    return Sum(acceptors, &Acceptor::refused);
  });
  registry_.AddFigure({kCounter,
                       "emptychair_access_log_dropped_total",
                       "Lines of the access log that were lost since the start.",
                       {}},
                      [log = watched.access_log] { return static_cast<double>(log->dropped()); });
  AddBackups(&watched.services->backups());
  AddLanes(watched.executor);
}

void Monitoring::AddBackups(const Backups* backups) {
  const auto made_as = [](const char* result) {
    return MetricRegistry::Figure{kCounter,
                                  "emptychair_backups_total",
                                  "Backups that were begun since the start, by how they ended.",
                                  {{"result", result}}};
  };
  registry_.AddFigures(
      {made_as("made"),
       made_as("failed"),
       {kGauge,
        "emptychair_backup_duration_seconds",
        "How long the newest backup took that was made since the start; 0: there was none.",
        {}}},
      [backups] {
        const BackupCounts counts = backups->counts();
        return std::vector<double>{static_cast<double>(counts.made),
                                   static_cast<double>(counts.failed),
                                   absl::ToDoubleSeconds(counts.last_duration)};
      });
}

void Monitoring::AddLanes(const Executor* executor) {
  for (const Lane lane : kLanes) {
    const MetricLabels labels = {{"lane", std::string(LaneName(lane))}};
    registry_.AddFigures(
        {{kGauge, "emptychair_lane_waiting", "Pieces of work that wait for their lane.", labels},
         {kGauge, "emptychair_lane_running", "Pieces of work that run on their lane.", labels}},
        [executor, lane] {
          const Executor::Load load = executor->LoadOf(lane);
          return std::vector<double>{static_cast<double>(load.waiting),
                                     static_cast<double>(load.running)};
        });
  }
}

}  // namespace emptychair
