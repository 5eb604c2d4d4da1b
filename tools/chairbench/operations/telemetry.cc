#include "tools/chairbench/operations/telemetry.h"

#include <algorithm>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "common/base/status_macros.h"
#include "tools/chairbench/base/interrupt.h"
#include "tools/chairbench/base/statistics.h"
#include "tools/chairbench/load/sides.h"
#include "tools/chairbench/operations/http_get.h"

namespace emptychair::bench {
namespace {

constexpr char kNoHttp[] = "--http_listen=off";
constexpr char kAnyHttp[] = "--http_listen=127.0.0.1:0";
constexpr char kMetrics[] = "/metrics";
// Prometheus asks every 15 s or every minute.
constexpr absl::Duration kScrapePeriod = absl::Seconds(1);
// Scrapes that are measured by themselves come less often than the server starts to hold them back.
constexpr absl::Duration kScrapePace = absl::Milliseconds(100);

// Where `server` is scraped. It says so right after it has started.
absl::StatusOr<std::string> MetricsAddress(const Target& server) {
  constexpr absl::Duration kWait = absl::Seconds(10);
  const absl::Time deadline = absl::Now() + kWait;
  std::string address;
  while ((address = HttpAddressIn(server.StandardError())).empty()) {
    RETURN_IF_ERROR(CheckInterrupted());
    if (absl::Now() > deadline) {
      return absl::UnavailableError("the server does not say where its metrics are");
    }
    absl::SleepFor(absl::Milliseconds(10));
  }
  return address;
}

// Does the same as `side`, scraped meanwhile.
Side Scraped(Side side, const std::string& address) {
  side.run = [address,
              run = std::move(side.run)](absl::Duration time) -> absl::StatusOr<LoopResult> {
    absl::Notification is_over;
    absl::Status scraped;
    std::thread scraper([&] {
      do {
        scraped.Update(HttpGet(address, kMetrics).status());
      } while (!is_over.WaitForNotificationWithTimeout(kScrapePeriod));
    });
    absl::StatusOr<LoopResult> result = run(time);
    is_over.Notify();
    scraper.join();
    RETURN_IF_ERROR(scraped);
    return result;
  };
  return side;
}

absl::Status FinishSide(const Side& side) {
  return Workspace::FinishServer(*side.server, side.acknowledged());
}

// Makes surveys like the empty one, each with some answers, so that a scrape has something to read
// in each.
absl::StatusOr<int64_t> MakeSurveys(Target& server, const BenchOptions& options) {
  constexpr int kAnswersOfEach = 100;
  Random random(options.seed);
  int64_t accepted = 0;
  for (int i = 1; i < options.surveys; ++i) {
    RETURN_IF_ERROR(CheckInterrupted());
    v1::CreateSurveyRequest request;
    *request.mutable_survey() = BenchSurvey();
    const std::string survey_id = absl::StrCat(request.survey().survey_id(), "-", i);
    request.mutable_survey()->set_survey_id(survey_id);
    RETURN_IF_ERROR(server.client().CreateSurvey(request).status());
    v1::BatchSubmitFeedbackRequest batch;
    for (int j = 0; j < kAnswersOfEach; ++j) {
      v1::Feedback& feedback = *batch.add_feedback();
      FillFeedback(RandomAnswer(absl::ToUnixMillis(absl::Now()), random), feedback);
      feedback.set_survey_id(survey_id);
    }
    ASSIGN_OR_RETURN(const v1::BatchSubmitFeedbackResponse response,
                     server.client().BatchSubmitFeedback(batch));
    accepted += response.accepted_count();
  }
  return accepted;
}

// Processor time of the server, in milliseconds, during `count` scrapes or as many pauses; adds how
// long each scrape took to `took_ms`.
absl::StatusOr<double> CpuMs(Target& server, const std::string& address, int count, bool scrapes,
                             std::vector<double>& took_ms) {
  ASSIGN_OR_RETURN(const Usage before, server.ReadUsage());
  absl::Time next = absl::Now();
  for (int i = 0; i < count; ++i) {
    RETURN_IF_ERROR(CheckInterrupted());
    if (scrapes) {
      const absl::Time start = absl::Now();
      RETURN_IF_ERROR(HttpGet(address, kMetrics).status());
      took_ms.push_back(absl::ToDoubleMilliseconds(absl::Now() - start));
    }
    next += kScrapePace;
    absl::SleepFor(next - absl::Now());
  }
  ASSIGN_OR_RETURN(const Usage after, server.ReadUsage());
  if (!before.cpu.has_value() || !after.cpu.has_value()) {
    return absl::UnavailableError("the processor time of the server is not known");
  }
  return absl::ToDoubleMilliseconds(*after.cpu - *before.cpu);
}

}  // namespace

absl::StatusOr<std::vector<Figure>> MeasureTelemetry(Workspace& workspace) {
  const BenchOptions& options = workspace.options();
  ASSIGN_OR_RETURN(const std::unique_ptr<Target> watched,
                   workspace.StartServer("watched", {kAnyHttp}));
  ASSIGN_OR_RETURN(const std::unique_ptr<Target> unwatched,
                   workspace.StartServer("unwatched", {kNoHttp}));
  ASSIGN_OR_RETURN(const std::unique_ptr<Target> silent,
                   workspace.StartServer("silent", {kNoHttp, "--access_log=off"}));
  ASSIGN_OR_RETURN(const std::string address, MetricsAddress(*watched));
  Side on = Scraped(MakeUnarySide(*watched, *watched, options, options.seed), address);
  Side off = MakeUnarySide(*unwatched, *unwatched, options, options.seed);
  Side no_log = MakeUnarySide(*silent, *silent, options, options.seed);
  RETURN_IF_ERROR(TakeSideTurns({&on, &off, &no_log}, options.time));
  for (const Side* const side : {&on, &off, &no_log}) {
    RETURN_IF_ERROR(FinishSide(*side));
  }
  std::vector<Figure> figures;
  AddSideFigures("telemetry_unary", "calls_per_second", on, off, figures);
  AddSideFigures("access_log_unary", "calls_per_second", off, no_log, figures);
  return figures;
}

absl::StatusOr<std::vector<Figure>> MeasureScrape(Workspace& workspace) {
  const BenchOptions& options = workspace.options();
  ASSIGN_OR_RETURN(const std::unique_ptr<Target> server,
                   workspace.StartServer("store", {kAnyHttp}));
  ASSIGN_OR_RETURN(const std::string address, MetricsAddress(*server));
  ASSIGN_OR_RETURN(const int64_t accepted, MakeSurveys(*server, options));
  ASSIGN_OR_RETURN(const std::string page, HttpGet(address, kMetrics));
  const int count = std::max(1, static_cast<int>(options.time / kTurns / kScrapePace));
  std::vector<double> cpu_ms;
  std::vector<double> took_ms;
  for (int turn = 0; turn < kTurns; ++turn) {
    ASSIGN_OR_RETURN(const double scraped_ms, CpuMs(*server, address, count, true, took_ms));
    ASSIGN_OR_RETURN(const double idle_ms, CpuMs(*server, address, count, false, took_ms));
    cpu_ms.push_back((scraped_ms - idle_ms) / count);
  }
  RETURN_IF_ERROR(Workspace::FinishServer(*server, accepted));
  return std::vector<Figure>{{"scrape_cpu_ms", Median(cpu_ms), "ms", {}},
                             {"scrape_median_ms", Median(took_ms), "ms", {}},
                             {"scrape_p99_ms", Percentile(took_ms, 99), "ms", {}},
                             {"scrape_bytes", static_cast<double>(page.size()), "bytes", {}},
                             {"scrape_lines",
                              static_cast<double>(std::count(page.begin(), page.end(), '\n')),
                              "lines",
                              {}},
                             {"scrapes", static_cast<double>(took_ms.size()), "scrapes", {}}};
}

}  // namespace emptychair::bench
