#include "tools/chairbench/scans.h"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/base/status_macros.h"
#include "emptychair/v1/metrics_service.grpc.pb.h"
#include "tools/chairbench/history.h"
#include "tools/chairbench/statistics.h"
#include "tools/chairbench/stream_loop.h"

namespace emptychair::bench {
namespace {

constexpr int kTimes = 5;
constexpr absl::Duration kLoadMax = absl::Hours(24);

struct Scan {
  std::string name;
  v1::QueryMetricRequest question;
  // A scan before it, whose median is its limit; empty: none.
  std::string limit;
};

// A window of milliseconds, whose edges lie within hours.
Window WithinHours(const Window& period) {
  const absl::Duration off = absl::Minutes(17) + absl::Milliseconds(3);
  return {period.start + absl::Hours(24 * 200) + off, period.start + absl::Hours(24 * 900) - off};
}

std::vector<Scan> Scans(const Window& period) {
  v1::QueryMetricRequest latest_month = LatestPerCustomer();
  latest_month.set_granularity(v1::GRANULARITY_MONTH);

  v1::QueryMetricRequest label_filter = QuestionOf(period, v1::GRANULARITY_MONTH);
  v1::LabelFilter& filter = *label_filter.add_filters();
  filter.set_key(std::string(kStoreKey));
  for (uint32_t store = 0; store < kStores; store += 10) {
    filter.add_values(StoreName(store));
  }
  v1::QueryMetricRequest customers = QuestionOf(period, v1::GRANULARITY_NONE);
  customers.clear_interval();
  customers.set_interval_rule(v1::INTERVAL_RULE_CUSTOMERS);
  v1::QueryMetricRequest customers_month = customers;
  customers_month.set_granularity(v1::GRANULARITY_MONTH);
  customers_month.set_trailing_buckets(12);

  return {{"query_latest", LatestPerCustomer(), ""},
          {"query_customers", customers, "query_latest"},
          {"query_customers_month", customers_month, "query_latest"},
          {"query_latest_month", latest_month, ""},
          {"query_label_filter", label_filter, ""},
          {"query_window", QuestionOf(WithinHours(period), v1::GRANULARITY_NONE), ""}};
}

absl::StatusOr<double> AskMs(v1::MetricsService::Stub& server,
                             const v1::QueryMetricRequest& question,
                             v1::QueryMetricResponse& answer) {
  RETURN_IF_ERROR(CheckInterrupted());
  grpc::ClientContext context;
  answer.Clear();
  const absl::Time start = absl::Now();
  RETURN_IF_ERROR(FromGrpc(server.QueryMetric(&context, question, &answer)));
  return absl::ToDoubleMilliseconds(absl::Now() - start);
}

// What was counted, over all points.
void AddAnswer(const std::string& name, const v1::QueryMetricResponse& answer,
               std::vector<Figure>& figures) {
  double answers = 0;
  double promoters = 0;
  double detractors = 0;
  for (const v1::MetricValue& value : answer.total().points()) {
    answers += static_cast<double>(value.answers());
    promoters += static_cast<double>(value.promoters());
    detractors += static_cast<double>(value.detractors());
  }
  figures.push_back({name + "_answers", answers, "answers", {}});
  figures.push_back({name + "_promoters", promoters, "answers", {}});
  figures.push_back({name + "_detractors", detractors, "answers", {}});
}

}  // namespace

absl::StatusOr<std::vector<Figure>> AskScans(Target& server, const Window& period) {
  const auto stub = v1::MetricsService::NewStub(server.Connect());
  std::vector<Figure> figures;
  v1::QueryMetricResponse answer;
  std::map<std::string, double> medians;
  for (const auto& [name, question, limit] : Scans(period)) {
    ASSIGN_OR_RETURN(const double first_ms, AskMs(*stub, question, answer));
    std::vector<double> later_ms;
    for (int i = 0; i < kTimes; ++i) {
      ASSIGN_OR_RETURN(later_ms.emplace_back(), AskMs(*stub, question, answer));
    }
    figures.push_back({name + "_first_ms", first_ms, "ms", {}});
    medians[name] = Median(later_ms);
    figures.push_back({name + "_ms", medians[name], "ms",
                       limit.empty() ? std::optional<double>() : medians[limit]});
    AddAnswer(name, answer, figures);
  }
  const Window window = WithinHours(period);
  figures.push_back({"query_window_start_ms",
                     static_cast<double>(absl::ToUnixMillis(window.start)),
                     "ms since 1970",
                     {}});
  figures.push_back({"query_window_end_ms",
                     static_cast<double>(absl::ToUnixMillis(window.end)),
                     "ms since 1970",
                     {}});
  ASSIGN_OR_RETURN(const Usage usage, server.ReadUsage());
  if (usage.column_feedback_count > 0) {
    figures.push_back(
        {"column_bytes_per_record",
         static_cast<double>(usage.column_bytes) / static_cast<double>(usage.column_feedback_count),
         "B",
         {}});
  }
  return figures;
}

ScansBeside::ScansBeside(Target& server, absl::Duration period) {
  if (period == absl::ZeroDuration()) {
    return;
  }
  asker_ = std::thread([this, &server, period] {
    const auto stub = v1::MetricsService::NewStub(server.Connect());
    do {
      grpc::ClientContext context;
      v1::QueryMetricResponse answer;
      // What goes wrong is seen by the run that this goes on beside.
      stub->QueryMetric(&context, LatestPerCustomer(), &answer);
    } while (!is_over_.WaitForNotificationWithTimeout(period));
  });
}

ScansBeside::~ScansBeside() {
  is_over_.Notify();
  if (asker_.joinable()) {
    asker_.join();
  }
}

absl::StatusOr<std::vector<Figure>> MeasureScans(Workspace& workspace) {
  BenchOptions options = workspace.options();
  options.stores = true;
  // The same for every run of a day, so that one can ask what another has loaded.
  const Window period = ThreeYearsUpTo(
      absl::FromUnixSeconds(absl::ToUnixSeconds(absl::Now()) / (24 * 3'600) * (24 * 3'600)));
  int64_t accepted = 0;
  if (!options.ask_only) {
    StreamLoop loop(workspace.server().client(), static_cast<size_t>(options.streams),
                    options.batch_size, HistoricAnswers(options, period));
    ASSIGN_OR_RETURN(const LoopResult loaded, loop.Run(kLoadMax));
    accepted = loaded.accepted;
  }
  ASSIGN_OR_RETURN(std::vector<Figure> figures, AskScans(workspace.server(), period));
  RETURN_IF_ERROR(workspace.Finish(accepted));
  return figures;
}

}  // namespace emptychair::bench
