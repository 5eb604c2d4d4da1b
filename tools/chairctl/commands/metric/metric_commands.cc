#include <algorithm>
#include <iterator>
#include <limits>
#include <memory>
#include <utility>

#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "tools/chairctl/base/enum_flag.h"
#include "tools/chairctl/base/session.h"
#include "tools/chairctl/commands/commands.h"
#include "tools/chairctl/commands/metric/metric_flags.h"
#include "tools/chairctl/commands/selection_flags.h"
#include "tools/chairctl/page/change_html.h"
#include "tools/chairctl/page/comparison_html.h"
#include "tools/chairctl/page/explanation_html.h"
#include "tools/chairctl/page/query_html.h"
#include "tools/chairctl/text/change_output.h"
#include "tools/chairctl/text/comparison_output.h"
#include "tools/chairctl/text/explanation_output.h"
#include "tools/chairctl/text/metric_output.h"

namespace emptychair {
namespace {

constexpr int kRowsPerPage = 1'000;

struct QueryFlags {
  MetricFlags metric;
  SelectionFlags selection;
  std::string by;
  std::string week_start;
  int32_t trailing = 0;
  std::vector<std::string> group_by;
  bool histogram = false;
  int64_t population = 0;
};

struct CompareFlags {
  SidesFlags sides;
  // Only its `to`: answers from then on do not count.
  WindowFlags as_of{.to_flag = "--as-of"};
  std::string looks;
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

// All of the request but what the selection says.
v1::QueryMetricRequest MakeRequest(const QueryFlags& flags) {
  v1::QueryMetricRequest request = MakeRequest(flags.metric);
  request.set_granularity(ParseEnumFlag<v1::Granularity>(flags.by));
  request.set_week_start(ParseEnumFlag<v1::WeekStart>(flags.week_start));
  request.set_trailing_buckets(flags.trailing);
  request.mutable_group_by()->Add(flags.group_by.begin(), flags.group_by.end());
  request.set_include_histogram(flags.histogram);
  request.set_population(flags.population);
  return request;
}

int Query(Session& session, const QueryFlags& flags) {
  v1::QueryMetricRequest request = MakeRequest(flags);
  v1::TimeInterval interval;
  int exit_code = kExitOk;
  SelectionFlags selection = flags.selection;
  if (request.week_start() == v1::WEEK_START_SUNDAY) {
    selection.window.week_start = absl::Weekday::sunday;
  }
  if (!ReadSelection(session, selection, flags.metric.surveys.front(), &interval,
                     request.mutable_filters(), &exit_code)) {
    return exit_code;
  }
  if (interval.has_start_time() || interval.has_end_time()) {
    *request.mutable_interval() = std::move(interval);
  }
  return Report(
      session, flags.metric.html, session.client.QueryMetric(request),
      [&](const auto& response, CsvWriter& csv) { PrintMetricCsv(request, response, csv); },
      [&](const auto& response) {
        PrintMetricTable(request, response, ColumnsOf(session), session.out());
      },
      [&](const auto& response) { return QueryPage(request, response); });
}

int Compare(Session& session, const CompareFlags& flags) {
  v1::CompareMetricRequest request;
  request.set_looks(ParseEnumFlag<v1::Looks>(flags.looks));
  v1::TimeInterval before_as_of;
  int exit_code = kExitOk;
  if (!ReadSides(session, flags.sides, {{flags.as_of, CandidateSurvey(flags.sides), &before_as_of}},
                 request.mutable_base(), request.mutable_candidate(), &exit_code)) {
    return exit_code;
  }
  if (before_as_of.has_end_time()) {
    *request.mutable_as_of() = before_as_of.end_time();
  }
  const absl::StatusOr<v1::CompareMetricResponse> compared = session.client.CompareMetric(request);
  TellUncheckedVerdict(session, request, compared);
  return Report(
      session, flags.sides.metric.html, compared,
      [&](const auto& response, CsvWriter& csv) { PrintComparisonCsv(request, response, csv); },
      [&](const auto& response) { PrintComparisonTable(request, response, session.out()); },
      [&](const auto& response) { return ComparisonPage(request, response); });
}

int Change(Session& session, const ChangeFlags& flags) {
  v1::DecomposeChangeRequest request;
  int exit_code = kExitOk;
  if (!ReadSides(session, flags.sides, {}, request.mutable_base(), request.mutable_candidate(),
                 &exit_code)) {
    return exit_code;
  }
  request.mutable_keys()->Add(flags.keys.begin(), flags.keys.end());
  const absl::StatusOr<v1::DecomposeChangeResponse> decomposed =
      session.client.DecomposeChange(request);
  TellUncheckedVerdict(session, request, decomposed);
  return Report(
      session, flags.sides.metric.html, decomposed,
      [&](const auto& response, CsvWriter& csv) { PrintChangeCsv(response, csv); },
      [&](const auto& response) {
        PrintChangeTable(request, response, ColumnsOf(session), session.out());
      },
      [&](const auto& response) { return ChangePage(request, response); });
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
  // The first page says more than its rows.
  absl::StatusOr<v1::ExplainMetricResponse> page =
      session.client.connection().ExplainMetric(request);
  if (!page.ok()) {
    return ServiceError(environment, page.status());
  }
  std::vector<v1::ExplainMetricRow> rows(std::make_move_iterator(page->mutable_rows()->begin()),
                                         std::make_move_iterator(page->mutable_rows()->end()));
  rows.resize(std::min<size_t>(rows.size(), flags.limit));
  if (!page->next_page_token().empty() && static_cast<int>(rows.size()) < flags.limit) {
    v1::ExplainMetricRequest rest = request;
    rest.set_page_token(page->next_page_token());
    for (absl::StatusOr<v1::ExplainMetricRow>& row : session.client.ExplainMetric(rest)) {
      if (!row.ok()) {
        return ServiceError(environment, row.status());
      }
      rows.push_back(*std::move(row));
      if (static_cast<int>(rows.size()) == flags.limit) {
        break;
      }
    }
  }
  TellUnmatched(session, page->unmatched());
  const bool shows_times = session.format == OutputFormat::kTable || !flags.metric.html.empty();
  const absl::TimeZone zone =
      shows_times ? SurveyZones(session).Of(flags.metric.surveys.front()) : absl::UTCTimeZone();
  switch (session.format) {
    case OutputFormat::kJson:
      PrintExplanationJson(rows, session.out());
      break;
    case OutputFormat::kCsv: {
      CsvWriter csv = session.csv();
      PrintExplanationCsv(rows, csv);
      break;
    }
    case OutputFormat::kTable:
      PrintExplanationTable(request, rows, zone, session.out());
      break;
  }
  return WritePage(session, flags.metric.html,
                   [&] { return ExplanationPage(request, rows, zone); });
}

void AddQuery(CommandLine group, Command* command) {
  CommandLine query = group.AddCommand("query", "Compute a metric over time and groups");
  auto flags = std::make_shared<QueryFlags>();
  AddMetricFlags(query, flags->metric);
  AddSelectionFlags(query, flags->selection);
  query.Add("--by", flags->by, "Length of a bucket; without, one for all")
      .OneOf(EnumFlags<v1::Granularity>());
  AddWeekStartFlag(query, flags->week_start);
  query.Add("--trailing", flags->trailing, "Buckets that each point covers (default 1)");
  query.Add("--group-by", flags->group_by, "Dimension, or survey_id; can be repeated")
      .OneValueEach();
  query.Add("--histogram", flags->histogram, "Also show the number of answers per score");
  AddIntervalFlag(query, flags->metric.interval);
  query
      .Add("--population", flags->population,
           "So many customers are all of whom the value speaks; not with --group-by")
      .Between<int64_t>(1, std::numeric_limits<int64_t>::max());
  query.Footer(
      "Times without an offset are in the survey's time zone. A bucket with * is not over yet.\n"
      "Intervals tell what chance does, not who did not answer, whatever the population.\n"
      "Example:\n"
      "  chairctl metric query support-nps --last 12m --by month --group-by channel");
  query.OnChosen([flags, command] {
    *command = [flags](Session& session) { return Query(session, *flags); };
  });
}

// Adds what says how two sides are compared.
void AddSidesFlags(CommandLine app, SidesFlags& flags) {
  AddMetricFlags(app, flags.metric);
  AddIntervalFlag(app, flags.metric.interval);
  AddSideFlags(app, flags);
  app.Add("--filter", flags.filters,
          "KEY=V or KEY!=V, for both; can be repeated: values of one KEY are alternatives")
      .OneValueEach();
}

void AddCompare(CommandLine group, Command* command) {
  CommandLine compare =
      group.AddCommand("compare", "Say whether a metric differs by more than chance");
  auto flags = std::make_shared<CompareFlags>();
  AddSidesFlags(compare, flags->sides);
  compare.Add(
      "--as-of", flags->as_of.to,
      "Only answers before it count: 2024, 2024-Q1, 2024-W05, 2024-01, 2024-01-31 or a time "
      "(default all, or now while the candidate's window lasts)");
  compare
      .Add("--looks", flags->looks,
           "How often this is asked while answers come in: once, until the candidate's window ends "
           "(default while it lasts), or without an end")
      .OneOf(EnumFlags<v1::Looks>());
  compare.Footer(
      "The two must not share an answer: windows apart, filters apart on one KEY, or two surveys.\n"
      "Who looks every day finds a change by chance sooner or later, so while the candidate's\n"
      "window lasts a change must come to more; looks at its end cost nothing of that.\n"
      "Times without an offset are in the survey's time zone, that of --as-of in the candidate's.\n"
      "Example:\n"
      "  chairctl metric compare support-nps --base 2023 --candidate 2024\n"
      "Two slices:\n"
      "  chairctl metric compare support-nps --base-filter channel=web \\\n"
      "    --candidate-filter channel=app\n"
      "Two surveys:\n"
      "  chairctl metric compare support-nps --candidate-survey sales-nps");
  compare.OnChosen([flags, command] {
    *command = [flags](Session& session) { return Compare(session, *flags); };
  });
}

void AddChange(CommandLine group, Command* command) {
  CommandLine change = group.AddCommand("change", "Say which slices moved a metric");
  auto flags = std::make_shared<ChangeFlags>();
  AddSidesFlags(change, flags->sides);
  change
      .Add("--key", flags->keys,
           "Dimension, or survey_id; can be repeated (default every dimension)")
      .OneValueEach();
  change.Footer(
      "mix is what a slice adds by being more or less of the answers, score what it adds by\n"
      "scoring otherwise; the totals of all slices by one KEY add up to the change. A slice moved\n"
      "up or down when chance does not explain its total, for as many slices as there are.\n"
      "The two must not share an answer: windows apart, filters apart on one KEY, or two surveys.\n"
      "Times without an offset are in the survey's time zone.\n"
      "Example:\n"
      "  chairctl metric change support-nps --base 2024-Q1 --candidate 2024-Q2 --key channel");
  change.OnChosen([flags, command] {
    *command = [flags](Session& session) { return Change(session, *flags); };
  });
}

void AddExplain(CommandLine group, Command* command) {
  CommandLine explain =
      group.AddCommand("explain", "List the answers behind a value, newest first");
  auto flags = std::make_shared<ExplainFlags>();
  AddMetricFlags(explain, flags->metric);
  AddSelectionFlags(explain, flags->selection);
  explain
      .Add("--group", flags->group,
           "KEY=V: only this group; can be repeated. V can be (none) or (other)")
      .OneValueEach();
  explain.Add("--limit", flags->limit, "List at most so many")
      .Between(1, std::numeric_limits<int>::max());
  explain.Footer(
      "Times without an offset are in the survey's time zone.\n"
      "Example:\n"
      "  chairctl metric explain support-nps --window 2024-01 --group channel=web");
  explain.OnChosen([flags, command] {
    *command = [flags](Session& session) { return Explain(session, *flags); };
  });
}

}  // namespace

void AddMetricCommands(CommandLine app, Command* command) {
  CommandLine group = app.AddCommand("metric", "Compute metrics");
  group.RequireCommand();
  group.Footer("Example:\n  chairctl metric query support-nps --window 2024-Q1 --html nps.html");
  AddQuery(group, command);
  AddCompare(group, command);
  AddChange(group, command);
  AddExplain(group, command);
  AddMetricWordsCommand(group, command);
  AddMetricScorecardCommand(group, command);
  AddMetricLoyaltyCommands(group, command);
}

}  // namespace emptychair
