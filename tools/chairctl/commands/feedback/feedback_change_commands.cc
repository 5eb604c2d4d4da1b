#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "tools/chairctl/base/enum_flag.h"
#include "tools/chairctl/base/session.h"
#include "tools/chairctl/commands/commands.h"
#include "tools/chairctl/commands/many_steps.h"
#include "tools/chairctl/commands/selection_flags.h"
#include "tools/chairctl/text/feedback_output.h"

namespace emptychair {
namespace {

struct ChangeFlags {
  std::string survey;
  std::string feedback_id;
  std::string external_id;
  std::string etag;
  std::optional<int32_t> score;
  bool no_score = false;
  std::optional<std::string> comment;
  std::vector<std::string> labels;
  bool no_labels = false;
  std::string reason;
  std::string note;
  // Of many answers.
  RecordFlags records;
  bool is_sure = false;

  bool is_of_many() const { return records.has_conditions() || !records.import_id.empty(); }
};

// Whether the flags name what the command `name` can change: one answer, by either id, or many.
// Reports what is wrong.
bool CheckTarget(const Session& session, const ChangeFlags& flags, absl::string_view name,
                 absl::string_view many) {
  const int ids = (flags.feedback_id.empty() ? 0 : 1) + (flags.external_id.empty() ? 0 : 1);
  absl::string_view wrong;
  if (ids + (flags.is_of_many() ? 1 : 0) != 1) {
    UsageError(session.environment,
               absl::StrCat("feedback ", name, ": wanted one of FEEDBACK_ID",
                            many.empty() ? " and" : ",", " --external-id", many));
    return false;
  }
  if (flags.records.has_conditions() && !flags.is_sure) {
    wrong = "changes all answers that the flags select; to do that, add --yes";
  } else if (flags.is_of_many() && !flags.etag.empty()) {
    wrong = "--etag is that of one answer";
  }
  if (!wrong.empty()) {
    UsageError(session.environment, absl::StrCat("feedback ", name, ": ", wrong));
  }
  return wrong.empty();
}

constexpr absl::string_view kManyOfSelection = ", --import and flags of a selection with --yes";

// Names the one answer in a request, or in the record of one.
template <typename Request>
void SetTarget(const ChangeFlags& flags, Request& request) {
  request.set_survey_id(flags.survey);
  request.set_feedback_id(flags.feedback_id);
  request.set_external_id(flags.external_id);
}

template <typename Response>
int PrintChanged(const Session& session, const absl::StatusOr<Response>& response) {
  if (!response.ok()) {
    return ServiceError(session.environment, response.status());
  }
  PrintFeedback(session, response->feedback());
  return kExitOk;
}

int Amend(Session& session, const ChangeFlags& flags) {
  const auto labels = ParseLabels("--label", flags.labels);
  if (!labels.ok()) {
    return UsageError(session.environment, labels.status().message());
  }
  if (!CheckTarget(session, flags, "amend", "")) {
    return kExitUsage;
  }
  v1::AmendFeedbackRequest request;
  v1::Feedback& feedback = *request.mutable_feedback();
  SetTarget(flags, feedback);
  feedback.set_etag(flags.etag);
  if (flags.score.has_value() || flags.no_score) {
    request.mutable_update_mask()->add_paths("score");
    if (flags.score.has_value()) {
      feedback.set_score(*flags.score);
    }
  }
  if (flags.comment.has_value()) {
    request.mutable_update_mask()->add_paths("comment");
    feedback.set_comment(*flags.comment);
  }
  if (!labels->empty() || flags.no_labels) {
    request.mutable_update_mask()->add_paths("labels");
    feedback.mutable_labels()->insert(labels->begin(), labels->end());
  }
  if (!request.has_update_mask()) {
    return UsageError(session.environment,
                      "feedback amend: wanted at least one of --score, --no-score, --comment, "
                      "--label and --no-labels");
  }
  return PrintChanged(session, session.client.AmendFeedback(request));
}

int Exclude(Session& session, const ChangeFlags& flags) {
  if (!CheckTarget(session, flags, "exclude", kManyOfSelection)) {
    return kExitUsage;
  }
  const auto reason = ParseEnumFlag<v1::ExclusionReason>(flags.reason);
  if (flags.is_of_many()) {
    v1::ChangeManyFeedbackRequest request;
    request.mutable_exclude()->set_reason(reason);
    request.mutable_exclude()->set_note(flags.note);
    int exit_code = kExitOk;
    return ReadRecordFlags(session, flags.records, flags.survey, request, &exit_code)
               ? PrintSteps(session, "answers", session.patient_client.ChangeManyFeedback(request))
               : exit_code;
  }
  v1::ExcludeFeedbackRequest request;
  SetTarget(flags, request);
  request.set_reason(reason);
  request.set_note(flags.note);
  request.set_etag(flags.etag);
  return PrintChanged(session, session.client.ExcludeFeedback(request));
}

int Include(Session& session, const ChangeFlags& flags) {
  if (!CheckTarget(session, flags, "include", kManyOfSelection)) {
    return kExitUsage;
  }
  if (flags.is_of_many()) {
    v1::ChangeManyFeedbackRequest request;
    request.set_include(true);
    int exit_code = kExitOk;
    return ReadRecordFlags(session, flags.records, flags.survey, request, &exit_code)
               ? PrintSteps(session, "answers", session.patient_client.ChangeManyFeedback(request))
               : exit_code;
  }
  v1::IncludeFeedbackRequest request;
  SetTarget(flags, request);
  request.set_etag(flags.etag);
  return PrintChanged(session, session.client.IncludeFeedback(request));
}

int Erase(Session& session, const ChangeFlags& flags) {
  if (!CheckTarget(session, flags, "erase", " and --import")) {
    return kExitUsage;
  }
  if (flags.is_of_many()) {
    v1::TakeBackImportRequest request;
    request.set_survey_id(flags.survey);
    request.set_import_id(flags.records.import_id);
    return PrintSteps(session, "answers", session.patient_client.TakeBackImport(request));
  }
  v1::EraseFeedbackRequest request;
  SetTarget(flags, request);
  const absl::StatusOr<v1::EraseFeedbackResponse> response = session.client.EraseFeedback(request);
  if (!response.ok()) {
    return ServiceError(session.environment, response.status());
  }
  PrintRecord(session, {{"sequence", absl::StrCat(response->sequence())}}, *response);
  return kExitOk;
}

// A command on one answer or on many, which `run` carries out.
CommandLine AddChange(CommandLine group, const char* name, const char* description,
                      const std::shared_ptr<ChangeFlags>& flags,
                      int (*run)(Session&, const ChangeFlags&), Command* command) {
  CommandLine app = group.AddCommand(name, description);
  app.Add("SURVEY", flags->survey, "The survey answered").Required();
  app.Add("FEEDBACK_ID,--feedback-id", flags->feedback_id, "The answer's own id");
  app.Add("--external-id", flags->external_id, "Your id of the answer");
  app.OnChosen([flags, run, command] {
    *command = [flags, run](Session& session) { return run(session, *flags); };
  });
  return app;
}

void AddEtag(CommandLine app, ChangeFlags& flags) {
  app.Add("--etag", flags.etag, "Only if the answer still has this etag");
}

void AddSelection(CommandLine app, ChangeFlags& flags) {
  AddRecordFlags(app, flags.records);
  app.Add("--yes", flags.is_sure, "Change all answers that the flags select");
}

}  // namespace

void AddFeedbackChangeCommands(CommandLine group, Command* command) {
  auto flags = std::make_shared<ChangeFlags>();
  CommandLine amend = AddChange(group, "amend", "Change score, comment or labels of an answer",
                                flags, Amend, command);
  const Flag score = amend.Add("--score", flags->score, "The new score");
  amend.Add("--no-score", flags->no_score, "Remove the score").Excludes(score);
  amend.Add("--comment", flags->comment, "The new comment; may be empty");
  const Flag labels =
      amend.Add("--label", flags->labels, "KEY=VALUE; together they replace all labels")
          .OneValueEach();
  amend.Add("--no-labels", flags->no_labels, "Remove all labels").Excludes(labels);
  AddEtag(amend, *flags);
  amend.Footer(
      "Example:\n  chairctl feedback amend support-nps "
      "018df9e2-b200-7801-93f4-637a7c5e9849 --score 7");

  CommandLine exclude =
      AddChange(group, "exclude", "Leave answers out of the metrics", flags, Exclude, command);
  exclude.Add("--reason", flags->reason, "Why").Required().OneOf(EnumFlags<v1::ExclusionReason>());
  exclude.Add("--note", flags->note, "A note for people");
  AddEtag(exclude, *flags);
  AddSelection(exclude, *flags);
  exclude.Footer(
      "Example:\n  chairctl feedback exclude support-nps --external-id ticket-4711 --reason staff "
      "--note \"one of ours\"\n"
      "  chairctl feedback exclude support-nps --reason test --window 2024-03-01 --filter "
      "channel=beta --yes");

  CommandLine include =
      AddChange(group, "include", "Count excluded answers again", flags, Include, command);
  AddEtag(include, *flags);
  AddSelection(include, *flags);
  include.Footer(
      "Example:\n  chairctl feedback include support-nps "
      "018df9e2-b200-7801-93f4-637a7c5e9849");

  CommandLine erase = AddChange(group, "erase", "Erase an answer for ever, or take an import back",
                                flags, Erase, command);
  erase.Add("--import", flags->records.import_id,
            "All that this import stored first; their ids are free again");
  erase.Footer(
      "Example:\n  chairctl feedback erase support-nps "
      "018df9e2-b200-7801-93f4-637a7c5e9849");
}

}  // namespace emptychair
