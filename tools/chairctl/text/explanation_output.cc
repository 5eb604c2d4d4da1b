#include "tools/chairctl/text/explanation_output.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tools/chairctl/base/enum_flag.h"
#include "tools/chairctl/base/output.h"
#include "tools/chairctl/base/written_time.h"
#include "tools/chairctl/text/feedback_output.h"
#include "tools/chairctl/text/metric_text.h"

namespace emptychair {
namespace {

constexpr absl::string_view kNone = "(none)";
constexpr absl::string_view kOther = "(other)";

}  // namespace

v1::GroupValue GroupNamed(const std::string& name) {
  v1::GroupValue group;
  if (name == kNone) {
    group.set_none(true);
  } else if (name == kOther) {
    group.set_other(true);
  } else {
    group.set_value(name);
  }
  return group;
}

std::string ExplanationHeading(const v1::ExplainMetricRequest& request, absl::TimeZone zone) {
  const v1::QueryMetricRequest& query = request.query();
  std::string heading = absl::StrCat(absl::StrJoin(query.survey_ids(), ", "), ": ",
                                     WindowText(query.interval(), zone), ", ", zone.name(),
                                     Printable(FiltersText(query.filters())));
  for (int i = 0; i < request.group_values_size(); ++i) {
    absl::StrAppend(&heading, ", group ", Printable(query.group_by(i)), "=",
                    Printable(GroupName(request.group_values(i))));
  }
  if (query.respondent_rule() != v1::RESPONDENT_RULE_UNSPECIFIED) {
    absl::StrAppend(&heading, ", ", EnumFlag(query.respondent_rule()));
  }
  return heading;
}

void PrintExplanationJson(const std::vector<v1::ExplainMetricRow>& rows, std::ostream& out) {
  std::vector<const google::protobuf::Message*> messages;
  for (const v1::ExplainMetricRow& row : rows) {
    messages.push_back(&row);
  }
  out << ToJsonList("rows", messages);
}

void PrintExplanationCsv(const std::vector<v1::ExplainMetricRow>& rows, CsvWriter& csv) {
  const auto fields_of = [](const v1::ExplainMetricRow& row) {
    TextFields fields = FeedbackFields(row.feedback());
    fields.insert(fields.begin(), {"counted_as", EnumFlag(row.counted_as())});
    return fields;
  };
  WriteNames(fields_of(v1::ExplainMetricRow()), csv);
  for (const v1::ExplainMetricRow& row : rows) {
    WriteValues(fields_of(row), csv);
  }
}

void PrintExplanationTable(const v1::ExplainMetricRequest& request,
                           const std::vector<v1::ExplainMetricRow>& rows, absl::TimeZone zone,
                           std::ostream& out) {
  out << ExplanationHeading(request, zone) << "\n\n";
  Table table;
  table.AddColumn("time", Table::Align::kLeft);
  table.AddColumn("counted as", Table::Align::kLeft);
  table.AddColumn("score", Table::Align::kRight);
  for (const char* heading : {"customer", "id", "comment"}) {
    table.AddColumn(heading, Table::Align::kLeft);
  }
  const auto or_absent = [](const std::string& text) {
    return text.empty() ? std::string(kAbsent) : text;
  };
  for (const v1::ExplainMetricRow& row : rows) {
    const v1::Feedback& record = row.feedback();
    table.AddRow({LocalTimeText(record.has_occur_time(), record.occur_time(), zone),
                  EnumFlag(row.counted_as()), CountOrAbsent(record.has_score(), record.score()),
                  or_absent(record.customer_id()), record.feedback_id(),
                  or_absent(record.comment())});
  }
  table.Print(out);
}

}  // namespace emptychair
