#include "tools/chairctl/text/customer_view_output.h"

#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tools/chairctl/base/amount_text.h"
#include "tools/chairctl/base/enum_flag.h"
#include "tools/chairctl/base/output.h"
#include "tools/chairctl/base/written_time.h"
#include "tools/chairctl/text/metric_text.h"

namespace emptychair {
namespace {

// Attributes in order of their keys.
std::map<std::string, std::string> AttributesOf(const v1::Customer& customer) {
  return {customer.attributes().begin(), customer.attributes().end()};
}

std::string UtcText(bool present, const google::protobuf::Timestamp& time) {
  return LocalTimeText(present, time, absl::UTCTimeZone());
}

std::string TotalsText(const v1::CustomerKind& kind) {
  return kind.totals().empty()
             ? std::string(kAbsent)
             : absl::StrJoin(kind.totals(), ", ", [](std::string* out, const v1::Amount& amount) {
                 out->append(AmountText(amount));
               });
}

// `yes`, `no`, or a dash where the question does not arise.
std::string AnswerText(bool present, bool value) {
  return present ? (value ? "yes" : "no") : std::string(kAbsent);
}

std::string TrendText(const v1::CustomerSurvey& survey) {
  if (!survey.has_last_score() || !survey.has_previous_score()) {
    return std::string(kAbsent);
  }
  return survey.trend() == v1::CHANGE_DIRECTION_NEITHER ? "same" : EnumFlag(survey.trend());
}

void PrintSurveys(const v1::GetCustomerViewResponse& view, std::ostream& out) {
  Table table;
  table.AddColumn("survey", Table::Align::kLeft);
  table.AddColumn("answers", Table::Align::kRight);
  table.AddColumn("last answer", Table::Align::kLeft);
  table.AddColumn("score", Table::Align::kRight);
  table.AddColumn("before", Table::Align::kRight);
  table.AddColumn("trend", Table::Align::kLeft);
  table.AddColumn("comment", Table::Align::kLeft);
  for (const v1::CustomerSurvey& survey : view.surveys()) {
    table.AddRow(
        {survey.survey_id(), absl::StrCat(survey.answers()),
         UtcText(survey.last().has_occur_time(), survey.last().occur_time()),
         CountOrAbsent(survey.has_last_score(), survey.last_score()),
         CountOrAbsent(survey.has_previous_score(), survey.previous_score()), TrendText(survey),
         survey.last().comment().empty() ? std::string(kAbsent) : survey.last().comment()});
  }
  table.Print(out);
}

void PrintKinds(const v1::GetCustomerViewResponse& view, std::ostream& out) {
  Table table;
  table.AddColumn("kind", Table::Align::kLeft);
  table.AddColumn("activities", Table::Align::kRight);
  table.AddColumn("first", Table::Align::kLeft);
  table.AddColumn("last", Table::Align::kLeft);
  for (const char* heading : {"days", "usual gap", "limit", "silent"}) {
    table.AddColumn(heading, Table::Align::kRight);
  }
  table.AddColumn("subscribed", Table::Align::kLeft);
  table.AddColumn("amounts", Table::Align::kLeft);
  for (const v1::CustomerKind& kind : view.kinds()) {
    table.AddRow({kind.kind(), absl::StrCat(kind.activities()),
                  UtcText(kind.has_first_time(), kind.first_time()),
                  UtcText(kind.has_last_time(), kind.last_time()), absl::StrCat(kind.active_days()),
                  kind.has_usual_days() ? ExactNumber(kind.usual_days()) : std::string(kAbsent),
                  CountOrAbsent(kind.has_limit_days(), kind.limit_days()),
                  CountOrAbsent(kind.has_silence_days(), kind.silence_days()),
                  AnswerText(kind.has_is_subscribed(), kind.is_subscribed()), TotalsText(kind)});
  }
  table.Print(out);
  for (const v1::CustomerKind& kind : view.kinds()) {
    if (kind.is_past_limit()) {
      out << Printable(absl::StrCat(
                 kind.kind(), ": silent for ", kind.silence_days(),
                 " days, past this customer's limit of ", kind.limit_days(),
                 ". With an unchanged habit, too, 10 to 18 % of gaps are longer than that."))
          << "\n";
    }
  }
}

}  // namespace

void PrintCustomerViewCsv(const v1::GetCustomerViewResponse& view, CsvWriter& csv) {
  csv.Write({"customer_id", "entry", "name", "value", "count", "first_time", "last_time",
             "last_score", "previous_score", "trend", "totals", "active_days", "usual_days",
             "limit_days", "silence_days", "is_past_limit", "is_subscribed"});
  constexpr size_t kColumns = 17;
  const std::string& id = view.customer().customer_id();
  for (const auto& [key, value] : AttributesOf(view.customer())) {
    std::vector<CsvCell> line = {id, "attribute", key, value};
    line.resize(kColumns, std::string());
    csv.Write(line);
  }
  for (const v1::CustomerSurvey& survey : view.surveys()) {
    std::vector<CsvCell> line = {
        id,
        "survey",
        survey.survey_id(),
        "",
        CountOrEmpty(true, survey.answers()),
        "",
        TimestampText(survey.last().has_occur_time(), survey.last().occur_time()),
        CountOrEmpty(survey.has_last_score(), survey.last_score()),
        CountOrEmpty(survey.has_previous_score(), survey.previous_score()),
        EnumFlagOrEmpty(survey.trend())};
    line.resize(kColumns, std::string());
    csv.Write(line);
  }
  for (const v1::CustomerKind& kind : view.kinds()) {
    csv.Write({id, "kind", kind.kind(), "", CountOrEmpty(true, kind.activities()),
               TimestampText(kind.has_first_time(), kind.first_time()),
               TimestampText(kind.has_last_time(), kind.last_time()), "", "", "",
               absl::StrJoin(kind.totals(), "; ",
                             [](std::string* out, const v1::Amount& amount) {
                               absl::StrAppend(out, AmountDigits(amount), " ",
                                               amount.currency_code());
                             }),
               CountOrEmpty(true, kind.active_days()),
               ExactOrEmpty(kind.has_usual_days(), kind.usual_days()),
               CountOrEmpty(kind.has_limit_days(), kind.limit_days()),
               CountOrEmpty(kind.has_silence_days(), kind.silence_days()),
               kind.is_past_limit() ? "true" : "false",
               !kind.has_is_subscribed() ? ""
               : kind.is_subscribed()    ? "true"
                                         : "false"});
  }
}

void PrintCustomerView(const v1::GetCustomerViewResponse& view, std::ostream& out) {
  TextFields fields = {{"customer", view.customer().customer_id()},
                       {"as of", UtcText(view.has_as_of(), view.as_of())}};
  for (const auto& [key, value] : AttributesOf(view.customer())) {
    fields.emplace_back(Printable(key), value);
  }
  PrintFields(fields, out);
  if (!view.surveys().empty()) {
    out << "\n";
    PrintSurveys(view, out);
  }
  if (!view.kinds().empty()) {
    out << "\n";
    PrintKinds(view, out);
  }
}

}  // namespace emptychair
