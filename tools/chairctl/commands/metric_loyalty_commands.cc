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
#include "tools/chairctl/commands/metric_flags.h"
#include "tools/chairctl/commands/selection_flags.h"
#include "tools/chairctl/text/loyalty_output.h"

namespace emptychair {
namespace {

// What all of these commands take.
struct KindFlags {
  std::string kind;
  WindowFlags window;
  std::optional<std::string> as_of;
  double confidence = 0;
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
};

struct CohortsFlags {
  KindFlags kind;
  PeriodFlags periods;
  std::string return_kind;
  std::string cohort;
  std::string returning;
  int32_t min_activities = 0;
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
  const absl::StatusOr<Window> window = Window::Parse(flags.window);
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

// Prints the answer in the format asked for, or reports why there is none.
template <typename Request, typename Response>
int ReportLoyalty(Session& session, const Request& request,
                  const absl::StatusOr<Response>& response,
                  void (*print_csv)(const Response&, CsvWriter&),
                  void (*print_table)(const Request&, const Response&, std::ostream&)) {
  if (!response.ok()) {
    return ServiceError(session.environment, response.status());
  }
  switch (session.format) {
    case OutputFormat::kJson:
      session.out() << ToJson(*response);
      break;
    case OutputFormat::kCsv: {
      CsvWriter csv = session.csv();
      print_csv(*response, csv);
      break;
    }
    case OutputFormat::kTable:
      print_table(request, *response, session.out());
      break;
  }
  return kExitOk;
}

int Retention(Session& session, const RetentionFlags& flags) {
  v1::QueryRetentionRequest request;
  int exit_code = kExitOk;
  if (!ReadKindFlags(session, flags.kind, request, &exit_code)) {
    return exit_code;
  }
  request.set_granularity(ParseEnumFlag<v1::Granularity>(flags.periods.by));
  request.set_week_start(ParseEnumFlag<v1::WeekStart>(flags.periods.week_start));
  request.set_rolling_days(flags.rolling);
  request.set_method(ParseEnumFlag<v1::RetentionMethod>(flags.method));
  request.set_positive_amounts_only(flags.positive);
  return ReportLoyalty(session, request, session.client.QueryRetention(request), &PrintRetentionCsv,
                       &PrintRetentionTable);
}

int Cohorts(Session& session, const CohortsFlags& flags) {
  v1::QueryCohortsRequest request;
  int exit_code = kExitOk;
  if (!ReadKindFlags(session, flags.kind, request, &exit_code)) {
    return exit_code;
  }
  request.set_return_kind(flags.return_kind);
  request.set_granularity(ParseEnumFlag<v1::Granularity>(flags.periods.by));
  request.set_week_start(ParseEnumFlag<v1::WeekStart>(flags.periods.week_start));
  request.set_cohort_rule(ParseEnumFlag<v1::CohortRule>(flags.cohort));
  request.set_return_rule(ParseEnumFlag<v1::ReturnRule>(flags.returning));
  request.set_min_activities(flags.min_activities);
  return ReportLoyalty(session, request, session.client.QueryCohorts(request), &PrintCohortsCsv,
                       &PrintCohortsTable);
}

int Repeat(Session& session, const RepeatFlags& flags) {
  v1::QueryRepeatRateRequest request;
  int exit_code = kExitOk;
  if (!ReadKindFlags(session, flags.kind, request, &exit_code)) {
    return exit_code;
  }
  request.set_method(ParseEnumFlag<v1::RepeatRateMethod>(flags.method));
  request.mutable_within_days()->Add(flags.within.begin(), flags.within.end());
  return ReportLoyalty(session, request, session.client.QueryRepeatRate(request),
                       &PrintRepeatRateCsv, &PrintRepeatRateTable);
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
  cohorts.Footer(
      "Periods that are not over are left out. Times without an offset are in the kind's time\n"
      "zone.\n"
      "Example:\n"
      "  chairctl metric cohorts --kind purchase --window 2024");
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
