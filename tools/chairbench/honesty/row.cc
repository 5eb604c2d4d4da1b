#include "tools/chairbench/honesty/row.h"

#include <cmath>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "tools/chairctl/base/output.h"

namespace emptychair::bench {
namespace {

std::string JsonOrNull(std::optional<double> number) {
  return number.has_value() && std::isfinite(*number) ? ExactNumber(*number) : "null";
}

std::string Percent(std::optional<double> fraction, int decimals) {
  return fraction.has_value() && std::isfinite(*fraction)
             ? absl::StrFormat("%.*f", decimals, 100 * *fraction)
             : std::string(kAbsent);
}

// Of a rate whose true value is `limit`.
double Slack(double limit, int64_t replicates) {
  return 2 * std::sqrt(limit * (1 - limit) / static_cast<double>(replicates));
}

}  // namespace

double Tally::rate() const {
  return replicates == 0 ? std::numeric_limits<double>::quiet_NaN()
                         : static_cast<double>(hits) / static_cast<double>(replicates);
}

bool HonestyRow::Holds() const {
  if (replicates <= 0 || !std::isfinite(rate)) {
    return false;
  }
  return (!low.has_value() || rate >= *low - Slack(*low, replicates)) &&
         (!high.has_value() || rate <= *high + Slack(*high, replicates));
}

HonestyRow RowBetween(std::string setting, const Tally& tally, double low, double high) {
  return {std::move(setting), tally.rate(), tally.replicates, low, high};
}

HonestyRow RowAtLeast(std::string setting, const Tally& tally, double low) {
  return {std::move(setting), tally.rate(), tally.replicates, low, {}};
}

HonestyRow RowAtMost(std::string setting, const Tally& tally, double high) {
  return {std::move(setting), tally.rate(), tally.replicates, {}, high};
}

std::string ToJsonLine(const HonestyRow& row) {
  return absl::StrCat("{\"setting\":\"", row.setting, "\",\"rate\":", JsonOrNull(row.rate),
                      ",\"replicates\":", row.replicates, ",\"low\":", JsonOrNull(row.low),
                      ",\"high\":", JsonOrNull(row.high),
                      ",\"holds\":", row.Holds() ? "true" : "false", "}\n");
}

void PrintTable(absl::Span<const HonestyRow> rows, std::ostream& out) {
  Table table;
  table.AddColumn("setting", Table::Align::kLeft);
  table.AddColumn("rate %", Table::Align::kRight);
  table.AddColumn("at least", Table::Align::kRight);
  table.AddColumn("at most", Table::Align::kRight);
  table.AddColumn("replicates", Table::Align::kRight);
  table.AddColumn("holds", Table::Align::kLeft);
  for (const HonestyRow& row : rows) {
    table.AddRow({row.setting, Percent(row.rate, 2), Percent(row.low, 1), Percent(row.high, 1),
                  absl::StrCat(row.replicates), row.Holds() ? "yes" : "NO"});
  }
  table.Print(out);
}

}  // namespace emptychair::bench
