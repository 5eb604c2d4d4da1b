// A table whose cells are shaded by their numbers, on pages.
#ifndef EMPTYCHAIR_TOOLS_CHAIRCTL_PAGE_HEAT_TABLE_H_
#define EMPTYCHAIR_TOOLS_CHAIRCTL_PAGE_HEAT_TABLE_H_

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "tools/chairctl/base/markup.h"
#include "tools/chairctl/page/html_page.h"

namespace emptychair {

// A cell of a heat table.
struct HeatTableCell {
  HtmlCell number;
  // How dark it is, from 0 to 1, which higher ones are taken for; nothing for no shade.
  std::optional<double> heat;
  // All that is known of the cell, in words: shown while the mouse is over it or the keyboard on
  // it, and read by screen readers.
  std::string detail;
};

// Rows can have different lengths. A link in front of the table leads behind it, past its cells.
class HeatTable {
 public:
  // `caption` says what it shows. `id` tells the heat tables of a page apart: letters and digits.
  HeatTable(absl::string_view caption, absl::string_view id) : caption_(caption), id_(id) {}

  // The headings of the row's name and size, then those of cells.
  void SetHeadings(std::vector<std::string> headings) { headings_ = std::move(headings); }
  void AddRow(absl::string_view name, HtmlCell size, std::vector<HeatTableCell> cells);

  Markup Render() const;

 private:
  struct Row {
    std::string name;
    HtmlCell size;
    std::vector<HeatTableCell> cells;
  };

  std::string caption_;
  std::string id_;
  std::vector<std::string> headings_;
  std::vector<Row> rows_;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_TOOLS_CHAIRCTL_PAGE_HEAT_TABLE_H_
