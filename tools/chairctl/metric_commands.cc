#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "tools/chairctl/enum_flag.h"
#include "tools/chairctl/metric_output.h"
#include "tools/chairctl/selection_flags.h"
#include "tools/chairctl/session.h"

namespace emptychair {
namespace {

struct QueryFlags {
  std::vector<std::string> surveys;
  SelectionFlags selection;
  std::string by;
  int32_t trailing = 0;
  std::vector<std::string> group_by;
  std::string method;
  std::optional<int32_t> top_box_min;
  std::string respondents;
  double confidence = 0;
  int32_t min_sample = 0;
  bool include_excluded = false;
  bool histogram = false;
};

// All of the request but what the selection says.
v1::QueryMetricRequest MakeRequest(const QueryFlags& flags) {
  v1::QueryMetricRequest request;
  request.mutable_survey_ids()->Add(flags.surveys.begin(), flags.surveys.end());
  request.set_method(ParseEnumFlag<v1::MetricMethod>(flags.method));
  request.set_respondent_rule(ParseEnumFlag<v1::RespondentRule>(flags.respondents));
  request.set_granularity(ParseEnumFlag<v1::Granularity>(flags.by));
  request.set_trailing_buckets(flags.trailing);
  request.mutable_group_by()->Add(flags.group_by.begin(), flags.group_by.end());
  request.set_confidence(flags.confidence);
  request.set_min_sample(flags.min_sample);
  request.set_include_excluded(flags.include_excluded);
  request.set_include_histogram(flags.histogram);
  if (flags.top_box_min.has_value()) {
    request.set_top_box_min(*flags.top_box_min);
  }
  return request;
}

int Query(Session& session, const QueryFlags& flags) {
  const Environment& environment = session.environment;
  v1::QueryMetricRequest request = MakeRequest(flags);
  v1::TimeInterval interval;
  int exit_code = kExitOk;
  if (!ReadSelection(session, flags.selection, flags.surveys.front(), &interval,
                     request.mutable_filters(), &exit_code)) {
    return exit_code;
  }
  if (interval.has_start_time() || interval.has_end_time()) {
    *request.mutable_interval() = std::move(interval);
  }
  const absl::StatusOr<v1::QueryMetricResponse> response = session.client.QueryMetric(request);
  if (!response.ok()) {
    return ServiceError(environment, response.status());
  }
  switch (session.format) {
    case OutputFormat::kJson:
      session.out() << ToJson(*response);
      break;
    case OutputFormat::kCsv:
      PrintMetricCsv(request, *response, session.out());
      break;
    case OutputFormat::kTable:
      PrintMetricTable(request, *response, environment.out_is_terminal ? environment.columns : 0,
                       session.out());
      break;
  }
  return kExitOk;
}

}  // namespace

void AddMetricCommands(CLI::App& app, Command* command) {
  CLI::App* group = app.add_subcommand("metric", "Compute metrics");
  group->require_subcommand(1);
  group->footer("Example:\n  chairctl metric query support-nps --window 2024-Q1");
  CLI::App* query = group->add_subcommand("query", "Compute a metric over time and groups");
  auto flags = std::make_shared<QueryFlags>();
  query->add_option("SURVEY", flags->surveys, "1 to 32 surveys of one kind, scale and zone")
      ->required();
  AddSelectionFlags(*query, flags->selection);
  query->add_option("--by", flags->by, "Length of a bucket; without, one for all")
      ->transform(CLI::IsMember(EnumFlags<v1::Granularity>(), CLI::ignore_case));
  query->add_option("--trailing", flags->trailing, "Buckets that each point covers (default 1)");
  query->add_option("--group-by", flags->group_by, "Dimension, or survey_id; can be repeated")
      ->allow_extra_args(false);
  query
      ->add_option("--method", flags->method,
                   "How the value is computed (default by the survey's kind)")
      ->transform(CLI::IsMember(EnumFlags<v1::MetricMethod>(), CLI::ignore_case));
  query->add_option("--top-box-min", flags->top_box_min, "Lowest score that counts as satisfied");
  query
      ->add_option("--respondents", flags->respondents,
                   "Which of a customer's answers count (default all)")
      ->transform(CLI::IsMember(EnumFlags<v1::RespondentRule>(), CLI::ignore_case));
  query->add_option("--confidence", flags->confidence, "0.80, 0.90, 0.95 (default) or 0.99");
  query->add_option("--min-sample", flags->min_sample, "Suppress points on fewer scored answers");
  query->add_flag("--include-excluded", flags->include_excluded, "Count excluded answers too");
  query->add_flag("--histogram", flags->histogram, "Also show the number of answers per score");
  query->footer(
      "Times without an offset are in the survey's time zone.\n"
      "Example:\n"
      "  chairctl metric query support-nps --last 12m --by month --group-by channel");
  query->callback([flags, command] {
    *command = [flags](Session& session) { return Query(session, *flags); };
  });
}

}  // namespace emptychair
