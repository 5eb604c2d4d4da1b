#include <memory>
#include <optional>
#include <utility>

#include "tools/chairctl/base/enum_flag.h"
#include "tools/chairctl/base/session.h"
#include "tools/chairctl/commands/commands.h"
#include "tools/chairctl/text/feedback_output.h"

namespace emptychair {
namespace {

struct ChangeFlags {
  std::string survey;
  std::string feedback_id;
  std::string etag;
  std::optional<int32_t> score;
  bool no_score = false;
  std::optional<std::string> comment;
  std::vector<std::string> labels;
  bool no_labels = false;
  std::string reason;
  std::string note;
};

template <typename Response>
int PrintChanged(const Session& session, const absl::StatusOr<Response>& response) {
  if (!response.ok()) {
    return ServiceError(session.environment, response.status());
  }
  PrintRecord(session, FeedbackFields(response->feedback()), response->feedback());
  return kExitOk;
}

int Amend(Session& session, const ChangeFlags& flags) {
  const auto labels = ParseLabels(flags.labels);
  if (!labels.ok()) {
    return UsageError(session.environment, labels.status().message());
  }
  v1::AmendFeedbackRequest request;
  v1::Feedback& feedback = *request.mutable_feedback();
  feedback.set_survey_id(flags.survey);
  feedback.set_feedback_id(flags.feedback_id);
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
  v1::ExcludeFeedbackRequest request;
  request.set_survey_id(flags.survey);
  request.set_feedback_id(flags.feedback_id);
  request.set_reason(ParseEnumFlag<v1::ExclusionReason>(flags.reason));
  request.set_note(flags.note);
  request.set_etag(flags.etag);
  return PrintChanged(session, session.client.ExcludeFeedback(request));
}

int Include(Session& session, const ChangeFlags& flags) {
  v1::IncludeFeedbackRequest request;
  request.set_survey_id(flags.survey);
  request.set_feedback_id(flags.feedback_id);
  request.set_etag(flags.etag);
  return PrintChanged(session, session.client.IncludeFeedback(request));
}

int Erase(Session& session, const ChangeFlags& flags) {
  v1::EraseFeedbackRequest request;
  request.set_survey_id(flags.survey);
  request.set_feedback_id(flags.feedback_id);
  const absl::StatusOr<v1::EraseFeedbackResponse> response = session.client.EraseFeedback(request);
  if (!response.ok()) {
    return ServiceError(session.environment, response.status());
  }
  PrintRecord(session, {{"sequence", absl::StrCat(response->sequence())}}, *response);
  return kExitOk;
}

// A command on one answer, which `run` carries out.
CommandLine AddChange(CommandLine group, const char* name, const char* description,
                      const std::shared_ptr<ChangeFlags>& flags,
                      int (*run)(Session&, const ChangeFlags&), Command* command) {
  CommandLine app = group.AddCommand(name, description);
  app.Add("SURVEY", flags->survey, "The survey answered").Required();
  app.Add("FEEDBACK_ID", flags->feedback_id, "The answer's own id").Required();
  app.OnChosen([flags, run, command] {
    *command = [flags, run](Session& session) { return run(session, *flags); };
  });
  return app;
}

void AddEtag(CommandLine app, ChangeFlags& flags) {
  app.Add("--etag", flags.etag, "Only if the answer still has this etag");
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
      AddChange(group, "exclude", "Leave an answer out of the metrics", flags, Exclude, command);
  exclude.Add("--reason", flags->reason, "Why").Required().OneOf(EnumFlags<v1::ExclusionReason>());
  exclude.Add("--note", flags->note, "A note for people");
  AddEtag(exclude, *flags);
  exclude.Footer(
      "Example:\n  chairctl feedback exclude support-nps "
      "018df9e2-b200-7801-93f4-637a7c5e9849 --reason staff --note \"one of ours\"");

  CommandLine include =
      AddChange(group, "include", "Count an excluded answer again", flags, Include, command);
  AddEtag(include, *flags);
  include.Footer(
      "Example:\n  chairctl feedback include support-nps "
      "018df9e2-b200-7801-93f4-637a7c5e9849");

  CommandLine erase = AddChange(group, "erase", "Erase an answer for ever", flags, Erase, command);
  erase.Footer(
      "Example:\n  chairctl feedback erase support-nps "
      "018df9e2-b200-7801-93f4-637a7c5e9849");
}

}  // namespace emptychair
