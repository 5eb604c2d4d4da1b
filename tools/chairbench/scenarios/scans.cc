#include "tools/chairbench/scenarios/scans.h"

#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/base/status_macros.h"
#include "emptychair/v1/admin_service.grpc.pb.h"
#include "emptychair/v1/metrics_service.grpc.pb.h"
#include "tools/chairbench/base/statistics.h"
#include "tools/chairbench/load/history.h"
#include "tools/chairbench/load/service_calls.h"
#include "tools/chairbench/load/stream_loop.h"

namespace emptychair::bench {
namespace {

using Metrics = ServiceCalls<v1::MetricsService>;

constexpr int kTimes = 5;

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

  // The twelve periods of a scorecard.
  v1::QueryMetricRequest customers_year =
      QuestionOf({StartOfMonth(period.end) - absl::Hours(24 * 365), StartOfMonth(period.end)},
                 v1::GRANULARITY_MONTH);
  customers_year.set_interval_rule(v1::INTERVAL_RULE_CUSTOMERS);

  return {{"query_latest", LatestPerCustomer(), ""},
          {"query_customers", customers, "query_latest"},
          {"query_customers_month", customers_month, "query_latest"},
          {"query_customers_year", customers_year, ""},
          {"query_latest_month", latest_month, ""},
          {"query_label_filter", label_filter, ""},
          {"query_window", QuestionOf(WithinHours(period), v1::GRANULARITY_NONE), ""}};
}

// How long a call takes.
absl::StatusOr<double> AskMs(absl::FunctionRef<absl::Status()> ask) {
  RETURN_IF_ERROR(CheckInterrupted());
  const absl::Time start = absl::Now();
  RETURN_IF_ERROR(ask());
  return absl::ToDoubleMilliseconds(absl::Now() - start);
}

// The median of some calls, behind one that is not counted.
absl::StatusOr<double> MedianMs(absl::FunctionRef<absl::Status()> ask) {
  RETURN_IF_ERROR(AskMs(ask).status());
  std::vector<double> times_ms;
  for (int i = 0; i < kTimes; ++i) {
    ASSIGN_OR_RETURN(times_ms.emplace_back(), AskMs(ask));
  }
  return Median(times_ms);
}

// Asks a question of two interval rules by turns, `name` with the one, whose limit is the other.
absl::Status CompareRules(const Metrics& metrics, const std::string& name,
                          v1::QueryMetricRequest question, std::vector<Figure>& figures) {
  constexpr int kTurns = 25;
  std::vector<double> estimated_ms;
  std::vector<double> answers_ms;
  v1::QueryMetricResponse answer;
  for (int i = 0; i <= kTurns; ++i) {
    for (const auto& [rule, times_ms] : {std::pair(v1::INTERVAL_RULE_ESTIMATED, &estimated_ms),
                                         std::pair(v1::INTERVAL_RULE_ANSWERS, &answers_ms)}) {
      question.set_interval_rule(rule);
      ASSIGN_OR_RETURN(times_ms->emplace_back(), AskMs([&] {
                         return metrics.Call(&v1::MetricsService::Stub::QueryMetric, question,
                                             answer);
                       }));
    }
  }
  figures.push_back({name, Median(estimated_ms), "ms", Median(answers_ms)});
  return absl::OkStatus();
}

// Asks quick questions for some seconds, beside `work` that is done again and again.
absl::StatusOr<double> P99BesideMs(const Metrics& metrics, const v1::QueryMetricRequest& question,
                                   absl::FunctionRef<absl::Status()> work) {
  constexpr absl::Duration kBeside = absl::Seconds(5);
  constexpr double kP99 = 99;
  std::atomic<bool> is_over = false;
  absl::Status worked;
  std::thread worker([&] {
    while (!is_over && worked.ok()) {
      worked = work();
    }
  });
  std::vector<double> times_ms;
  absl::Status asked;
  for (const absl::Time end = absl::Now() + kBeside; asked.ok() && absl::Now() < end;) {
    const absl::StatusOr<double> time_ms = AskMs([&] {
      v1::QueryMetricResponse answer;
      return metrics.Call(&v1::MetricsService::Stub::QueryMetric, question, answer);
    });
    asked = time_ms.status();
    times_ms.push_back(time_ms.value_or(0));
  }
  is_over = true;
  worker.join();
  asked.Update(worked);
  RETURN_IF_ERROR(asked);
  return Percentile(times_ms, kP99);
}

// Measures how customers repeat themselves, and what it costs to use that.
absl::Status AskEstimates(Target& server, const Window& period, std::vector<Figure>& figures) {
  const ServiceCalls<v1::AdminService> admin(server);
  const Metrics metrics(server);
  const Metrics beside(server);
  const auto measure = [&] {
    v1::MeasureRepeatsRequest request;
    request.set_survey_id(BenchSurvey().survey_id());
    v1::MeasureRepeatsResponse response;
    return admin.Call(&v1::AdminService::Stub::MeasureRepeats, request, response);
  };
  ASSIGN_OR_RETURN(const double measured_ms, MedianMs(measure));
  figures.push_back({"measure_repeats_ms", measured_ms, "ms", {}});
  const v1::QueryMetricRequest quick = QuestionOf(period, v1::GRANULARITY_MONTH);
  ASSIGN_OR_RETURN(const double scanned_ms, P99BesideMs(metrics, quick, [&] {
                     v1::QueryMetricResponse answer;
                     return beside.Call(&v1::MetricsService::Stub::QueryMetric, LatestPerCustomer(),
                                        answer);
                   }));
  ASSIGN_OR_RETURN(const double beside_ms, P99BesideMs(metrics, quick, measure));
  figures.push_back({"query_p99_beside_measuring_ms", beside_ms, "ms", scanned_ms});
  RETURN_IF_ERROR(CompareRules(metrics, "query_estimated_month_ms",
                               QuestionOf(period, v1::GRANULARITY_MONTH), figures));
  v1::QueryMetricRequest days = QuestionOf(
      {period.end - absl::Hours(24 * 366), period.end - absl::Hours(24)}, v1::GRANULARITY_DAY);
  RETURN_IF_ERROR(CompareRules(metrics, "query_estimated_day_ms", days, figures));
  days.add_group_by("region");
  days.add_group_by("plan");
  return CompareRules(metrics, "query_estimated_day_groups_ms", days, figures);
}

// Verdicts by customer, whose limits are the values that they are on.
absl::Status AskVerdicts(const Metrics& metrics, const Window& period,
                         const std::map<std::string, double>& medians,
                         std::vector<Figure>& figures) {
  const absl::Time middle = period.start + (period.end - period.start) / 2;
  v1::CompareMetricRequest comparison;
  *comparison.mutable_base() = QuestionOf({period.start, middle}, v1::GRANULARITY_NONE);
  *comparison.mutable_candidate() = QuestionOf({middle, period.end}, v1::GRANULARITY_NONE);
  for (v1::QueryMetricRequest* side : {comparison.mutable_base(), comparison.mutable_candidate()}) {
    side->set_interval_rule(v1::INTERVAL_RULE_CUSTOMERS);
  }
  ASSIGN_OR_RETURN(const double compared_ms, MedianMs([&] {
                     v1::CompareMetricResponse response;
                     return metrics.Call(&v1::MetricsService::Stub::CompareMetric, comparison,
                                         response);
                   }));
  figures.push_back({"compare_ms", compared_ms, "ms", medians.at("query_customers")});
  v1::GetScorecardRequest scorecard;
  scorecard.set_interval_rule(v1::INTERVAL_RULE_CUSTOMERS);
  ASSIGN_OR_RETURN(const double scored_ms, MedianMs([&] {
                     v1::GetScorecardResponse response;
                     return metrics.Call(&v1::MetricsService::Stub::GetScorecard, scorecard,
                                         response);
                   }));
  figures.push_back({"scorecard_ms", scored_ms, "ms", medians.at("query_customers_year")});
  return absl::OkStatus();
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
  const Metrics metrics(server);
  std::vector<Figure> figures;
  v1::QueryMetricResponse answer;
  std::map<std::string, double> medians;
  for (const auto& [name, question, limit] : Scans(period)) {
    const auto ask = [&metrics, &answer, &question = question] {
      answer.Clear();
      return metrics.Call(&v1::MetricsService::Stub::QueryMetric, question, answer);
    };
    ASSIGN_OR_RETURN(const double first_ms, AskMs(ask));
    std::vector<double> later_ms;
    for (int i = 0; i < kTimes; ++i) {
      ASSIGN_OR_RETURN(later_ms.emplace_back(), AskMs(ask));
    }
    figures.push_back({name + "_first_ms", first_ms, "ms", {}});
    medians[name] = Median(later_ms);
    figures.push_back({name + "_ms", medians[name], "ms",
                       limit.empty() ? std::optional<double>() : medians[limit]});
    AddAnswer(name, answer, figures);
  }
  RETURN_IF_ERROR(AskVerdicts(metrics, period, medians, figures));
  RETURN_IF_ERROR(AskEstimates(server, period, figures));
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
    const Metrics metrics(server);
    do {
      v1::QueryMetricResponse answer;
      // What goes wrong is seen by the run that this goes on beside.
      metrics.Call(&v1::MetricsService::Stub::QueryMetric, LatestPerCustomer(), answer)
          .IgnoreError();
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
    ASSIGN_OR_RETURN(const LoopResult loaded,
                     LoadByStreams(workspace.server(), options, HistoricAnswers(options, period)));
    accepted = loaded.accepted;
  }
  ASSIGN_OR_RETURN(std::vector<Figure> figures, AskScans(workspace.server(), period));
  RETURN_IF_ERROR(workspace.Finish(accepted));
  return figures;
}

}  // namespace emptychair::bench
