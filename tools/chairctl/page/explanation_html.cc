#include "tools/chairctl/page/explanation_html.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tools/chairctl/base/enum_flag.h"
#include "tools/chairctl/base/output.h"
#include "tools/chairctl/base/written_time.h"
#include "tools/chairctl/text/explanation_output.h"

namespace emptychair {
namespace {

HtmlCell OptionalText(const std::string& text) {
  return TextCell(text.empty() ? kAbsent : absl::string_view(text));
}

}  // namespace

HtmlPage ExplanationPage(const v1::ExplainMetricRequest& request,
                         const std::vector<v1::ExplainMetricRow>& rows, absl::TimeZone zone) {
  HtmlPage page(absl::StrCat("Answers: ", absl::StrJoin(request.query().survey_ids(), ", ")));
  page.Add(Paragraph(ExplanationHeading(request, zone)));
  HtmlTable table("Newest first");
  table.AddColumn("time", HtmlTable::Align::kLeft);
  table.AddColumn("counted as", HtmlTable::Align::kLeft);
  table.AddColumn("score", HtmlTable::Align::kRight);
  for (const char* heading : {"customer", "id", "comment"}) {
    table.AddColumn(heading, HtmlTable::Align::kLeft);
  }
  table.AddColumn("sequence", HtmlTable::Align::kRight);
  for (const v1::ExplainMetricRow& row : rows) {
    const v1::Feedback& record = row.feedback();
    table.AddRow({TextCell(LocalTimeText(record.has_occur_time(), record.occur_time(), zone)),
                  TextCell(EnumFlag(row.counted_as())),
                  CountCell(record.has_score(), record.score()), OptionalText(record.customer_id()),
                  TextCell(record.feedback_id()), OptionalText(record.comment()),
                  CountCell(record.sequence())});
  }
  page.Add(table.Render());
  return page;
}

}  // namespace emptychair
