#include "tools/chairctl/page/metric_html_parts.h"

#include <algorithm>
#include <optional>
#include <type_traits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "tools/chairctl/base/enum_flag.h"
#include "tools/chairctl/base/output.h"
#include "tools/chairctl/text/metric_text.h"

namespace emptychair {
namespace {

// As many steps as leave room for their numbers below the narrowest rows.
constexpr int kAxisSteps = 5;

using Cell = std::optional<HtmlCell>;

template <typename Number>
Cell Present(bool present, Number number) {
  if (!present) {
    return std::nullopt;
  }
  if constexpr (std::is_same_v<Number, double>) {
    return NumberCell(true, number);
  } else {
    return CountCell(number);
  }
}

Cell ExcludedCell(const v1::MetricValue& point) {
  if (point.excluded().empty()) {
    return std::nullopt;
  }
  HtmlCell cell;
  for (const v1::ExcludedCount& excluded : point.excluded()) {
    absl::StrAppend(&cell.content.html, cell.content.html.empty() ? "" : ", ",
                    CountMarkup(excluded.count()).html, " ",
                    EscapeHtml(EnumFlag(excluded.reason())));
  }
  return cell;
}

Cell HistogramCell(const v1::MetricValue& point) {
  if (point.histogram().empty()) {
    return std::nullopt;
  }
  HtmlCell cell;
  for (const int64_t count : point.histogram()) {
    absl::StrAppend(&cell.content.html, cell.content.html.empty() ? "" : " ",
                    CountMarkup(count).html);
  }
  return cell;
}

Cell GradeCell(const v1::MetricValue& point) {
  if (point.grade() == v1::GRADE_UNSPECIFIED) {
    return std::nullopt;
  }
  return TextCell(GradeText(point));
}

// A column behind the value: what a point has there, if anything.
struct PointColumn {
  absl::string_view heading;
  HtmlTable::Align align;
  Cell (*cell)(const v1::MetricValue& point);
};

constexpr auto kRight = HtmlTable::Align::kRight;
constexpr auto kLeft = HtmlTable::Align::kLeft;

const PointColumn kPointColumns[] = {
    {"low", kRight, [](const v1::MetricValue& p) { return Present(p.has_low(), p.low()); }},
    {"high", kRight, [](const v1::MetricValue& p) { return Present(p.has_high(), p.high()); }},
    {"standard error", kRight,
     [](const v1::MetricValue& p) { return Present(p.has_standard_error(), p.standard_error()); }},
    {"answers", kRight, [](const v1::MetricValue& p) { return Present(true, p.answers()); }},
    {"unscored", kRight, [](const v1::MetricValue& p) { return Present(true, p.unscored()); }},
    {"promoters", kRight,
     [](const v1::MetricValue& p) { return Present(p.has_promoters(), p.promoters()); }},
    {"passives", kRight,
     [](const v1::MetricValue& p) { return Present(p.has_passives(), p.passives()); }},
    {"detractors", kRight,
     [](const v1::MetricValue& p) { return Present(p.has_detractors(), p.detractors()); }},
    {"numerator", kRight,
     [](const v1::MetricValue& p) { return Present(p.has_numerator(), p.numerator()); }},
    {"denominator", kRight,
     [](const v1::MetricValue& p) { return Present(p.has_denominator(), p.denominator()); }},
    {"customers", kRight,
     [](const v1::MetricValue& p) { return Present(p.has_customers(), p.customers()); }},
    {"effective sample", kRight,
     [](const v1::MetricValue& p) {
       return Present(p.has_effective_sample(), p.effective_sample());
     }},
    {"design effect", kRight,
     [](const v1::MetricValue& p) { return Present(p.has_design_effect(), p.design_effect()); }},
    {"grade", kLeft, GradeCell},
    {"excluded", kLeft, ExcludedCell},
    {"answers per score", kLeft, HistogramCell},
};

void AppendFact(absl::string_view name, const std::string& text, std::vector<Fact>& facts) {
  if (!text.empty()) {
    facts.emplace_back(name, DataText(text));
  }
}

std::vector<Fact> QuestionOf(absl::string_view prefix, const v1::QueryMetricRequest& request,
                             const v1::MethodInfo& info) {
  std::vector<Fact> facts;
  AppendFact(absl::StrCat(prefix, "window"),
             absl::StrCat(WindowText(request.interval(), ZoneOf(info)), ", ", info.time_zone()),
             facts);
  AppendFact(absl::StrCat(prefix, "only"),
             std::string(absl::StripPrefix(FiltersText(request.filters()), ", ")), facts);
  return facts;
}

Fact PercentFact(absl::string_view name, double share) {
  return {std::string(name),
          NumberMarkup(absl::StrFormat("%g %%", 100 * share), JsonNumber(share))};
}

// What intervals rest on, beside the values themselves.
void AppendIntervalFacts(const v1::MethodInfo& info, std::vector<Fact>& facts) {
  AppendFact("intervals by", EnumFlagOrEmpty(info.interval_rule()), facts);
  if (info.has_effects_sequence()) {
    facts.push_back(CountFact("repeats measured at sequence", info.effects_sequence()));
  }
  if (info.population() > 0) {
    facts.push_back(CountFact("population", info.population()));
  }
  if (info.tests() > 0) {
    facts.push_back(CountFact("tests", info.tests()));
  }
  if (info.has_interval_confidence()) {
    facts.push_back(PercentFact("confidence of differences", info.interval_confidence()));
  }
}

std::vector<Fact> FactsOf(const v1::MethodInfo& info) {
  std::vector<Fact> facts = {{"respondents", DataText(EnumFlag(info.respondent_rule()))},
                             PercentFact("confidence", info.confidence())};
  AppendIntervalFacts(info, facts);
  facts.push_back(CountFact("smallest sample", info.min_sample()));
  facts.push_back(CountFact("buckets per point", info.trailing_buckets()));
  if (info.has_top_box_min()) {
    facts.push_back(CountFact("satisfied from", info.top_box_min()));
  }
  return facts;
}

}  // namespace

void PointTable::Add(std::vector<std::string> names, const v1::MetricValue& point) {
  rows_.push_back({std::move(names), &point});
}

Markup PointTable::Render() const {
  std::vector<const PointColumn*> columns;
  for (const PointColumn& column : kPointColumns) {
    if (std::any_of(rows_.begin(), rows_.end(),
                    [&](const Row& row) { return column.cell(*row.point).has_value(); })) {
      columns.push_back(&column);
    }
  }
  HtmlTable table(caption_);
  for (const std::string& name : names_) {
    table.AddColumn(name, kLeft);
  }
  table.AddColumn(ValueHeading(info_.method()), kRight);
  for (const PointColumn* column : columns) {
    table.AddColumn(column->heading, column->align);
  }
  for (const Row& row : rows_) {
    std::vector<HtmlCell> cells;
    for (const std::string& name : row.names) {
      cells.push_back(TextCell(name));
    }
    cells.push_back(ValueCell(*row.point, info_.min_sample()));
    for (const PointColumn* column : columns) {
      cells.push_back(column->cell(*row.point).value_or(TextCell(kAbsent)));
    }
    table.AddRow(std::move(cells));
  }
  return table.Render();
}

Markup SidesTable(const v1::MetricValue& base, const v1::MetricValue& candidate,
                  const v1::MethodInfo& info) {
  PointTable table("Both sides", {"side"}, info);
  table.Add({"base"}, base);
  table.Add({"candidate"}, candidate);
  return table.Render();
}

HtmlCell ValueCell(const v1::MetricValue& point, int min_sample) {
  return point.has_value() ? NumberCell(true, point.value())
                           : TextCell(ValueText(point, min_sample));
}

HtmlCell PValueCell(bool present, double p_value) {
  return present ? NumberCell(absl::StrFormat("%.3g", p_value), JsonNumber(p_value))
                 : TextCell(kAbsent);
}

KeyNumber KeyNumberOf(absl::string_view caption, const v1::MetricValue& point,
                      const v1::MethodInfo& info) {
  KeyNumber key{.caption = std::string(caption)};
  const int decimals = DecimalsOf(info.method());
  if (!point.has_value()) {
    key.number = DataText(kAbsent);
    key.bounds = PointText(point, info);
    return key;
  }
  key.number = NumberMarkup(NumberText(point.value(), decimals), JsonNumber(point.value()));
  if (point.has_low() && point.has_high()) {
    key.bounds = absl::StrFormat("%s at %g %%", IntervalText(point.low(), point.high(), decimals),
                                 100 * info.confidence());
  }
  absl::StrAppend(&key.bounds, key.bounds.empty() ? "" : ", ", "from ", point.answers(),
                  point.answers() == 1 ? " answer" : " answers");
  if (point.grade() != v1::GRADE_UNSPECIFIED) {
    key.meaning = GradeText(point);
  }
  return key;
}

KeyNumber KeyChange(absl::string_view caption, bool present, double delta,
                    const v1::MethodInfo& info, absl::string_view meaning) {
  return {.caption = std::string(caption),
          .number = present ? NumberMarkup(SignedText(delta, DecimalsOf(info.method())),
                                           JsonNumber(delta))
                            : DataText(kAbsent),
          .bounds = "",
          .meaning = std::string(meaning)};
}

std::string PointText(const v1::MetricValue& point, const v1::MethodInfo& info) {
  if (point.suppressed()) {
    return absl::StrCat("too few answers ", ValueText(point, info.min_sample()));
  }
  if (!point.has_value()) {
    return "no answers";
  }
  const int decimals = DecimalsOf(info.method());
  std::string text = NumberText(point.value(), decimals);
  if (point.has_low() && point.has_high()) {
    absl::StrAppend(&text, " (", IntervalText(point.low(), point.high(), decimals), ")");
  }
  return absl::StrCat(text, ", n = ", point.answers());
}

std::string SeriesName(const google::protobuf::RepeatedPtrField<v1::GroupValue>& values) {
  return absl::StrJoin(values, " · ", [](std::string* out, const v1::GroupValue& value) {
    out->append(GroupName(value));
  });
}

Markup QuestionOf(const v1::QueryMetricRequest& request, const v1::MethodInfo& info) {
  std::vector<Fact> facts = {{"survey", DataText(absl::StrJoin(request.survey_ids(), ", "))}};
  for (Fact& fact : QuestionOf("", request, info)) {
    facts.push_back(std::move(fact));
  }
  AppendFact("by", absl::StrJoin(request.group_by(), ", "), facts);
  AppendFact("method", absl::StrCat(EnumFlag(info.method()), ", ", MethodText(info)), facts);
  return FactList(facts);
}

Markup QuestionOf(const v1::QueryMetricRequest& base, const v1::QueryMetricRequest& candidate,
                  const v1::MethodInfo& info) {
  std::vector<Fact> facts;
  const bool names_surveys = !SameSurveys(base, candidate);
  if (!names_surveys) {
    AppendFact("survey", absl::StrJoin(base.survey_ids(), ", "), facts);
  }
  for (const auto& [name, side] :
       {std::pair("base ", &base), std::pair("candidate ", &candidate)}) {
    if (names_surveys) {
      AppendFact(absl::StrCat(name, "survey"), absl::StrJoin(side->survey_ids(), ", "), facts);
    }
    for (Fact& fact : QuestionOf(name, *side, info)) {
      facts.push_back(std::move(fact));
    }
  }
  AppendFact("method", absl::StrCat(EnumFlag(info.method()), ", ", MethodText(info)), facts);
  return FactList(facts);
}

Fact CountFact(absl::string_view name, int64_t count) {
  return {std::string(name), CountMarkup(count)};
}

Fact NumberFact(absl::string_view name, double number) {
  return {std::string(name), NumberMarkup(absl::StrFormat("%.3g", number), JsonNumber(number))};
}

Markup OptionalParagraph(absl::string_view text) {
  return text.empty() ? Markup{} : Paragraph(text);
}

Markup MethodFacts(const v1::MethodInfo& info) { return FactList(FactsOf(info)); }

Markup Details(const std::vector<Fact>& facts) {
  return {absl::StrCat("<h2>How it was computed</h2>\n", FactList(facts).html)};
}

Markup Details(const v1::MethodInfo& info, const std::vector<Fact>& facts) {
  std::vector<Fact> all = FactsOf(info);
  all.insert(all.end(), facts.begin(), facts.end());
  return Details(all);
}

TickedAxis AxisFor(std::vector<IntervalMark> marks, bool zero) {
  if (zero) {
    marks.push_back({.value = 0});
  }
  return TickedAxis(marks, kAxisSteps);
}

}  // namespace emptychair
