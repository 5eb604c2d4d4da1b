// A table of numbers whose cells are shaded by what they are, for terminals.
#ifndef EMPTYCHAIR_TOOLS_CHAIRCTL_PLOT_HEAT_MAP_H_
#define EMPTYCHAIR_TOOLS_CHAIRCTL_PLOT_HEAT_MAP_H_

#include <cstddef>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace emptychair {

// How cells are shaded. Each has its number, whatever the shade.
enum class HeatShading {
  kBlocks,  // a block in front of the number, which needs no colours
  kColors,  // the number on a background of a terminal with 256 colours
};

// How many shades there are above none: 4 blocks, 8 colours.
int HeatLevels(HeatShading shading);

// Returns the shade of `heat`: 0 for none at all, then one for each part of 0 to 1, of `levels`
// that are as long as each other; more than 1 is 1.
int HeatLevel(double heat, int levels);

// A cell: what is written, and how dark it is, from 0 to 1; nothing for a cell without a number.
struct HeatCell {
  std::string text;
  std::optional<double> heat;
};

// A line of cells behind its name and size; lines can be of different length.
struct HeatRow {
  std::string name;
  std::string size;
  std::vector<HeatCell> cells;
};

// Immutable once it is filled.
struct HeatMap {
  std::string name_heading;
  std::string size_heading;
  // Of the columns of cells: as many as the longest row has cells.
  std::vector<std::string> headings;
  std::vector<HeatRow> rows;

  // How many columns of cells fit into lines of `columns` characters, at least one.
  size_t ColumnsThatFit(int columns) const;
};

// Writes the headings and the rows, without columns that do not fit into `columns` characters.
void PrintHeatMap(const HeatMap& map, int columns, HeatShading shading, std::ostream& out);

// A sample of the shade `level`, which is not 0, for a legend.
std::string HeatSample(int level, HeatShading shading);

}  // namespace emptychair

#endif  // EMPTYCHAIR_TOOLS_CHAIRCTL_PLOT_HEAT_MAP_H_
