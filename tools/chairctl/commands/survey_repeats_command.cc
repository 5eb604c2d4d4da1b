#include <algorithm>
#include <memory>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/base/status_macros.h"
#include "common/base/timestamp.h"
#include "tools/chairctl/base/csv_writer.h"
#include "tools/chairctl/base/session.h"
#include "tools/chairctl/base/window.h"
#include "tools/chairctl/base/written_time.h"
#include "tools/chairctl/commands/commands.h"
#include "tools/chairctl/commands/long_call.h"
#include "tools/chairctl/text/metric_text.h"

namespace emptychair {
namespace {

struct RepeatsFlags {
  std::string id;
  bool measure = false;
  std::optional<std::string> as_of;
};

void PrintCsv(const v1::GetRepeatProfileResponse& profile, CsvWriter& csv) {
  csv.Write({"key", "group_value", "days", "design_effect", "answers_per_customer", "customers"});
  for (const v1::RepeatEffect& effect : profile.effects()) {
    csv.Write({effect.key(), GroupName(effect.group_value()),
               CsvNumber{absl::StrCat(effect.days())},
               CsvNumber{ExactNumber(effect.design_effect())},
               CsvNumber{ExactNumber(effect.answers_per_customer())},
               CsvNumber{absl::StrCat(effect.customers())}});
  }
}

void PrintTable(const v1::GetRepeatProfileResponse& profile, std::ostream& out) {
  out << absl::StrFormat(
      "%s of %d answers in %d days, measured %s up to change %d\n"
      "%.1f %% of the answers of a month are not their customer's first\n\n",
      MetricName(profile.method()), profile.answers(), profile.measured_days(),
      TimestampText(profile.has_measure_time(), profile.measure_time()), profile.effects_sequence(),
      100 * profile.repeat_share());
  Table table;
  table.AddColumn("slice", Table::Align::kLeft);
  for (const char* heading :
       {"days", "design effect", "answers a customer", "customers", "1,000 count like"}) {
    table.AddColumn(heading, Table::Align::kRight);
  }
  for (const v1::RepeatEffect& effect : profile.effects()) {
    table.AddRow(
        {effect.key().empty() ? "(all)"
                              : absl::StrCat(effect.key(), "=", GroupName(effect.group_value())),
         absl::StrCat(effect.days()), absl::StrFormat("%.2f", effect.design_effect()),
         absl::StrFormat("%.2f", effect.answers_per_customer()), absl::StrCat(effect.customers()),
         absl::StrFormat("%.0f", 1'000 / std::max(1.0, effect.design_effect()))});
  }
  table.Print(out);
}

absl::Status Measure(Session& session, const RepeatsFlags& flags) {
  v1::MeasureRepeatsRequest request;
  request.set_survey_id(flags.id);
  if (flags.as_of.has_value()) {
    ASSIGN_OR_RETURN(const WrittenTime as_of, ParseUnitOrTime("--as-of", *flags.as_of));
    *request.mutable_as_of() = ToTimestamp(InZone(as_of, absl::UTCTimeZone()));
  }
  return CallWithProgress<v1::MeasureRepeatsResponse>(
             session,
             [&session, request] { return session.patient_client.MeasureRepeats(request); })
      .status();
}

int Repeats(Session& session, const RepeatsFlags& flags) {
  if (flags.as_of.has_value() && !flags.measure) {
    return UsageError(session.environment, "--as-of: is only for --measure");
  }
  if (flags.measure) {
    if (const absl::Status measured = Measure(session, flags); !measured.ok()) {
      return ServiceError(session.environment, measured);
    }
  }
  v1::GetRepeatProfileRequest request;
  request.set_survey_id(flags.id);
  const absl::StatusOr<v1::GetRepeatProfileResponse> profile =
      session.client.GetRepeatProfile(request);
  if (!profile.ok()) {
    return ServiceError(session.environment, profile.status());
  }
  switch (session.format) {
    case OutputFormat::kJson:
      session.out() << ToJson(*profile);
      break;
    case OutputFormat::kCsv: {
      CsvWriter csv = session.csv();
      PrintCsv(*profile, csv);
      break;
    }
    case OutputFormat::kTable:
      PrintTable(*profile, session.out());
      break;
  }
  return kExitOk;
}

}  // namespace

void AddSurveyRepeatsCommand(CommandLine group, Command* command) {
  CommandLine repeats =
      group.AddCommand("repeats", "Show how much a survey's customers repeat themselves");
  auto flags = std::make_shared<RepeatsFlags>();
  repeats.Add("ID", flags->id, "The survey").Required();
  repeats.Add("--measure", flags->measure, "Measure it now, in place of what was measured last");
  repeats.Add("--as-of", flags->as_of,
              "With --measure: the days before this one (default today): 2024-01-31 or a time; "
              "without an offset in UTC");
  repeats.Footer(
      "Answers of one customer are alike, so that many count like fewer of different ones. The\n"
      "server measures how far that goes by itself, and intervals that are estimated rest on it.\n"
      "Example:\n  chairctl survey repeats support-nps");
  repeats.OnChosen([flags, command] {
    *command = [flags](Session& session) { return Repeats(session, *flags); };
  });
}

}  // namespace emptychair
