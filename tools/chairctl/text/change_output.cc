#include "tools/chairctl/text/change_output.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "tools/chairctl/base/enum_flag.h"
#include "tools/chairctl/base/output.h"
#include "tools/chairctl/plot/interval_axis.h"
#include "tools/chairctl/text/interval_text.h"
#include "tools/chairctl/text/metric_marks.h"
#include "tools/chairctl/text/metric_text.h"

namespace emptychair {
namespace {

// What a side was and what it became, as texts.
using Move = std::pair<std::string, std::string>;

// `before → after`, arrows one below the other.
std::vector<std::string> MoveCells(const std::vector<Move>& moves) {
  size_t width = 0;
  for (const Move& move : moves) {
    width = std::max(width, DisplayWidth(move.second));
  }
  std::vector<std::string> cells;
  for (const auto& [before, after] : moves) {
    cells.push_back(
        absl::StrCat(before, " → ", std::string(width - DisplayWidth(after), ' '), after));
  }
  return cells;
}

IntervalAxis AxisOf(const v1::DecomposeChangeResponse& response) {
  std::vector<IntervalMark> marks = {{.value = 0}};
  for (const v1::DimensionContributions& dimension : response.dimensions()) {
    for (const v1::Contribution& contribution : dimension.contributions()) {
      marks.push_back(MarkOf(contribution));
    }
  }
  return IntervalAxis(marks);
}

struct Layout {
  // Shows the ends of the interval as numbers.
  bool interval = true;
  // Of the bar; 0 for none.
  int bar_width = 0;
};

Table MakeTable(const v1::DimensionContributions& dimension,
                const v1::DecomposeChangeResponse& response, const IntervalAxis& axis,
                const Layout& layout) {
  const v1::MethodInfo& info = response.method_info();
  std::vector<Move> shares;
  std::vector<Move> values;
  for (const v1::Contribution& contribution : dimension.contributions()) {
    shares.emplace_back(
        RoundedNumber(PercentOf(contribution.base().answers(), response.base().answers())),
        RoundedNumber(
            PercentOf(contribution.candidate().answers(), response.candidate().answers())));
    values.emplace_back(GroupValueText(contribution.base(), info.min_sample()),
                        GroupValueText(contribution.candidate(), info.min_sample()));
  }
  const std::vector<std::string> share_cells = MoveCells(shares);
  const std::vector<std::string> value_cells = MoveCells(values);

  Table table;
  table.AddColumn(dimension.key(), Table::Align::kLeft);
  for (const absl::string_view heading :
       {absl::string_view("share %"), ValueHeading(info.method()), absl::string_view("mix"),
        absl::string_view("score"), absl::string_view("total")}) {
    table.AddColumn(heading, Table::Align::kRight);
  }
  if (layout.interval) {
    table.AddColumn("low", Table::Align::kRight);
    table.AddColumn("high", Table::Align::kRight);
  }
  table.AddColumn("verdict", Table::Align::kLeft);
  if (layout.bar_width > 0) {
    table.AddColumn(axis.Heading(layout.bar_width), Table::Align::kLeft);
  }
  for (int i = 0; i < dimension.contributions_size(); ++i) {
    const v1::Contribution& contribution = dimension.contributions(i);
    std::vector<std::string> cells = {
        GroupName(contribution.group_value()),
        share_cells[static_cast<size_t>(i)],
        value_cells[static_cast<size_t>(i)],
        RoundedOrAbsent(contribution.has_mix(), contribution.mix()),
        RoundedOrAbsent(contribution.has_score(), contribution.score()),
        RoundedOrAbsent(contribution.has_total(), contribution.total())};
    if (layout.interval) {
      cells.push_back(RoundedOrAbsent(contribution.has_low(), contribution.low()));
      cells.push_back(RoundedOrAbsent(contribution.has_high(), contribution.high()));
    }
    cells.emplace_back(MoveText(contribution.verdict()));
    if (layout.bar_width > 0) {
      cells.push_back(axis.Bar(MarkOf(contribution), layout.bar_width));
    }
    table.AddRow(std::move(cells));
  }
  return table;
}

// One for all tables: as wide a bar as the widest leaves room for.
Layout LayoutFor(const v1::DecomposeChangeResponse& response, const IntervalAxis& axis,
                 int columns) {
  if (columns == 0) {
    return {};
  }
  for (const bool interval : {true, false}) {
    int room = kBarWidthMax;
    for (const v1::DimensionContributions& dimension : response.dimensions()) {
      const Table table = MakeTable(dimension, response, axis, {.interval = interval});
      room = std::min(room, columns - static_cast<int>(table.Width()) - 2);
    }
    if (room >= kBarWidthMin) {
      return {.interval = interval, .bar_width = room};
    }
  }
  return {};
}

// A contribution and the key of its group.
struct Mover {
  const std::string* key;
  const v1::Contribution* contribution;
};

// Whether the key tells slices apart: one group alone is all of the change.
bool HasSlices(const v1::DimensionContributions& dimension) {
  return dimension.contributions_size() > 1;
}

bool IsMover(const v1::Contribution& contribution) {
  return contribution.verdict() == v1::VERDICT_HIGHER ||
         contribution.verdict() == v1::VERDICT_LOWER;
}

// The largest contribution of all keys among those that chance does not explain.
std::optional<Mover> LargestMover(const v1::DecomposeChangeResponse& response) {
  std::optional<Mover> largest;
  for (const v1::DimensionContributions& dimension : response.dimensions()) {
    if (!HasSlices(dimension)) {
      continue;
    }
    for (const v1::Contribution& contribution : dimension.contributions()) {
      if (IsMover(contribution) &&
          (!largest.has_value() ||
           std::abs(contribution.total()) > std::abs(largest->contribution->total()))) {
        largest = Mover{&dimension.key(), &contribution};
      }
    }
  }
  return largest;
}

}  // namespace

void PrintChangeCsv(const v1::DecomposeChangeResponse& response, CsvWriter& csv) {
  csv.Write({"key",
             "group",
             "base_share",
             "base_value",
             "base_answers",
             "candidate_share",
             "candidate_value",
             "candidate_answers",
             "mix",
             "score",
             "total",
             "low",
             "high",
             "suppressed",
             "p_value",
             "q_value",
             "verdict",
             "interval_rule",
             "interval_confidence",
             "tests"});
  const v1::MethodInfo& info = response.method_info();
  const std::string interval_rule = EnumFlagOrEmpty(info.interval_rule());
  for (const v1::DimensionContributions& dimension : response.dimensions()) {
    for (const v1::Contribution& contribution : dimension.contributions()) {
      const v1::MetricValue& base = contribution.base();
      const v1::MetricValue& candidate = contribution.candidate();
      csv.Write({dimension.key(),
                 GroupName(contribution.group_value()),
                 ExactOrEmpty(true, PercentOf(base.answers(), response.base().answers())),
                 ExactOrEmpty(base.has_value(), base.value()),
                 CountOrEmpty(true, base.answers()),
                 ExactOrEmpty(true, PercentOf(candidate.answers(), response.candidate().answers())),
                 ExactOrEmpty(candidate.has_value(), candidate.value()),
                 CountOrEmpty(true, candidate.answers()),
                 ExactOrEmpty(contribution.has_mix(), contribution.mix()),
                 ExactOrEmpty(contribution.has_score(), contribution.score()),
                 ExactOrEmpty(contribution.has_total(), contribution.total()),
                 ExactOrEmpty(contribution.has_low(), contribution.low()),
                 ExactOrEmpty(contribution.has_high(), contribution.high()),
                 contribution.suppressed() ? "true" : "false",
                 ExactOrEmpty(contribution.has_p_value(), contribution.p_value()),
                 ExactOrEmpty(contribution.has_q_value(), contribution.q_value()),
                 EnumFlagOrEmpty(contribution.verdict()),
                 interval_rule,
                 ExactOrEmpty(info.has_interval_confidence(), info.interval_confidence()),
                 CountOrEmpty(true, info.tests())});
    }
  }
}

void PrintChangeTable(const v1::DecomposeChangeRequest& request,
                      const v1::DecomposeChangeResponse& response, int columns, std::ostream& out) {
  out << SidesHeading(request.base(), request.candidate(), response.method_info(),
                      IntervalRuleText(request, response))
      << "\n"
      << ChangeText(response) << "\n";
  if (const std::string tests = ContributionTestsText(response); !tests.empty()) {
    out << tests << "\n";
  }
  const IntervalAxis axis = AxisOf(response);
  const Layout layout = LayoutFor(response, axis, columns);
  for (const v1::DimensionContributions& dimension : response.dimensions()) {
    out << "\n";
    MakeTable(dimension, response, axis, layout).Print(out);
  }
}

absl::string_view MoveText(v1::Verdict verdict) {
  switch (verdict) {
    case v1::VERDICT_HIGHER:
      return "moved up";
    case v1::VERDICT_LOWER:
      return "moved down";
    case v1::VERDICT_TOO_FEW:
      return "too few";
    default:
      return "";
  }
}

std::string ContributionTestsText(const v1::DecomposeChangeResponse& response) {
  const v1::MethodInfo& info = response.method_info();
  return ManyTestsText(info.tests(), info.confidence(), "contributions", "the movers shown");
}

std::string ChangeText(const v1::DecomposeChangeResponse& response) {
  if (!response.has_delta()) {
    return "no change to explain: each side needs answers, not suppressed";
  }
  const v1::MethodInfo& info = response.method_info();
  const int decimals = DecimalsOf(info.method());
  std::string text = absl::StrFormat(
      "%s %s to %s: %s", ValueHeading(info.method()), NumberText(response.base().value(), decimals),
      NumberText(response.candidate().value(), decimals), SignedText(response.delta(), decimals));
  if (const std::optional<Mover> mover = LargestMover(response)) {
    const v1::Contribution& contribution = *mover->contribution;
    absl::StrAppendFormat(&text, "; moved most by %s=%s: %s (%s at %g %%)", *mover->key,
                          Printable(GroupName(contribution.group_value())),
                          SignedText(contribution.total(), decimals),
                          SignedIntervalText(contribution.low(), contribution.high(), decimals),
                          100 * DifferenceConfidence(info));
  } else if (std::any_of(response.dimensions().begin(), response.dimensions().end(), HasSlices)) {
    absl::StrAppend(&text, "; no slice moved it clearly");
  }
  return text;
}

}  // namespace emptychair
