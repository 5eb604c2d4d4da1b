#include <map>
#include <memory>
#include <utility>

#include "tools/chairctl/base/session.h"
#include "tools/chairctl/commands/commands.h"
#include "tools/chairctl/text/feedback_output.h"

namespace emptychair {
namespace {

struct SubmitFlags {
  std::string survey;
  std::optional<int32_t> score;
  std::string customer;
  std::vector<std::string> labels;
  std::string comment;
  std::optional<std::string> time;
  std::string external_id;
  std::string feedback_id;
};

int Submit(Session& session, const SubmitFlags& flags) {
  const auto labels = ParseLabels("--label", flags.labels);
  if (!labels.ok()) {
    return UsageError(session.environment, labels.status().message());
  }
  v1::SubmitFeedbackRequest request;
  request.set_want_record(true);  // To print it.
  v1::Feedback& feedback = *request.mutable_feedback();
  feedback.set_survey_id(flags.survey);
  feedback.set_customer_id(flags.customer);
  feedback.set_comment(flags.comment);
  feedback.set_external_id(flags.external_id);
  feedback.set_feedback_id(flags.feedback_id);
  feedback.mutable_labels()->insert(labels->begin(), labels->end());
  if (flags.score.has_value()) {
    feedback.set_score(*flags.score);
  }
  if (flags.time.has_value()) {
    int exit_code = kExitOk;
    const auto time =
        ReadOccurTime(session, *flags.time, &ReadSurveyZone, flags.survey, &exit_code);
    if (!time.has_value()) {
      return exit_code;
    }
    *feedback.mutable_occur_time() = *time;
  }
  const absl::StatusOr<v1::SubmitFeedbackResponse> response =
      session.client.SubmitFeedback(request);
  if (!response.ok()) {
    return ServiceError(session.environment, response.status());
  }
  TextFields fields = FeedbackFields(response->feedback());
  fields.emplace_back("already_existed", response->already_existed() ? "true" : "false");
  PrintRecord(session, fields, SubmittedJson(*response));
  return kExitOk;
}

struct GetFlags {
  std::string survey;
  std::string feedback_id;
  std::string external_id;
};

int Get(Session& session, const GetFlags& flags) {
  if (flags.feedback_id.empty() == flags.external_id.empty()) {
    return UsageError(session.environment,
                      "feedback get: wanted one of FEEDBACK_ID and --external-id");
  }
  v1::GetFeedbackRequest request;
  request.set_survey_id(flags.survey);
  if (flags.external_id.empty()) {
    request.set_feedback_id(flags.feedback_id);
  } else {
    request.set_external_id(flags.external_id);
  }
  const absl::StatusOr<v1::GetFeedbackResponse> response = session.client.GetFeedback(request);
  if (!response.ok()) {
    return ServiceError(session.environment, response.status());
  }
  PrintFeedback(session, response->feedback());
  return kExitOk;
}

void AddSubmit(CommandLine group, Command* command) {
  CommandLine app = group.AddCommand("submit", "Store one answer");
  auto flags = std::make_shared<SubmitFlags>();
  app.Add("SURVEY", flags->survey, "The survey answered").Required();
  app.Add("--score", flags->score, "The score; without it the answer is unscored");
  app.Add("--customer-id,--customer", flags->customer, "Who answered; anonymous without");
  app.Add("--label", flags->labels, "KEY=VALUE; can be repeated").OneValueEach();
  app.Add("--comment", flags->comment, "What the customer wrote");
  app.Add("--occur-time,--time", flags->time,
          "When they answered: RFC 3339, or YYYY-MM-DD[ HH:MM[:SS[.fff]]] in the survey's "
          "zone (default now)");
  const Flag external_id = app.Add("--external-id", flags->external_id, "Your id of the answer");
  app.Add("--feedback-id", flags->feedback_id, "A UUIDv7; made up when neither id is given")
      .Excludes(external_id);
  app.Footer(
      "Example:\n"
      "  chairctl feedback submit support-nps --score 9 --customer-id c-17 --label channel=web");
  app.OnChosen([flags, command] {
    *command = [flags](Session& session) { return Submit(session, *flags); };
  });
}

void AddGet(CommandLine group, Command* command) {
  CommandLine app = group.AddCommand("get", "Show one answer");
  auto flags = std::make_shared<GetFlags>();
  app.Add("SURVEY", flags->survey, "The survey answered").Required();
  app.Add("FEEDBACK_ID,--feedback-id", flags->feedback_id, "The answer's own id");
  app.Add("--external-id", flags->external_id, "Your id of the answer");
  app.Footer("Example:\n  chairctl feedback get support-nps --external-id ticket-4711");
  app.OnChosen(
      [flags, command] { *command = [flags](Session& session) { return Get(session, *flags); }; });
}

}  // namespace

void AddFeedbackCommands(CommandLine app, Command* command) {
  CommandLine group = app.AddCommand("feedback", "Store, look up and change answers");
  group.RequireCommand();
  group.Footer("Example:\n  chairctl feedback submit support-nps --score 9");
  AddSubmit(group, command);
  AddFeedbackImportCommand(group, command);
  AddGet(group, command);
  AddFeedbackListCommand(group, command);
  AddFeedbackExportCommand(group, command);
  AddFeedbackWatchCommand(group, command);
  AddFeedbackChangeCommands(group, command);
}

}  // namespace emptychair
