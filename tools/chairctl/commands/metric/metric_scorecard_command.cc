#include <memory>

#include "common/base/status_macros.h"
#include "tools/chairctl/base/enum_flag.h"
#include "tools/chairctl/base/window.h"
#include "tools/chairctl/base/written_time.h"
#include "tools/chairctl/commands/commands.h"
#include "tools/chairctl/commands/metric/metric_flags.h"
#include "tools/chairctl/page/scorecard_html.h"
#include "tools/chairctl/text/scorecard_output.h"

namespace emptychair {
namespace {

struct ScorecardFlags {
  std::vector<std::string> surveys;
  std::optional<std::string> as_of;
  std::string by;
  std::string week_start;
  std::string interval;
  std::string html;
};

absl::StatusOr<v1::GetScorecardRequest> MakeRequest(const ScorecardFlags& flags) {
  v1::GetScorecardRequest request;
  request.mutable_survey_ids()->Add(flags.surveys.begin(), flags.surveys.end());
  request.set_granularity(ParseEnumFlag<v1::Granularity>(flags.by));
  request.set_week_start(ParseEnumFlag<v1::WeekStart>(flags.week_start));
  request.set_interval_rule(ParseEnumFlag<v1::IntervalRule>(flags.interval));
  if (flags.as_of.has_value()) {
    ASSIGN_OR_RETURN(const WrittenTime as_of, ParseUnitOrTime("--as-of", *flags.as_of));
    *request.mutable_as_of() = ToTimestamp(InZone(as_of, absl::UTCTimeZone()));
  }
  return request;
}

int Scorecard(Session& session, const ScorecardFlags& flags) {
  const absl::StatusOr<v1::GetScorecardRequest> request = MakeRequest(flags);
  if (!request.ok()) {
    return UsageError(session.environment, request.status().message());
  }
  const absl::StatusOr<v1::GetScorecardResponse> scorecard = session.client.GetScorecard(*request);
  TellUncheckedVerdict(session, *request, scorecard);
  return Report(
      session, flags.html, scorecard,
      [&](const auto& response, CsvWriter& csv) { PrintScorecardCsv(response, csv); },
      [&](const auto& response) {
        PrintScorecardTable(*request, response, ColumnsOf(session), session.out());
      },
      [&](const auto& response) { return ScorecardPage(*request, response); });
}

}  // namespace

void AddMetricScorecardCommand(CommandLine group, Command* command) {
  CommandLine scorecard = group.AddCommand("scorecard", "Show how surveys do at a glance");
  auto flags = std::make_shared<ScorecardFlags>();
  scorecard.Add("SURVEY", flags->surveys,
                "Which surveys, in this order (default all that are not archived)");
  scorecard.Add("--as-of", flags->as_of,
                "Look back from here (default now): 2024, 2024-Q1, 2024-W05, 2024-01, "
                "2024-01-31 or a time; without an offset in UTC");
  std::vector<std::string> units = EnumFlags<v1::Granularity>();
  units.erase(units.begin());  // None, which is no length of a period.
  scorecard.Add("--by", flags->by, "Length of a period (default month)").OneOf(units);
  AddWeekStartFlag(scorecard, flags->week_start);
  AddIntervalFlag(scorecard, flags->interval);
  AddHtmlFlag(scorecard, flags->html);
  scorecard.Footer(
      "Of each survey: its last complete period in its own time zone, whether that differs from\n"
      "the one before by more than chance, and the trend of twelve. The more surveys are tested,\n"
      "the more a change must come to: of those called one, at most 1 in 20 is expected to be\n"
      "chance.\n"
      "Example:\n"
      "  chairctl metric scorecard --by quarter");
  scorecard.OnChosen([flags, command] {
    *command = [flags](Session& session) { return Scorecard(session, *flags); };
  });
}

}  // namespace emptychair
