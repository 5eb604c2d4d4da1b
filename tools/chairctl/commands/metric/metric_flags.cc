#include "tools/chairctl/commands/metric/metric_flags.h"

#include <map>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "tools/chairctl/base/enum_flag.h"
#include "tools/chairctl/commands/selection_flags.h"

namespace emptychair {
namespace {

// What `--respondents` can be.
const std::map<std::string, v1::RespondentRule>& RespondentFlags() {
  static const auto* const kFlags = new std::map<std::string, v1::RespondentRule>{
      {"all", v1::RESPONDENT_RULE_ALL},
      {"latest", v1::RESPONDENT_RULE_LATEST_PER_CUSTOMER},
      {"first", v1::RESPONDENT_RULE_FIRST_PER_CUSTOMER}};
  return *kFlags;
}

// The filters of one side: those of both, then its own.
absl::Status AddSideFilters(const std::vector<std::string>& both, absl::string_view own_flag,
                            const std::vector<std::string>& own, v1::QueryMetricRequest* side) {
  RETURN_IF_ERROR(AddFilters("--filter", both, *side->mutable_filters()));
  return AddFilters(own_flag, own, *side->mutable_filters());
}

}  // namespace

void AddHtmlFlag(CommandLine app, std::string& html) {
  app.Add("--html", html, "Also write the answer to this file, as a page that stands alone")
      .NotEmpty("wanted the name of a file");
}

void AddIntervalFlag(CommandLine app, std::string& interval) {
  app.Add("--interval", interval,
          "What intervals take of customers who answered more than once: these very customers, how "
          "much they repeated themselves when that was measured, or every answer as another "
          "customer's (default by the number of answers)")
      .OneOf(EnumFlags<v1::IntervalRule>());
}

void AddAnswerFlags(CommandLine app, MetricFlags& flags) {
  app.Add("SURVEY", flags.surveys, "1 to 32 surveys of one kind, scale and zone").Required();
  app.Add("--method", flags.method, "How the value is computed (default by the survey's kind)")
      .OneOf(EnumFlags<v1::MetricMethod>());
  app.Add("--top-box-min", flags.top_box_min, "Lowest score that counts as satisfied");
  app.Add("--respondents", flags.respondents, "Which of a customer's answers count (default all)")
      .OneOf(std::vector<std::string>{"all", "latest", "first"});
  app.Add("--min-sample", flags.min_sample, "Suppress points on fewer scored answers");
  app.Add("--include-excluded", flags.include_excluded, "Count excluded answers too");
  AddHtmlFlag(app, flags.html);
}

void AddMetricFlags(CommandLine app, MetricFlags& flags) {
  AddAnswerFlags(app, flags);
  app.Add("--confidence", flags.confidence, "0.80, 0.90, 0.95 (default) or 0.99");
}

void AddSideFlags(CommandLine app, SidesFlags& flags) {
  app.Add("--base", flags.base.window,
          "What is compared with: 2024, 2024-Q1, 2024-W05, 2024-01, 2024-01-31, or A..B "
          "without B (default everything)");
  app.Add("--candidate", flags.candidate.window, "What is compared: as in --base");
  app.Add("--candidate-survey", flags.candidate_surveys,
          "Survey of the candidate (default SURVEY); can be repeated")
      .OneValueEach();
  app.Add("--base-filter", flags.base_filters, "As --filter, for the base alone").OneValueEach();
  app.Add("--candidate-filter", flags.candidate_filters, "As --filter, for the candidate alone")
      .OneValueEach();
}

void AddWeekStartFlag(CommandLine app, std::string& week_start) {
  app.Add("--week-start", week_start, "First day of a week (default monday)")
      .OneOf(EnumFlags<v1::WeekStart>());
}

v1::QueryMetricRequest MakeRequest(const MetricFlags& flags) {
  v1::QueryMetricRequest request;
  request.mutable_survey_ids()->Add(flags.surveys.begin(), flags.surveys.end());
  request.set_method(ParseEnumFlag<v1::MetricMethod>(flags.method));
  if (!flags.respondents.empty()) {
    request.set_respondent_rule(RespondentFlags().at(flags.respondents));
  }
  request.set_confidence(flags.confidence);
  request.set_min_sample(flags.min_sample);
  request.set_include_excluded(flags.include_excluded);
  request.set_interval_rule(ParseEnumFlag<v1::IntervalRule>(flags.interval));
  if (flags.top_box_min.has_value()) {
    request.set_top_box_min(*flags.top_box_min);
  }
  return request;
}

const std::string& CandidateSurvey(const SidesFlags& flags) {
  return flags.candidate_surveys.empty() ? flags.metric.surveys.front()
                                         : flags.candidate_surveys.front();
}

bool ReadSides(Session& session, const SidesFlags& flags, const std::vector<WindowRead>& more,
               v1::QueryMetricRequest* base, v1::QueryMetricRequest* candidate, int* exit_code) {
  if (!flags.base.window.has_value() && !flags.candidate.window.has_value() &&
      flags.candidate_surveys.empty() && flags.base_filters.empty() &&
      flags.candidate_filters.empty()) {
    *exit_code = UsageError(
        session.environment,
        absl::StrCat("wanted what tells the sides apart: windows (--base, --candidate), filters "
                     "(--base-filter, --candidate-filter) or another survey (--candidate-survey)",
                     flags.otherwise));
    return false;
  }
  *base = *candidate = MakeRequest(flags.metric);
  if (!flags.candidate_surveys.empty()) {
    candidate->mutable_survey_ids()->Assign(flags.candidate_surveys.begin(),
                                            flags.candidate_surveys.end());
  }
  absl::Status filters = AddSideFilters(flags.filters, "--base-filter", flags.base_filters, base);
  filters.Update(
      AddSideFilters(flags.filters, "--candidate-filter", flags.candidate_filters, candidate));
  if (!filters.ok()) {
    *exit_code = UsageError(session.environment, filters.message());
    return false;
  }
  std::vector<WindowRead> reads = {
      {flags.base, base->survey_ids(0), base->mutable_interval()},
      {flags.candidate, CandidateSurvey(flags), candidate->mutable_interval()}};
  for (const WindowRead& read : more) {
    reads.push_back(read);
  }
  return ReadWindows(session, reads, exit_code);
}

int ColumnsOf(const Session& session) {
  return session.environment.out_is_terminal ? session.environment.columns : 0;
}

}  // namespace emptychair
