#include "tools/chairctl/page/loyalty_html_parts.h"

#include <cstddef>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "tools/chairctl/base/amount_text.h"
#include "tools/chairctl/base/enum_flag.h"
#include "tools/chairctl/base/output.h"
#include "tools/chairctl/base/written_time.h"
#include "tools/chairctl/page/metric_html_parts.h"
#include "tools/chairctl/text/metric_text.h"

namespace emptychair {

HtmlCell AmountCell(const v1::Amount& amount) {
  const std::string text = AmountNumber(amount);
  const size_t point = text.find('.');
  HtmlCell cell;
  cell.content.html =
      absl::StrCat(NumberMarkup(text.substr(0, point), absl::StrCat(amount.units())).html,
                   NumberMarkup(text.substr(point), absl::StrCat(amount.nanos())).html);
  return cell;
}

std::string MarkText(const IntervalMark& mark) {
  if (!mark.value.has_value()) {
    return "no value";
  }
  std::string text = NumberText(*mark.value, 1);
  if (mark.low.has_value() && mark.high.has_value()) {
    absl::StrAppend(&text, " (", IntervalText(*mark.low, *mark.high, 1), ")");
  }
  return text;
}

std::string ShareText(int64_t part, int64_t whole, const IntervalMark& mark) {
  return absl::StrCat(part, " of ", whole, whole == 1 ? " customer" : " customers", ", ",
                      MarkText(mark), mark.value.has_value() ? " %" : "");
}

std::string RowText(const IntervalMark& mark, int64_t whole) {
  return absl::StrCat(MarkText(mark), mark.value.has_value() ? absl::StrCat(", n = ", whole) : "");
}

KeyNumber KeyShare(absl::string_view caption, int64_t part, int64_t whole, const IntervalMark& mark,
                   const v1::LoyaltyMethodInfo& info) {
  KeyNumber key{.caption = std::string(caption), .number = DataText(kAbsent)};
  if (mark.value.has_value()) {
    key.number =
        NumberMarkup(absl::StrCat(NumberText(*mark.value, 1), " %"), JsonNumber(*mark.value));
  }
  if (mark.low.has_value() && mark.high.has_value()) {
    key.bounds = absl::StrFormat("%s at %.0f %%, ", IntervalText(*mark.low, *mark.high, 1),
                                 100 * info.confidence());
  }
  absl::StrAppend(&key.bounds, part, " of ", whole, whole == 1 ? " customer" : " customers");
  return key;
}

Markup LoyaltyDetails(const v1::LoyaltyMethodInfo& info, const std::vector<Fact>& facts) {
  std::vector<Fact> all = {
      {"time zone", DataText(info.time_zone())},
      {"as of",
       DataText(LocalTimeText(info.has_as_of(), info.as_of(), ZoneOrUtc(info.time_zone())))},
      {"confidence", NumberMarkup(absl::StrFormat("%g %%", 100 * info.confidence()),
                                  JsonNumber(info.confidence()))}};
  if (info.rolling_days() > 0) {
    all.push_back(CountFact("days of a period", info.rolling_days()));
  }
  if (info.week_start() != v1::WEEK_START_UNSPECIFIED) {
    all.emplace_back("weeks from", DataText(EnumFlag(info.week_start())));
  }
  if (info.positive_amounts_only()) {
    all.emplace_back("activities", DataText("with an amount above zero"));
  }
  all.insert(all.end(), facts.begin(), facts.end());
  return Details(all);
}

}  // namespace emptychair
