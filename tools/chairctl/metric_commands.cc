#include <algorithm>
#include <limits>
#include <map>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "tools/chairctl/change_output.h"
#include "tools/chairctl/comparison_output.h"
#include "tools/chairctl/enum_flag.h"
#include "tools/chairctl/explanation_output.h"
#include "tools/chairctl/metric_output.h"
#include "tools/chairctl/selection_flags.h"
#include "tools/chairctl/session.h"

namespace emptychair {
namespace {

constexpr int kRowsPerPage = 1'000;

// Whose metric, and how it is computed.
struct MetricFlags {
  std::vector<std::string> surveys;
  std::string method;
  std::optional<int32_t> top_box_min;
  std::string respondents;
  double confidence = 0;
  int32_t min_sample = 0;
  bool include_excluded = false;
};

struct QueryFlags {
  MetricFlags metric;
  SelectionFlags selection;
  std::string by;
  int32_t trailing = 0;
  std::vector<std::string> group_by;
  bool histogram = false;
};

// Two sides of one metric.
struct SidesFlags {
  MetricFlags metric;
  WindowFlags base{.window_flag = "--base"};
  WindowFlags candidate{.window_flag = "--candidate"};
  std::vector<std::string> filters;
  std::vector<std::string> base_filters;
  std::vector<std::string> candidate_filters;
};

struct ChangeFlags {
  SidesFlags sides;
  std::vector<std::string> keys;
};

struct ExplainFlags {
  MetricFlags metric;
  SelectionFlags selection;
  std::vector<std::string> group;
  int limit = std::numeric_limits<int>::max();
};

// What `--respondents` can be.
const std::map<std::string, v1::RespondentRule>& RespondentFlags() {
  static const auto* const flags = new std::map<std::string, v1::RespondentRule>{
      {"all", v1::RESPONDENT_RULE_ALL},
      {"latest", v1::RESPONDENT_RULE_LATEST_PER_CUSTOMER},
      {"first", v1::RESPONDENT_RULE_FIRST_PER_CUSTOMER}};
  return *flags;
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
  if (flags.top_box_min.has_value()) {
    request.set_top_box_min(*flags.top_box_min);
  }
  return request;
}

// All of the request but what the selection says.
v1::QueryMetricRequest MakeRequest(const QueryFlags& flags) {
  v1::QueryMetricRequest request = MakeRequest(flags.metric);
  request.set_granularity(ParseEnumFlag<v1::Granularity>(flags.by));
  request.set_trailing_buckets(flags.trailing);
  request.mutable_group_by()->Add(flags.group_by.begin(), flags.group_by.end());
  request.set_include_histogram(flags.histogram);
  return request;
}

// Prints the answer in the format asked for, by `print_csv` or `print_table`, or reports why there
// is none. Answers the exit code.
template <typename Response, typename PrintCsv, typename PrintTable>
int Report(Session& session, const absl::StatusOr<Response>& response, PrintCsv print_csv,
           PrintTable print_table) {
  if (!response.ok()) {
    return ServiceError(session.environment, response.status());
  }
  switch (session.format) {
    case OutputFormat::kJson:
      session.out() << ToJson(*response);
      break;
    case OutputFormat::kCsv:
      print_csv(*response);
      break;
    case OutputFormat::kTable:
      print_table(*response);
      break;
  }
  return kExitOk;
}

// The width of the terminal, for bars; 0 when the output goes elsewhere.
int ColumnsOf(const Session& session) {
  return session.environment.out_is_terminal ? session.environment.columns : 0;
}

int Query(Session& session, const QueryFlags& flags) {
  v1::QueryMetricRequest request = MakeRequest(flags);
  v1::TimeInterval interval;
  int exit_code = kExitOk;
  if (!ReadSelection(session, flags.selection, flags.metric.surveys.front(), &interval,
                     request.mutable_filters(), &exit_code)) {
    return exit_code;
  }
  if (interval.has_start_time() || interval.has_end_time()) {
    *request.mutable_interval() = std::move(interval);
  }
  return Report(
      session, session.client.QueryMetric(request),
      [&](const auto& response) { PrintMetricCsv(request, response, session.out()); },
      [&](const auto& response) {
        PrintMetricTable(request, response, ColumnsOf(session), session.out());
      });
}

// The filters of one side: those of both, then its own.
absl::Status AddSideFilters(const std::vector<std::string>& both, absl::string_view own_flag,
                            const std::vector<std::string>& own, v1::QueryMetricRequest* side) {
  RETURN_IF_ERROR(AddFilters("--filter", both, *side->mutable_filters()));
  return AddFilters(own_flag, own, *side->mutable_filters());
}

// Fills in both sides. On failure reports it, sets `*exit_code` and answers false.
bool ReadSides(Session& session, const SidesFlags& flags, v1::QueryMetricRequest* base,
               v1::QueryMetricRequest* candidate, int* exit_code) {
  *base = *candidate = MakeRequest(flags.metric);
  absl::Status filters = AddSideFilters(flags.filters, "--base-filter", flags.base_filters, base);
  filters.Update(
      AddSideFilters(flags.filters, "--candidate-filter", flags.candidate_filters, candidate));
  if (!filters.ok()) {
    *exit_code = UsageError(session.environment, filters.message());
    return false;
  }
  return ReadWindows(
      session,
      {{flags.base, base->mutable_interval()}, {flags.candidate, candidate->mutable_interval()}},
      flags.metric.surveys.front(), exit_code);
}

int Compare(Session& session, const SidesFlags& flags) {
  v1::CompareMetricRequest request;
  int exit_code = kExitOk;
  if (!ReadSides(session, flags, request.mutable_base(), request.mutable_candidate(), &exit_code)) {
    return exit_code;
  }
  return Report(
      session, session.client.CompareMetric(request),
      [&](const auto& response) { PrintComparisonCsv(request, response, session.out()); },
      [&](const auto& response) { PrintComparisonTable(request, response, session.out()); });
}

int Change(Session& session, const ChangeFlags& flags) {
  v1::DecomposeChangeRequest request;
  int exit_code = kExitOk;
  if (!ReadSides(session, flags.sides, request.mutable_base(), request.mutable_candidate(),
                 &exit_code)) {
    return exit_code;
  }
  request.mutable_keys()->Add(flags.keys.begin(), flags.keys.end());
  return Report(
      session, session.client.DecomposeChange(request),
      [&](const auto& response) { PrintChangeCsv(response, session.out()); },
      [&](const auto& response) {
        PrintChangeTable(request, response, ColumnsOf(session), session.out());
      });
}

// `KEY=V` texts as a group: its keys and its values.
absl::Status AddGroup(const std::vector<std::string>& texts, v1::ExplainMetricRequest& request) {
  google::protobuf::RepeatedPtrField<v1::LabelFilter> parts;
  RETURN_IF_ERROR(AddFilters("--group", texts, parts));
  for (const v1::LabelFilter& part : parts) {
    if (part.negate() || part.values_size() != 1) {
      return FieldError(v1::ERROR_REASON_FIELD_INVALID, "--group",
                        "wanted KEY=V, each KEY once: a group has one value for each");
    }
    request.mutable_query()->add_group_by(part.key());
    *request.add_group_values() = GroupNamed(part.values(0));
  }
  return absl::OkStatus();
}

int Explain(Session& session, const ExplainFlags& flags) {
  const Environment& environment = session.environment;
  v1::ExplainMetricRequest request;
  v1::QueryMetricRequest& query = *request.mutable_query();
  query = MakeRequest(flags.metric);
  if (const absl::Status group = AddGroup(flags.group, request); !group.ok()) {
    return UsageError(environment, group.message());
  }
  int exit_code = kExitOk;
  if (!ReadSelection(session, flags.selection, flags.metric.surveys.front(),
                     query.mutable_interval(), query.mutable_filters(), &exit_code)) {
    return exit_code;
  }
  request.set_page_size(std::min(kRowsPerPage, flags.limit));
  std::vector<v1::ExplainMetricRow> rows;
  for (absl::StatusOr<v1::ExplainMetricRow>& row : session.client.ExplainMetric(request)) {
    if (!row.ok()) {
      return ServiceError(environment, row.status());
    }
    rows.push_back(*std::move(row));
    if (static_cast<int>(rows.size()) == flags.limit) {
      break;
    }
  }
  switch (session.format) {
    case OutputFormat::kJson:
      PrintExplanationJson(rows, session.out());
      break;
    case OutputFormat::kCsv:
      PrintExplanationCsv(rows, session.out());
      break;
    case OutputFormat::kTable:
      PrintExplanationTable(request, rows, session.out());
      break;
  }
  return kExitOk;
}

void AddMetricFlags(CLI::App& app, MetricFlags& flags) {
  app.add_option("SURVEY", flags.surveys, "1 to 32 surveys of one kind, scale and zone")
      ->required();
  app.add_option("--method", flags.method,
                 "How the value is computed (default by the survey's kind)")
      ->transform(CLI::IsMember(EnumFlags<v1::MetricMethod>(), CLI::ignore_case));
  app.add_option("--top-box-min", flags.top_box_min, "Lowest score that counts as satisfied");
  app.add_option("--respondents", flags.respondents,
                 "Which of a customer's answers count (default all)")
      ->transform(
          CLI::IsMember(std::vector<std::string>{"all", "latest", "first"}, CLI::ignore_case));
  app.add_option("--confidence", flags.confidence, "0.80, 0.90, 0.95 (default) or 0.99");
  app.add_option("--min-sample", flags.min_sample, "Suppress points on fewer scored answers");
  app.add_flag("--include-excluded", flags.include_excluded, "Count excluded answers too");
}

void AddQuery(CLI::App& group, Command* command) {
  CLI::App* query = group.add_subcommand("query", "Compute a metric over time and groups");
  auto flags = std::make_shared<QueryFlags>();
  AddMetricFlags(*query, flags->metric);
  AddSelectionFlags(*query, flags->selection);
  query->add_option("--by", flags->by, "Length of a bucket; without, one for all")
      ->transform(CLI::IsMember(EnumFlags<v1::Granularity>(), CLI::ignore_case));
  query->add_option("--trailing", flags->trailing, "Buckets that each point covers (default 1)");
  query->add_option("--group-by", flags->group_by, "Dimension, or survey_id; can be repeated")
      ->allow_extra_args(false);
  query->add_flag("--histogram", flags->histogram, "Also show the number of answers per score");
  query->footer(
      "Times without an offset are in the survey's time zone.\n"
      "Example:\n"
      "  chairctl metric query support-nps --last 12m --by month --group-by channel");
  query->callback([flags, command] {
    *command = [flags](Session& session) { return Query(session, *flags); };
  });
}

void AddSidesFlags(CLI::App& app, SidesFlags& flags) {
  AddMetricFlags(app, flags.metric);
  app.add_option("--base", flags.base.window,
                 "What is compared with: 2024, 2024-Q1, 2024-W05, 2024-01, 2024-01-31, or A..B "
                 "without B")
      ->required();
  app.add_option("--candidate", flags.candidate.window, "What is compared: as in --base")
      ->required();
  const auto add_filter = [&](const char* name, std::vector<std::string>& texts,
                              const char* description) {
    app.add_option(name, texts, description)->allow_extra_args(false);
  };
  add_filter("--filter", flags.filters,
             "KEY=V or KEY!=V, for both; can be repeated: values of one KEY are alternatives");
  add_filter("--base-filter", flags.base_filters, "The same for the base alone");
  add_filter("--candidate-filter", flags.candidate_filters, "The same for the candidate alone");
}

void AddCompare(CLI::App& group, Command* command) {
  CLI::App* compare =
      group.add_subcommand("compare", "Say whether a metric differs by more than chance");
  auto flags = std::make_shared<SidesFlags>();
  AddSidesFlags(*compare, *flags);
  compare->footer(
      "The two must not share an answer: windows apart, or filters apart on one KEY.\n"
      "Times without an offset are in the survey's time zone.\n"
      "Example:\n"
      "  chairctl metric compare support-nps --base 2023 --candidate 2024\n"
      "Two slices of one year:\n"
      "  chairctl metric compare support-nps --base 2024 --candidate 2024 \\\n"
      "    --base-filter channel=web --candidate-filter channel=app");
  compare->callback([flags, command] {
    *command = [flags](Session& session) { return Compare(session, *flags); };
  });
}

void AddChange(CLI::App& group, Command* command) {
  CLI::App* change = group.add_subcommand("change", "Say which slices moved a metric");
  auto flags = std::make_shared<ChangeFlags>();
  AddSidesFlags(*change, flags->sides);
  change
      ->add_option("--key", flags->keys,
                   "Dimension, or survey_id; can be repeated (default every dimension)")
      ->allow_extra_args(false);
  change->footer(
      "mix is what a slice adds by being more or less of the answers, score what it adds by\n"
      "scoring otherwise; the totals of all slices by one KEY add up to the change.\n"
      "The two must not share an answer: windows apart, or filters apart on one KEY.\n"
      "Times without an offset are in the survey's time zone.\n"
      "Example:\n"
      "  chairctl metric change support-nps --base 2024-Q1 --candidate 2024-Q2 --key channel");
  change->callback([flags, command] {
    *command = [flags](Session& session) { return Change(session, *flags); };
  });
}

void AddExplain(CLI::App& group, Command* command) {
  CLI::App* explain =
      group.add_subcommand("explain", "List the answers behind a value, newest first");
  auto flags = std::make_shared<ExplainFlags>();
  AddMetricFlags(*explain, flags->metric);
  AddSelectionFlags(*explain, flags->selection);
  explain
      ->add_option("--group", flags->group,
                   "KEY=V: only this group; can be repeated. V can be (none) or (other)")
      ->allow_extra_args(false);
  explain->add_option("--limit", flags->limit, "List at most so many")
      ->check(CLI::Range(1, std::numeric_limits<int>::max()));
  explain->footer(
      "Times without an offset are in the survey's time zone.\n"
      "Example:\n"
      "  chairctl metric explain support-nps --window 2024-01 --group channel=web");
  explain->callback([flags, command] {
    *command = [flags](Session& session) { return Explain(session, *flags); };
  });
}

}  // namespace

void AddMetricCommands(CLI::App& app, Command* command) {
  CLI::App* group = app.add_subcommand("metric", "Compute metrics");
  group->require_subcommand(1);
  group->footer("Example:\n  chairctl metric query support-nps --window 2024-Q1");
  AddQuery(*group, command);
  AddCompare(*group, command);
  AddChange(*group, command);
  AddExplain(*group, command);
}

}  // namespace emptychair
