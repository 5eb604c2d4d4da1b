#include <limits>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "emptychair/client/position.h"
#include "tools/chairctl/base/enum_flag.h"
#include "tools/chairctl/base/session.h"
#include "tools/chairctl/commands/commands.h"
#include "tools/chairctl/text/feedback_output.h"

namespace emptychair {
namespace {

constexpr int kPageSize = 1'000;
constexpr int64_t kNoLimit = std::numeric_limits<int64_t>::max();

struct WatchFlags {
  std::vector<std::string> surveys;
  std::string after;  // Empty: from now on.
  int64_t limit = kNoLimit;
};

struct ExportFlags {
  std::vector<std::string> surveys;
  std::string since;  // Empty: all records.
};

// Whose changes, from the position on that `flag` has. False, and reported, when that is none.
bool MakeRequest(const Session& session, const std::vector<std::string>& surveys,
                 absl::string_view flag, const std::string& text,
                 v1::WatchFeedbackRequest& request) {
  *request.mutable_survey_ids() = {surveys.begin(), surveys.end()};
  if (text.empty()) {
    return true;
  }
  const absl::StatusOr<Position> position = ParsePosition(text);
  if (!position.ok()) {
    UsageError(session.environment, absl::StrCat(flag, ": ", position.status().message()));
    return false;
  }
  GoOnFrom(*position, request);
  return true;
}

// Says on the error stream where the next call can begin.
void PrintPosition(const Session& session, absl::string_view done, absl::string_view flag,
                   const Position& position) {
  *session.environment.err << absl::StrCat("chairctl: ", done, "; what changes from now on: ", flag,
                                           " ", ToText(position), "\n");
}

TextFields ChangeFields(const v1::FeedbackChange& change) {
  TextFields fields = FeedbackFields(change.feedback());
  fields.insert(fields.begin(),
                {{"change", absl::StrCat(change.sequence())}, {"kind", EnumFlag(change.kind())}});
  return fields;
}

// For people: a line each, in columns that fit what is usual.
void PrintChangeLine(const v1::FeedbackChange& change, std::ostream& out) {
  const v1::Feedback& feedback = change.feedback();
  out << absl::StrFormat("%8d  %-8s  %-20s  %5s  %s  %s\n", change.sequence(),
                         EnumFlag(change.kind()), Printable(feedback.survey_id()),
                         feedback.has_score() ? absl::StrCat(feedback.score()) : "-",
                         Printable(feedback.feedback_id()), Printable(feedback.comment()));
}

int Watch(Session& session, const WatchFlags& flags) {
  v1::WatchFeedbackRequest request;
  if (!MakeRequest(session, flags.surveys, "--after", flags.after, request)) {
    return kExitUsage;
  }
  std::ostream& out = session.out();
  if (session.format == OutputFormat::kCsv) {
    out << CsvNames(ChangeFields(v1::FeedbackChange()));
  }
  int64_t left = flags.limit;
  for (absl::StatusOr<v1::WatchFeedbackResponse>& message : session.client.WatchFeedback(request)) {
    if (!message.ok()) {
      return ServiceError(session.environment, message.status());
    }
    if (session.format == OutputFormat::kJson) {
      out << ToJsonLine(*message);
    } else {
      for (const v1::FeedbackChange& change : message->changes()) {
        if (session.format == OutputFormat::kCsv) {
          out << CsvValues(ChangeFields(change));
        } else {
          PrintChangeLine(change, out);
        }
      }
    }
    out.flush();
    left -= message->changes_size();
    if (left <= 0) {
      PrintPosition(session, absl::StrCat("watched ", flags.limit - left, " changes"), "--after",
                    PositionOf(*message));
      break;
    }
  }
  return kExitOk;
}

// Everything that has changed since, up to now.
int ExportChanges(Session& session, const ExportFlags& flags, int64_t now) {
  v1::WatchFeedbackRequest request;
  if (!MakeRequest(session, flags.surveys, "--since", flags.since, request)) {
    return kExitUsage;
  }
  std::ostream& out = session.out();
  const bool is_csv = session.format == OutputFormat::kCsv;
  if (is_csv) {
    out << CsvNames(ChangeFields(v1::FeedbackChange()));
  }
  int64_t count = 0;
  for (absl::StatusOr<v1::WatchFeedbackResponse>& message : session.client.WatchFeedback(request)) {
    if (!message.ok()) {
      return ServiceError(session.environment, message.status());
    }
    for (const v1::FeedbackChange& change : message->changes()) {
      out << (is_csv ? CsvValues(ChangeFields(change)) : ToJsonLine(change));
    }
    count += message->changes_size();
    if (message->sequence() >= now) {
      PrintPosition(session, absl::StrCat("exported ", count, " changes"), "--since",
                    PositionOf(*message));
      break;
    }
  }
  return kExitOk;
}

int ExportSurvey(Session& session, const std::string& survey_id, int64_t& count) {
  v1::ListFeedbackRequest request;
  request.set_survey_id(survey_id);
  request.set_order(v1::FEEDBACK_ORDER_OLDEST_FIRST);
  request.set_page_size(kPageSize);
  for (const absl::StatusOr<v1::Feedback>& record : session.client.ListFeedback(request)) {
    if (!record.ok()) {
      return ServiceError(session.environment, record.status());
    }
    session.out() << (session.format == OutputFormat::kCsv ? CsvValues(FeedbackFields(*record))
                                                           : ToJsonLine(*record));
    ++count;
  }
  return kExitOk;
}

int ExportRecords(Session& session, const ExportFlags& flags, const Position& now) {
  std::vector<std::string> surveys = flags.surveys;
  if (surveys.empty()) {
    v1::ListSurveysRequest request;
    request.set_include_archived(true);
    for (const absl::StatusOr<v1::Survey>& survey : session.client.ListSurveys(request)) {
      if (!survey.ok()) {
        return ServiceError(session.environment, survey.status());
      }
      surveys.push_back(survey->survey_id());
    }
  }
  if (session.format == OutputFormat::kCsv) {
    session.out() << CsvNames(FeedbackFields(v1::Feedback()));
  }
  int64_t count = 0;
  for (const std::string& survey_id : surveys) {
    if (const int exit_code = ExportSurvey(session, survey_id, count); exit_code != kExitOk) {
      return exit_code;
    }
  }
  PrintPosition(session, absl::StrCat("exported ", count, " records"), "--since", now);
  return kExitOk;
}

int Export(Session& session, const ExportFlags& flags) {
  // Asked for first: what changes while records are read is in the next export, too.
  const absl::StatusOr<v1::GetStatusResponse> status = session.client.GetStatus();
  if (!status.ok()) {
    return ServiceError(session.environment, status.status());
  }
  return flags.since.empty() ? ExportRecords(session, flags, PositionOf(*status))
                             : ExportChanges(session, flags, status->sequence());
}

void AddSurveys(CommandLine app, std::vector<std::string>& surveys) {
  app.Add("SURVEY", surveys, "The surveys; none: all");
}

}  // namespace

void AddFeedbackWatchCommands(CommandLine group, Command* command) {
  CommandLine watch = group.AddCommand("watch", "Show every change of an answer as it happens");
  auto watch_flags = std::make_shared<WatchFlags>();
  AddSurveys(watch, watch_flags->surveys);
  watch.Add("--after", watch_flags->after,
            "Begin behind this position, STORE_ID:EPOCH:SEQUENCE as an earlier watch or export "
            "named it; 0: with the oldest change that is kept; else: from now on");
  watch.Add("--limit", watch_flags->limit, "End after at least so many changes")
      .Between(int64_t{1}, kNoLimit);
  watch.Footer(
      "JSON is a message a line; `storeId`, `epoch` and `sequence` of the last are where --after "
      "goes on.\n"
      "Example:\n  chairctl feedback watch support-nps --output json");
  watch.OnChosen([watch_flags, command] {
    *command = [watch_flags](Session& session) { return Watch(session, *watch_flags); };
  });

  CommandLine export_app = group.AddCommand(
      "export", "Write all answers, or all changes since an earlier export, as JSON lines or CSV");
  auto export_flags = std::make_shared<ExportFlags>();
  AddSurveys(export_app, export_flags->surveys);
  export_app.Add("--since", export_flags->since,
                 "Only changes after this position, as an earlier export named it; 0: all that are "
                 "kept");
  export_app.Footer(
      "Writes JSON lines unless --output csv is given; on stderr, where the next export begins.\n"
      "Example:\n  chairctl feedback export support-nps --output csv > answers.csv");
  export_app.OnChosen([export_flags, command] {
    *command = [export_flags](Session& session) { return Export(session, *export_flags); };
  });
}

}  // namespace emptychair
