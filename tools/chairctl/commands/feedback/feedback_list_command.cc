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
#include "tools/chairctl/records/record_text.h"
#include "tools/chairctl/text/feedback_output.h"

namespace emptychair {
namespace {

constexpr int kPageSize = 1'000;

struct ListFlags {
  std::string survey;
  RecordFlags records;
  std::string order;
  std::string time_zone;
  int limit = std::numeric_limits<int>::max();
};

// Prints records as they come, so that memory does not grow with the list.
class ListOutput {
 public:
  // `zone` is that of times in CSV; the table has them in each survey's.
  ListOutput(Session& session, absl::TimeZone zone) : out_(session.out()), zones_(session) {
    if (session.format == OutputFormat::kTable) {
      table_.emplace();
      table_->AddColumn("time", Table::Align::kLeft);
      table_->AddColumn("score", Table::Align::kRight);
      for (const char* heading : {"customer", "excluded", "id", "comment"}) {
        table_->AddColumn(heading, Table::Align::kLeft);
      }
    } else {
      text_.emplace(RecordFormOf(session, RecordForm::kJsonList), out_, zone);
      text_->BeginRecords();
    }
  }

  // The first `count` records of a page.
  void Add(const v1::ListFeedbackResponse& page, int count) {
    for (int i = 0; i < count; ++i) {
      if (text_.has_value()) {
        text_->Add(page.feedback(i));
      } else {
        AddRow(page.feedback(i));
      }
    }
    if (table_.has_value() && count > 0) {
      table_->PrintPiece(out_);
    }
  }

  void End() {
    if (text_.has_value()) {
      text_->End();
    } else {
      table_->PrintPiece(out_);
    }
  }

 private:
  void AddRow(const v1::Feedback& record) {
    const auto or_absent = [](std::string text) {
      return text.empty() ? std::string(kAbsent) : text;
    };
    table_->AddRow(
        {LocalTimeText(record.has_occur_time(), record.occur_time(), zones_.Of(record.survey_id())),
         or_absent(FieldText(RecordField::kScore, record)), or_absent(record.customer_id()),
         or_absent(FieldText(RecordField::kExclusion, record)), record.feedback_id(),
         or_absent(record.comment())});
  }

  std::ostream& out_;
  SurveyZones zones_;
  // One of them.
  std::optional<Table> table_;
  std::optional<RecordText> text_;
};

int List(Session& session, const ListFlags& flags) {
  if (flags.survey.empty() && flags.records.customer_id.empty()) {
    return UsageError(session.environment,
                      "feedback list: wanted SURVEY or --customer-id, or both");
  }
  const std::optional<absl::TimeZone> zone = ReadTimeZone(session, flags.time_zone);
  if (!zone.has_value()) {
    return kExitUsage;
  }
  v1::ListFeedbackRequest request;
  int exit_code = kExitOk;
  if (!ReadRecordFlags(session, flags.records, flags.survey, request, &exit_code)) {
    return exit_code;
  }
  request.set_order(ParseEnumFlag<v1::FeedbackOrder>(flags.order));
  request.set_page_size(std::min(kPageSize, flags.limit));
  std::optional<ListOutput> output;  // Nothing before the first page: it can be an error.
  int left = flags.limit;
  for (const absl::StatusOr<v1::ListFeedbackResponse>& page :
       session.client.ListFeedbackPages(request)) {
    if (!page.ok()) {
      return ServiceError(session.environment, page.status());
    }
    if (!output.has_value()) {
      output.emplace(session, *zone);
      TellUnmatched(session, page->unmatched());
    }
    const int count = std::min(left, page->feedback_size());
    output->Add(*page, count);
    left -= count;
    if (left == 0) {
      break;
    }
  }
  output->End();
  return kExitOk;
}

}  // namespace

void AddFeedbackListCommand(CommandLine group, Command* command) {
  CommandLine app = group.AddCommand("list", "List answers of a survey or of a customer");
  auto flags = std::make_shared<ListFlags>();
  app.Add("SURVEY", flags->survey, "The survey answered");
  AddRecordFlags(app, flags->records);
  AddTimeZoneFlag(app, flags->time_zone);
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
