#include <algorithm>
#include <limits>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "tools/chairctl/base/enum_flag.h"
#include "tools/chairctl/base/session.h"
#include "tools/chairctl/base/written_time.h"
#include "tools/chairctl/commands/commands.h"
#include "tools/chairctl/commands/selection_flags.h"
#include "tools/chairctl/text/feedback_output.h"

namespace emptychair {
namespace {

constexpr int kPageSize = 1'000;

struct ListFlags {
  std::string survey;
  std::string customer;
  SelectionFlags selection;
  std::optional<int32_t> min_score;
  std::optional<int32_t> max_score;
  std::string exclusion;
  std::string order;
  int limit = std::numeric_limits<int>::max();
};

void PrintCsv(const std::vector<v1::Feedback>& records, std::ostream& out) {
  out << CsvNames(FeedbackFields(v1::Feedback()));
  for (const v1::Feedback& record : records) {
    out << CsvValues(FeedbackFields(record));
  }
}

void PrintTable(const std::vector<v1::Feedback>& records, std::ostream& out) {
  Table table;
  table.AddColumn("time", Table::Align::kLeft);
  table.AddColumn("score", Table::Align::kRight);
  for (const char* heading : {"customer", "excluded", "id", "comment"}) {
    table.AddColumn(heading, Table::Align::kLeft);
  }
  const auto or_absent = [](const std::string& text) {
    return text.empty() ? std::string(kAbsent) : text;
  };
  for (const v1::Feedback& record : records) {
    table.AddRow(
        {TimestampText(record.has_occur_time(), record.occur_time()),
         record.has_score() ? absl::StrCat(record.score()) : std::string(kAbsent),
         or_absent(record.customer_id()),
         record.has_exclusion() ? EnumFlag(record.exclusion().reason()) : std::string(kAbsent),
         record.feedback_id(), or_absent(record.comment())});
  }
  table.Print(out);
}

void PrintRecords(const Session& session, const std::vector<v1::Feedback>& records) {
  switch (session.format) {
    case OutputFormat::kJson: {
      std::vector<const google::protobuf::Message*> messages;
      for (const v1::Feedback& record : records) {
        messages.push_back(&record);
      }
      session.out() << ToJsonList("feedback", messages);
      break;
    }
    case OutputFormat::kCsv:
      PrintCsv(records, session.out());
      break;
    case OutputFormat::kTable:
      PrintTable(records, session.out());
      break;
  }
}

int List(Session& session, const ListFlags& flags) {
  v1::ListFeedbackRequest request;
  request.set_survey_id(flags.survey);
  request.set_customer_id(flags.customer);
  if (flags.survey.empty() && flags.customer.empty()) {
    return UsageError(session.environment, "feedback list: wanted SURVEY or --customer, or both");
  }
  v1::TimeInterval interval;
  int exit_code = kExitOk;
  if (!ReadSelection(session, flags.selection, flags.survey, &interval, request.mutable_filters(),
                     &exit_code)) {
    return exit_code;
  }
  *request.mutable_interval() = std::move(interval);
  if (flags.min_score.has_value()) {
    request.set_min_score(*flags.min_score);
  }
  if (flags.max_score.has_value()) {
    request.set_max_score(*flags.max_score);
  }
  request.set_exclusion(ParseEnumFlag<v1::ExclusionFilter>(flags.exclusion));
  request.set_order(ParseEnumFlag<v1::FeedbackOrder>(flags.order));
  request.set_page_size(std::min(kPageSize, flags.limit));
  std::vector<v1::Feedback> records;
  for (absl::StatusOr<v1::Feedback>& record : session.client.ListFeedback(request)) {
    if (!record.ok()) {
      return ServiceError(session.environment, record.status());
    }
    records.push_back(*std::move(record));
    if (static_cast<int>(records.size()) == flags.limit) {
      break;
    }
  }
  PrintRecords(session, records);
  return kExitOk;
}

}  // namespace

void AddFeedbackListCommand(CommandLine group, Command* command) {
  CommandLine app = group.AddCommand("list", "List answers of a survey or of a customer");
  auto flags = std::make_shared<ListFlags>();
  app.Add("SURVEY", flags->survey, "The survey answered");
  app.Add("--customer", flags->customer, "Only answers of this customer");
  AddSelectionFlags(app, flags->selection);
  app.Add("--min-score", flags->min_score, "Only answers with at least this score");
  app.Add("--max-score", flags->max_score, "Only answers with at most this score");
  app.Add("--exclusion", flags->exclusion, "Whether excluded answers are listed")
      .OneOf(EnumFlags<v1::ExclusionFilter>());
  app.Add("--order", flags->order, "By time (default newest-first)")
      .OneOf(EnumFlags<v1::FeedbackOrder>());
  app.Add("--limit", flags->limit, "List at most so many")
      .Between(1, std::numeric_limits<int>::max());
  app.Footer(
      "Example:\n  chairctl feedback list support-nps --last 1m --max-score 6 --filter "
      "channel=web");
  app.OnChosen(
      [flags, command] { *command = [flags](Session& session) { return List(session, *flags); }; });
}

}  // namespace emptychair
