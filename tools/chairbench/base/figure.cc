#include "tools/chairbench/base/figure.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "tools/chairctl/base/output.h"

namespace emptychair::bench {
namespace {

std::string JsonNumber(std::optional<double> number) {
  return number.has_value() && std::isfinite(*number) ? ExactNumber(*number) : "null";
}

// Four significant digits, or all of a whole number.
std::string Readable(std::optional<double> number) {
  if (!number.has_value() || !std::isfinite(*number)) {
    return std::string(kAbsent);
  }
  const double size = std::abs(*number);
  if (size >= 1000 || size == std::floor(size)) {
    return absl::StrFormat("%.0f", *number);
  }
  const int decimals = size >= 100 ? 1 : size >= 10 ? 2 : 3;
  return absl::StrFormat("%.*f", decimals, *number);
}

}  // namespace

std::optional<double> Figure::ratio() const {
  if (!limit.has_value() || *limit == 0) {
    return std::nullopt;
  }
  return value / *limit;
}

std::string ToJsonLine(const Figure& figure) {
  return absl::StrCat("{\"name\":\"", figure.name, "\",\"value\":", JsonNumber(figure.value),
                      ",\"unit\":\"", figure.unit, "\",\"limit\":", JsonNumber(figure.limit),
                      ",\"ratio\":", JsonNumber(figure.ratio()), "}\n");
}

void PrintTable(absl::Span<const Figure> figures, std::ostream& out) {
  Table table;
  table.AddColumn("figure", Table::Align::kLeft);
  table.AddColumn("value", Table::Align::kRight);
  table.AddColumn("limit", Table::Align::kRight);
  table.AddColumn("ratio", Table::Align::kRight);
  table.AddColumn("unit", Table::Align::kLeft);
  for (const Figure& figure : figures) {
    table.AddRow({figure.name, Readable(figure.value), Readable(figure.limit),
                  Readable(figure.ratio()), figure.unit});
  }
  table.Print(out);
}

}  // namespace emptychair::bench
