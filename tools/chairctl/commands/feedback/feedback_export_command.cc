#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "emptychair/client/position.h"
#include "tools/chairctl/base/session.h"
#include "tools/chairctl/commands/commands.h"
#include "tools/chairctl/commands/feedback/feed_flags.h"
#include "tools/chairctl/commands/selection_flags.h"
#include "tools/chairctl/records/record_text.h"
#include "tools/chairctl/text/feedback_output.h"

namespace emptychair {
namespace {

constexpr int kPageSize = 1'000;

struct ExportFlags {
  std::vector<std::string> surveys;
  std::string since;  // Empty: all records.
  std::string time_zone;
  RecordFlags records;
};

// Everything that has changed since, up to now.
int ExportChanges(Session& session, const ExportFlags& flags, absl::TimeZone zone) {
  v1::WatchFeedbackRequest request;
  if (!MakeFeedRequest(session, flags.surveys, "--since", flags.since, request)) {
    return kExitUsage;
  }
  const absl::StatusOr<v1::GetStatusResponse> now = session.client.GetStatus();
  if (!now.ok()) {
    return ServiceError(session.environment, now.status());
  }
  RecordText text(RecordFormOf(session, RecordForm::kJsonLines), session.out(), zone);
  text.BeginChanges();
  int64_t count = 0;
  for (const absl::StatusOr<v1::WatchFeedbackResponse>& message :
       session.client.WatchFeedback(request)) {
    if (!message.ok()) {
      text.Flush();
      return ServiceError(session.environment, message.status());
    }
    for (const v1::FeedbackChange& change : message->changes()) {
      text.Add(change);
    }
    count += message->changes_size();
    if (message->sequence() >= now->sequence()) {
      text.End();
      PrintPosition(session, absl::StrCat("exported ", count, " changes"), "--since",
                    PositionOf(*message));
      break;
    }
  }
  return kExitOk;
}

// Finds what is exported when no survey is named, and where the next export goes on.
int FindSurveys(Session& session, std::vector<std::string>& surveys,
                std::optional<Position>& position) {
  // Asked for first: a survey that comes into being while others are read is in the next export.
  const absl::StatusOr<v1::GetStatusResponse> status = session.client.GetStatus();
  if (!status.ok()) {
    return ServiceError(session.environment, status.status());
  }
  position = PositionOf(*status);
  v1::ListSurveysRequest request;
  request.set_include_archived(true);
  request.set_page_size(kPageSize);
  for (const absl::StatusOr<v1::Survey>& survey : session.client.ListSurveys(request)) {
    if (!survey.ok()) {
      return ServiceError(session.environment, survey.status());
    }
    surveys.push_back(survey->survey_id());
  }
  return kExitOk;
}

// Writes the records of one survey. The first page of all says where the next export goes on: what
// changes while the others are read is in that one, too.
int ExportSurvey(Session& session, const RecordFlags& flags, const std::string& survey_id,
                 RecordText& text, std::optional<Position>& position, int64_t& count) {
  v1::ListFeedbackRequest request;
  int exit_code = kExitOk;
  if (!ReadRecordFlags(session, flags, survey_id, request, &exit_code)) {
    return exit_code;
  }
  request.set_order(v1::FEEDBACK_ORDER_OLDEST_FIRST);
  request.set_page_size(kPageSize);
  for (const absl::StatusOr<v1::ListFeedbackResponse>& page :
       session.client.ListFeedbackPages(request)) {
    if (!page.ok()) {
      return ServiceError(session.environment, page.status());
    }
    if (!position.has_value()) {
      position = PositionOf(*page);
    }
    TellUnmatched(session, page->unmatched());
    for (const v1::Feedback& record : page->feedback()) {
      text.Add(record);
    }
    count += page->feedback_size();
  }
  return kExitOk;
}

int ExportRecords(Session& session, const ExportFlags& flags, absl::TimeZone zone) {
  std::vector<std::string> surveys = flags.surveys;
  std::optional<Position> position;
  if (surveys.empty()) {
    if (const int exit_code = FindSurveys(session, surveys, position); exit_code != kExitOk) {
      return exit_code;
    }
  }
  RecordText text(RecordFormOf(session, RecordForm::kJsonLines), session.out(), zone);
  text.BeginRecords();
  int64_t count = 0;
  for (const std::string& survey_id : surveys) {
    if (const int exit_code =
            ExportSurvey(session, flags.records, survey_id, text, position, count);
        exit_code != kExitOk) {
      if (count > 0) {
        text.Flush();
      }
      return exit_code;
    }
  }
  text.End();
  PrintPosition(session, absl::StrCat("exported ", count, " records"), "--since", *position);
  return kExitOk;
}

int Export(Session& session, const ExportFlags& flags) {
  const std::optional<absl::TimeZone> zone = ReadTimeZone(session, flags.time_zone);
  if (!zone.has_value()) {
    return kExitUsage;
  }
  if (flags.since.empty()) {
    return ExportRecords(session, flags, *zone);
  }
  if (flags.records.has_conditions() || !flags.records.import_id.empty()) {
    return UsageError(session.environment,
                      "feedback export: --since takes all changes; a feed that leaves some out "
                      "could not be gone on with");
  }
  return ExportChanges(session, flags, *zone);
}

}  // namespace

void AddFeedbackExportCommand(CommandLine group, Command* command) {
  CommandLine app = group.AddCommand(
      "export", "Write all answers, or all changes since an earlier export, as JSON lines or CSV");
  auto flags = std::make_shared<ExportFlags>();
  AddFeedSurveys(app, flags->surveys);
  app.Add("--since", flags->since,
          "Only changes after this position, as an earlier export named it; 0: all that are kept");
  AddRecordFlags(app, flags->records);
  AddTimeZoneFlag(app, flags->time_zone);
  app.Footer(
      "Writes JSON lines unless --output csv is given; on stderr, where the next export begins.\n"
      "Example:\n  chairctl feedback export support-nps --output csv > answers.csv");
  app.OnChosen([flags, command] {
    *command = [flags](Session& session) { return Export(session, *flags); };
  });
}

}  // namespace emptychair
