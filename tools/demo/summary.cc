#include "tools/demo/summary.h"

#include <algorithm>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "tools/chairctl/plot/interval_axis.h"
#include "tools/chairctl/text/metric_marks.h"
#include "tools/demo/answers.h"
#include "tools/demo/purchases.h"

namespace emptychair::demo {
namespace {

// A point that rests on fewer answers is too uncertain to be called the worst.
constexpr int kWorstMinAnswers = 30;
// In points: a trend that moves less is drawn flat.
constexpr double kSparklineSpanMin = 20;

std::string Thousands(int64_t number) {
  std::string digits = absl::StrCat(number);
  for (size_t position = digits.size(); position > 3; position -= 3) {
    digits.insert(position - 3, ",");
  }
  return digits;
}

std::string MonthOf(const v1::MetricBucket& bucket, absl::TimeZone zone) {
  const absl::Time start = absl::FromUnixSeconds(bucket.start_time().seconds());
  return absl::FormatTime("%Y-%m", start, zone);
}

// "by month  ▆▆▃▁▅▆  2024-01 33.1, lowest -12.0 in 2024-11, 2025-06 36.4"
std::string Trend(const v1::MetricSeries& series, const v1::QueryMetricResponse& response) {
  absl::TimeZone zone = absl::UTCTimeZone();
  absl::LoadTimeZone(response.method_info().time_zone(), &zone);
  const std::vector<IntervalMark> marks = MarksOf(series.points());
  int first = -1;
  int last = -1;
  int lowest = -1;
  for (int i = 0; i < series.points_size(); ++i) {
    if (!marks[i].value.has_value()) {
      continue;
    }
    first = first < 0 ? i : first;
    last = i;
    lowest = lowest < 0 || *marks[i].value < *marks[lowest].value ? i : lowest;
  }
  if (last < 0) {
    return "by month  no scores yet";
  }
  const auto month = [&](int i) { return MonthOf(response.buckets(i), zone); };
  std::string text = absl::StrFormat("by month  %s  %s %.1f", Sparkline(marks, kSparklineSpanMin),
                                     month(first), *marks[first].value);
  if (lowest != first && lowest != last) {
    absl::StrAppendFormat(&text, ", lowest %.1f in %s", *marks[lowest].value, month(lowest));
  }
  if (last != first) {
    absl::StrAppendFormat(&text, ", %s %.1f", month(last), *marks[last].value);
  }
  return text;
}

absl::StatusOr<std::string> SurveySummary(Client& client, const v1::Survey& survey) {
  v1::QueryMetricRequest request;
  request.add_survey_ids(survey.survey_id());
  ASSIGN_OR_RETURN(const v1::QueryMetricResponse whole, client.QueryMetric(request));
  std::string text = absl::StrCat("\n", survey.survey_id());
  if (!survey.display_name().empty()) {
    absl::StrAppend(&text, " (", survey.display_name(), ")");
  }
  if (whole.total().points_size() == 0 || !whole.total().points(0).has_value()) {
    return absl::StrCat(text, "\n  no scores yet\n");
  }
  const v1::MetricValue& value = whole.total().points(0);
  absl::StrAppendFormat(&text,
                        "\n  %s answers, %s without a score\n  NPS %.1f  (95 %%: %.1f … %.1f)\n",
                        Thousands(value.answers() + value.unscored()), Thousands(value.unscored()),
                        value.value(), value.low(), value.high());
  request.set_granularity(v1::GRANULARITY_MONTH);
  ASSIGN_OR_RETURN(const v1::QueryMetricResponse months, client.QueryMetric(request));
  absl::StrAppend(&text, "  ", Trend(months.total(), months), "\n");
  return text;
}

// The slice of the demonstration's deliveries with the worst month.
absl::StatusOr<std::string> WorstSlice(Client& client) {
  v1::QueryMetricRequest request;
  request.add_survey_ids("delivery");
  request.set_granularity(v1::GRANULARITY_MONTH);
  request.add_group_by("region");
  request.add_group_by("carrier");
  *request.mutable_interval() = DemoInterval();
  ASSIGN_OR_RETURN(const v1::QueryMetricResponse response, client.QueryMetric(request));
  const v1::MetricSeries* worst = nullptr;
  double worst_value = 0;
  for (const v1::MetricSeries& series : response.series()) {
    for (const v1::MetricValue& point : series.points()) {
      if (point.answers() >= kWorstMinAnswers && point.has_value() &&
          (worst == nullptr || point.value() < worst_value)) {
        worst = &series;
        worst_value = point.value();
      }
    }
  }
  if (worst == nullptr || worst->group_values_size() != 2) {
    return "";
  }
  return absl::StrCat("  worst slice: region ", worst->group_values(0).value(), ", carrier ",
                      worst->group_values(1).value(), "\n  ", Trend(*worst, response), "\n");
}

bool IsDemoDelivery(const v1::Survey& survey) {
  const auto& dimensions = survey.dimensions();
  return survey.survey_id() == "delivery" &&
         std::count(dimensions.begin(), dimensions.end(), "region") > 0 &&
         std::count(dimensions.begin(), dimensions.end(), "carrier") > 0;
}

// Whether promoters of the demonstration come back more often.
absl::StatusOr<std::string> Returning(Client& client) {
  v1::QueryRetentionRequest request;
  request.set_kind(std::string(kPurchaseKind));
  request.set_group_by_class_of("relationship");
  *request.mutable_interval() = DemoInterval();
  *request.mutable_as_of() = DemoInterval().end_time();
  const absl::StatusOr<v1::QueryRetentionResponse> response = client.QueryRetention(request);
  if (ReasonOf(response.status()) == v1::ERROR_REASON_KIND_NOT_FOUND) {
    return "";
  }
  RETURN_IF_ERROR(response.status());
  const v1::ClassDifference& difference = response->class_difference();
  if (!difference.has_delta_low()) {
    return "";
  }
  const auto share = [](int64_t part, int64_t whole) {
    return 100.0 * static_cast<double>(part) / static_cast<double>(whole);
  };
  return absl::StrFormat(
      "\npurchase\n  back in the next month: %.1f %% of promoters, %.1f %% of detractors  "
      "(95 %%: %+.1f … %+.1f)\n",
      share(difference.promoters_returning(), difference.promoters_at_start()),
      share(difference.detractors_returning(), difference.detractors_at_start()),
      difference.delta_low(), difference.delta_high());
}

}  // namespace

absl::StatusOr<std::string> Summary(Client& client) {
  std::string text;
  bool has_demo = false;
  for (const absl::StatusOr<v1::Survey>& survey : client.ListSurveys()) {
    RETURN_IF_ERROR(survey.status());
    if (survey->kind() != v1::SURVEY_KIND_NPS) {
      continue;
    }
    ASSIGN_OR_RETURN(const std::string survey_text, SurveySummary(client, *survey));
    text += survey_text;
    if (IsDemoDelivery(*survey)) {
      ASSIGN_OR_RETURN(const std::string slice_text, WorstSlice(client));
      text += slice_text;
      has_demo = true;
    }
  }
  if (has_demo) {
    ASSIGN_OR_RETURN(const std::string returning, Returning(client));
    text += returning;
  }
  return text.empty() ? "The database holds no NPS survey.\n" : text;
}

}  // namespace emptychair::demo
