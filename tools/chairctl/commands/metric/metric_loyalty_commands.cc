#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/base/status_macros.h"
#include "common/base/timestamp.h"
#include "tools/chairctl/base/enum_flag.h"
#include "tools/chairctl/base/session.h"
#include "tools/chairctl/base/window.h"
#include "tools/chairctl/base/written_time.h"
#include "tools/chairctl/commands/commands.h"
#include "tools/chairctl/commands/metric/metric_flags.h"
#include "tools/chairctl/commands/selection_flags.h"
#include "tools/chairctl/page/cohorts_html.h"
#include "tools/chairctl/page/repeat_rate_html.h"
#include "tools/chairctl/page/retention_html.h"
#include "tools/chairctl/text/cohorts_output.h"
#include "tools/chairctl/text/repeat_rate_output.h"
#include "tools/chairctl/text/retention_output.h"

namespace emptychair {
namespace {

// What all of these commands take.
struct KindFlags {
  std::string kind;
  WindowFlags window;
  std::optional<std::string> as_of;
  double confidence = 0;
  // The file of the page; empty for none.
  std::string html;
};

struct PeriodFlags {
  std::string by;
  std::string week_start;
};

struct RetentionFlags {
  KindFlags kind;
  PeriodFlags periods;
  int32_t rolling = 0;
  std::string method;
  bool positive = false;
  std::vector<std::string> filters;
  std::string class_of;
  bool with_amounts = false;
};

struct CohortsFlags {
  KindFlags kind;
  PeriodFlags periods;
  std::string return_kind;
  std::string cohort;
  std::string returning;
  int32_t min_activities = 0;
  bool with_amounts = false;
};

struct RepeatFlags {
  KindFlags kind;
  std::string method;
  std::vector<int32_t> within;
};

void AddKindFlags(CommandLine app, KindFlags& flags) {
  app.Add("--kind", flags.kind, "The activity kind").Required();
  AddWindowFlags(app, flags.window);
  app.Add("--as-of", flags.as_of,
          "Look back from here (default now): 2024, 2024-Q1, 2024-W05, 2024-01, 2024-01-31 or a "
          "time");
  app.Add("--confidence", flags.confidence, "0.80, 0.90, 0.95 (default) or 0.99");
  AddHtmlFlag(app, flags.html);
}

void AddPeriodFlags(CommandLine app, PeriodFlags& flags) {
  app.Add("--by", flags.by, "Length of a period (default month)")
      .OneOf(std::vector<std::string>{"day", "week", "month", "quarter", "year"});
  AddWeekStartFlag(app, flags.week_start);
}

// Fills in what the flags say. On failure reports it, sets `*exit_code` and answers false.
template <typename Request>
bool ReadKindFlags(Session& session, const KindFlags& flags, Request& request, int* exit_code) {
  const auto refuse = [&](const absl::Status& status) {
    *exit_code = UsageError(session.environment, status.message());
    return false;
  };
  request.set_kind(flags.kind);
  request.set_confidence(flags.confidence);
  WindowFlags window_flags = flags.window;
  if constexpr (requires { request.week_start(); }) {
    if (request.week_start() == v1::WEEK_START_SUNDAY) {
      window_flags.week_start = absl::Weekday::sunday;
    }
  }
  const absl::StatusOr<Window> window = Window::Parse(window_flags);
  if (!window.ok()) {
    return refuse(window.status());
  }
  std::optional<WrittenTime> as_of;
  if (flags.as_of.has_value()) {
    absl::StatusOr<WrittenTime> read = ParseUnitOrTime("--as-of", *flags.as_of);
    if (!read.ok()) {
      return refuse(read.status());
    }
    as_of = *std::move(read);
  }
  std::optional<absl::TimeZone> zone = absl::UTCTimeZone();
  if (window->needs_zone() || (as_of.has_value() && NeedsZone(*as_of))) {
    zone = ReadKindZone(session, flags.kind, exit_code);
    if (!zone.has_value()) {
      return false;
    }
  }
  const absl::StatusOr<Interval> interval =
      window->Resolve(*zone, session.environment.clock->Now());
  if (!interval.ok()) {
    return refuse(interval.status());
  }
  if (interval->start.has_value()) {
    *request.mutable_interval()->mutable_start_time() = ToTimestamp(*interval->start);
  }
  if (interval->end.has_value()) {
    *request.mutable_interval()->mutable_end_time() = ToTimestamp(*interval->end);
  }
  if (as_of.has_value()) {
    *request.mutable_as_of() = ToTimestamp(InZone(*as_of, *zone));
  }
  return true;
}

// Fills in length of periods and start of weeks.
template <typename Request>
void ReadPeriodFlags(const PeriodFlags& flags, Request& request) {
  request.set_granularity(ParseEnumFlag<v1::Granularity>(flags.by));
  request.set_week_start(ParseEnumFlag<v1::WeekStart>(flags.week_start));
}

// The terminal that heat maps are drawn for, if there is one. Whoever has set NO_COLOR gets blocks.
std::optional<HeatTerminal> HeatTerminalOf(const Session& session) {
  const Environment& environment = session.environment;
  if (!environment.out_is_terminal) {
    return std::nullopt;
  }
  const bool has_colors = environment.variable("NO_COLOR").value_or("").empty() &&
                          environment.variable("TERM").value_or("") != "dumb";
  return HeatTerminal{environment.columns,
                      has_colors ? HeatShading::kColors : HeatShading::kBlocks};
}

int Retention(Session& session, const RetentionFlags& flags) {
  v1::QueryRetentionRequest request;
  ReadPeriodFlags(flags.periods, request);
  if (const absl::Status status = AddFilters("--filter", flags.filters, *request.mutable_filters());
      !status.ok()) {
    return UsageError(session.environment, status.message());
  }
  int exit_code = kExitOk;
  if (!ReadKindFlags(session, flags.kind, request, &exit_code)) {
    return exit_code;
  }
  request.set_rolling_days(flags.rolling);
  request.set_method(ParseEnumFlag<v1::RetentionMethod>(flags.method));
  request.set_positive_amounts_only(flags.positive);
  request.set_group_by_class_of(flags.class_of);
  request.set_with_amounts(flags.with_amounts);
  return Report(
      session, flags.kind.html, session.client.QueryRetention(request),
      [&](const auto& response, CsvWriter& csv) { PrintRetentionCsv(response, csv); },
      [&](const auto& response) {
        PrintRetentionTable(request, response, ColumnsOf(session), session.out());
      },
      [&](const auto& response) { return RetentionPage(request, response); },
      "is no attribute of any customer");
}

int Cohorts(Session& session, const CohortsFlags& flags) {
  v1::QueryCohortsRequest request;
  ReadPeriodFlags(flags.periods, request);
  int exit_code = kExitOk;
  if (!ReadKindFlags(session, flags.kind, request, &exit_code)) {
    return exit_code;
  }
  request.set_return_kind(flags.return_kind);
  request.set_cohort_rule(ParseEnumFlag<v1::CohortRule>(flags.cohort));
  request.set_return_rule(ParseEnumFlag<v1::ReturnRule>(flags.returning));
  request.set_min_activities(flags.min_activities);
  request.set_with_amounts(flags.with_amounts);
  return Report(
      session, flags.kind.html, session.client.QueryCohorts(request),
      [&](const auto& response, CsvWriter& csv) { PrintCohortsCsv(response, csv); },
      [&](const auto& response) {
        PrintCohortsTable(request, response, HeatTerminalOf(session), session.out());
      },
      [&](const auto& response) { return CohortsPage(request, response); });
}

int Repeat(Session& session, const RepeatFlags& flags) {
  v1::QueryRepeatRateRequest request;
  int exit_code = kExitOk;
  if (!ReadKindFlags(session, flags.kind, request, &exit_code)) {
    return exit_code;
  }
  request.set_method(ParseEnumFlag<v1::RepeatRateMethod>(flags.method));
  request.mutable_within_days()->Add(flags.within.begin(), flags.within.end());
  return Report(
      session, flags.kind.html, session.client.QueryRepeatRate(request),
      [&](const auto& response, CsvWriter& csv) { PrintRepeatRateCsv(response, csv); },
      [&](const auto& response) { PrintRepeatRateTable(request, response, session.out()); },
      [&](const auto& response) { return RepeatRatePage(request, response); });
}

void AddRetention(CommandLine group, Command* command) {
  CommandLine retention =
      group.AddCommand("retention", "Show how many customers of one period came back in the next");
  auto flags = std::make_shared<RetentionFlags>();
  AddKindFlags(retention, flags->kind);
  AddPeriodFlags(retention, flags->periods);
  retention.Add("--rolling", flags->rolling,
                "Periods of so many days, counted back from the window's end; not with --by");
  retention
      .Add("--method", flags->method,
           "strict (default): of those before, who came; formula: who came less who is new, as a "
           "share of those before")
      .OneOf(EnumFlags<v1::RetentionMethod>());
  retention.Add("--positive-amounts-only", flags->positive,
                "Only activities with an amount above zero count");
  retention
      .Add("--filter", flags->filters,
           "KEY=V or KEY!=V on customers' attributes, as they are now; can be repeated: values of "
           "one KEY are alternatives")
      .OneValueEach();
  retention.Add("--by-class-of", flags->class_of,
                "Also apart by what customers had answered to this NPS survey: whether promoters "
                "come back more often");
  retention.Add("--with-amounts", flags->with_amounts,
                "Also what customers came to, for each currency");
  retention.Footer(
      "Periods that are not over are left out. Times without an offset are in the kind's time\n"
      "zone.\n"
      "Example:\n"
      "  chairctl metric retention --kind purchase --window 2024 --by quarter");
  retention.OnChosen([flags, command] {
    *command = [flags](Session& session) { return Retention(session, *flags); };
  });
}

void AddCohorts(CommandLine group, Command* command) {
  CommandLine cohorts =
      group.AddCommand("cohorts", "Follow the customers of a period through those after it");
  auto flags = std::make_shared<CohortsFlags>();
  AddKindFlags(cohorts, flags->kind);
  AddPeriodFlags(cohorts, flags->periods);
  cohorts.Add("--return-kind", flags->return_kind,
              "The kind that customers come back with (default --kind)");
  cohorts
      .Add("--cohort", flags->cohort,
           "Who makes a cohort: those who are new (default), or all who are active")
      .OneOf(EnumFlags<v1::CohortRule>());
  cohorts
      .Add("--return", flags->returning,
           "When a customer has come back: in the very period (default), or in it or later")
      .OneOf(EnumFlags<v1::ReturnRule>());
  cohorts.Add("--min-activities", flags->min_activities,
              "With --cohort active: at least so many in the period (default 1)");
  cohorts.Add("--with-amounts", flags->with_amounts,
              "Also what each customer of a cohort came to up to then, for each currency");
  cohorts.Footer(
      "Periods that are not over are left out. Times without an offset are in the kind's time\n"
      "zone.\n"
      "Example:\n"
      "  chairctl metric cohorts --kind purchase --window 2024 --html cohorts.html");
  cohorts.OnChosen([flags, command] {
    *command = [flags](Session& session) { return Cohorts(session, *flags); };
  });
}

void AddRepeat(CommandLine group, Command* command) {
  CommandLine repeat =
      group.AddCommand("repeat", "Show how many customers came more than once, and how soon");
  auto flags = std::make_shared<RepeatFlags>();
  AddKindFlags(repeat, flags->kind);
  repeat
      .Add("--method", flags->method, "What a second time is: another day (default), or any event")
      .OneOf(EnumFlags<v1::RepeatRateMethod>());
  repeat
      .Add("--within", flags->within,
           "Also those who came again within so many days of their first; can be repeated")
      .OneValueEach();
  repeat.Footer(
      "Whoever has not had so many days yet does not count for --within. Times without an offset\n"
      "are in the kind's time zone.\n"
      "Example:\n"
      "  chairctl metric repeat --kind purchase --window 2024 --within 30 --within 90");
  repeat.OnChosen([flags, command] {
    *command = [flags](Session& session) { return Repeat(session, *flags); };
  });
}

}  // namespace

void AddMetricLoyaltyCommands(CommandLine group, Command* command) {
  AddRetention(group, command);
  AddCohorts(group, command);
  AddRepeat(group, command);
}

}  // namespace emptychair
