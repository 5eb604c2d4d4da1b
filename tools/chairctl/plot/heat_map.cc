#include "tools/chairctl/plot/heat_map.h"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "tools/chairctl/base/output.h"

namespace emptychair {
namespace {

constexpr size_t kGap = 2;
// Keeps the end of a part from being passed by rounding.
constexpr double kTolerance = 1e-9;

constexpr absl::string_view kBlocks[] = {" ", "░", "▒", "▓", "█"};

// Letters and background of each shade, both, so that they are read on light and on dark terminals
// alike: black on ever darker blues, white on the darkest three.
constexpr absl::string_view kColors[] = {"",
                                         "\x1b[38;5;16;48;5;195m",
                                         "\x1b[38;5;16;48;5;153m",
                                         "\x1b[38;5;16;48;5;117m",
                                         "\x1b[38;5;16;48;5;75m",
                                         "\x1b[38;5;16;48;5;69m",
                                         "\x1b[38;5;231;48;5;27m",
                                         "\x1b[38;5;231;48;5;20m",
                                         "\x1b[38;5;231;48;5;18m"};
constexpr absl::string_view kPlain = "\x1b[0m";

// `text` at the right end of `width` characters.
std::string AtRight(absl::string_view text, size_t width) {
  return absl::StrCat(std::string(std::max(width, DisplayWidth(text)) - DisplayWidth(text), ' '),
                      text);
}

std::string AtLeft(absl::string_view text, size_t width) {
  return absl::StrCat(text,
                      std::string(std::max(width, DisplayWidth(text)) - DisplayWidth(text), ' '));
}

// Widths of the name, the size and each cell; the first character of a cell is for its shade.
struct Widths {
  explicit Widths(const HeatMap& map)
      : name(DisplayWidth(map.name_heading)), size(DisplayWidth(map.size_heading)) {
    for (const std::string& heading : map.headings) {
      cell = std::max(cell, DisplayWidth(heading) + 1);
    }
    for (const HeatRow& row : map.rows) {
      name = std::max(name, DisplayWidth(row.name));
      size = std::max(size, DisplayWidth(row.size));
      for (const HeatCell& c : row.cells) {
        cell = std::max(cell, DisplayWidth(c.text) + 1);
      }
    }
  }

  size_t front() const { return name + kGap + size + 1; }

  size_t name;
  size_t size;
  size_t cell = 1;
};

std::string CellText(const HeatCell& cell, size_t width, HeatShading shading) {
  const int level = cell.heat.has_value() ? HeatLevel(*cell.heat, HeatLevels(shading)) : 0;
  if (level == 0) {
    return AtRight(cell.text, width);
  }
  if (shading == HeatShading::kBlocks) {
    return absl::StrCat(kBlocks[level], AtRight(cell.text, width - 1));
  }
  return absl::StrCat(kColors[level], AtRight(cell.text, width), kPlain);
}

}  // namespace

int HeatLevels(HeatShading shading) {
  return static_cast<int>(shading == HeatShading::kBlocks ? std::size(kBlocks)
                                                          : std::size(kColors)) -
         1;
}

int HeatLevel(double heat, int levels) {
  return heat > 0
             ? std::clamp(static_cast<int>(std::ceil(std::min(heat, 1.0) * levels - kTolerance)), 1,
                          levels)
             : 0;
}

size_t HeatMap::ColumnsThatFit(int columns) const {
  const Widths widths(*this);
  const auto width = static_cast<size_t>(std::max(columns, 0));
  const size_t room = width > widths.front() ? (width - widths.front()) / widths.cell : 0;
  return std::min(headings.size(), std::max<size_t>(room, 1));
}

void PrintHeatMap(const HeatMap& map, int columns, HeatShading shading, std::ostream& out) {
  const Widths widths(map);
  const size_t shown = map.ColumnsThatFit(columns);
  const auto print = [&](std::string line) {
    absl::StripTrailingAsciiWhitespace(&line);
    out << line << "\n";
  };
  const auto front = [&](absl::string_view name, absl::string_view size) {
    return absl::StrCat(AtLeft(name, widths.name + kGap), AtRight(size, widths.size), " ");
  };
  std::string headings = front(map.name_heading, map.size_heading);
  for (size_t i = 0; i < shown; ++i) {
    headings += AtRight(map.headings[i], widths.cell);
  }
  print(std::move(headings));
  for (const HeatRow& row : map.rows) {
    std::string line = front(row.name, row.size);
    for (size_t i = 0; i < std::min(shown, row.cells.size()); ++i) {
      line += CellText(row.cells[i], widths.cell, shading);
    }
    print(std::move(line));
  }
}

std::string HeatSample(int level, HeatShading shading) {
  return shading == HeatShading::kBlocks ? std::string(kBlocks[level])
                                         : absl::StrCat(kColors[level], "  ", kPlain);
}

}  // namespace emptychair
