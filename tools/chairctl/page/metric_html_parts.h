// Parts of the metric commands' pages. Each page has the question, what it comes to, drawings, and
// below each drawing all numbers of the answer, each with the digits of JSON as the data-value of
// its cell.
#ifndef EMPTYCHAIR_TOOLS_CHAIRCTL_PAGE_METRIC_HTML_PARTS_H_
#define EMPTYCHAIR_TOOLS_CHAIRCTL_PAGE_METRIC_HTML_PARTS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "emptychair/v1/metrics_service.pb.h"
#include "google/protobuf/repeated_ptr_field.h"
#include "tools/chairctl/page/html_page.h"
#include "tools/chairctl/plot/number_axis.h"
#include "tools/chairctl/plot/svg_plot.h"

namespace emptychair {

// A table of values, one to a row, with every number that they have.
class PointTable {
 public:
  // `names` head the columns that tell rows apart. The columns that no point has are left out.
  PointTable(absl::string_view caption, std::vector<std::string> names, const v1::MethodInfo& info)
      : caption_(caption), names_(std::move(names)), info_(info) {}

  // The point must outlive the table; `names` has one for each of those of the table.
  void Add(std::vector<std::string> names, const v1::MetricValue& point);

  Markup Render() const;

 private:
  struct Row {
    std::vector<std::string> names;
    const v1::MetricValue* point;
  };

  std::string caption_;
  std::vector<std::string> names_;
  const v1::MethodInfo& info_;
  std::vector<Row> rows_;
};

// The values of two sides.
Markup SidesTable(const v1::MetricValue& base, const v1::MetricValue& candidate,
                  const v1::MethodInfo& info);

// The value for a cell: rounded, absent or suppressed.
HtmlCell ValueCell(const v1::MetricValue& point, int min_sample);

// A p value for a cell: three digits of it, or a dash when it is absent.
HtmlCell PValueCell(bool present, double p_value);

// The value in the digits that words have, large; its interval and what it rests on.
KeyNumber KeyNumberOf(absl::string_view caption, const v1::MetricValue& point,
                      const v1::MethodInfo& info);

// The difference of two values with its sign; `meaning` says what it comes to.
KeyNumber KeyChange(absl::string_view caption, bool present, double delta,
                    const v1::MethodInfo& info, absl::string_view meaning);

// `43.5 (10.6 … 66.3), n = 23`, `too few answers (n<5)` or `no answers`.
std::string PointText(const v1::MetricValue& point, const v1::MethodInfo& info);

// The name of a group: its values, in their order.
std::string SeriesName(const google::protobuf::RepeatedPtrField<v1::GroupValue>& values);

// Describes the query for one set of answers: surveys, window, conditions, method.
Markup QuestionOf(const v1::QueryMetricRequest& request, const v1::MethodInfo& info);

// The same of two sets.
Markup QuestionOf(const v1::QueryMetricRequest& base, const v1::QueryMetricRequest& candidate,
                  const v1::MethodInfo& info);

// The numbers of `info`, one below the other.
Markup MethodFacts(const v1::MethodInfo& info);

// Lists how a result was computed, at the end of a page.
Markup Details(const std::vector<Fact>& facts);
// The same with the numbers of `info` in front.
Markup Details(const v1::MethodInfo& info, const std::vector<Fact>& facts);

// A number of `Details`.
Fact CountFact(absl::string_view name, int64_t count);
// The same, to three digits.
Fact NumberFact(absl::string_view name, double number);

// `text` as a paragraph; nothing when it is empty.
Markup OptionalParagraph(absl::string_view text);

// An axis for all `marks` and, with `zero`, for 0.
TickedAxis AxisFor(std::vector<IntervalMark> marks, bool zero);

}  // namespace emptychair

#endif  // EMPTYCHAIR_TOOLS_CHAIRCTL_PAGE_METRIC_HTML_PARTS_H_
