#include "tools/chairctl/page/heat_table.h"

#include <algorithm>
#include <cstddef>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace emptychair {
namespace {

std::string DataValue(const HtmlCell& cell) {
  return cell.data_value.empty()
             ? ""
             : absl::StrCat(" data-value=\"", EscapeHtml(cell.data_value), "\"");
}

// The keyboard gets to each cell, so that its words are not for the mouse alone.
std::string CellHtml(const HeatTableCell& cell) {
  std::string html = "<td class=\"n\"";
  if (cell.heat.has_value()) {
    html = absl::StrFormat("<td class=\"n heat\" style=\"--heat:%.3f\"",
                           std::clamp(*cell.heat, 0.0, 1.0));
  }
  return absl::StrCat(html, " tabindex=\"0\"", DataValue(cell.number), ">",
                      cell.number.content.html, "<span class=\"tip\"> ", DataText(cell.detail).html,
                      "</span></td>");
}

}  // namespace

void HeatTable::AddRow(absl::string_view name, HtmlCell size, std::vector<HeatTableCell> cells) {
  rows_.push_back({std::string(name), std::move(size), std::move(cells)});
}

Markup HeatTable::Render() const {
  std::string html = absl::StrCat(
      "<a class=\"skip\" href=\"#after-", EscapeHtml(id_),
      "\">Skip the cells</a>\n<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"",
      EscapeHtml(caption_), "\"><table class=\"heats\">\n<caption>", DataText(caption_).html,
      "</caption>\n<thead><tr>");
  for (size_t i = 0; i < headings_.size(); ++i) {
    absl::StrAppend(&html, "<th scope=\"col\"", i == 0 ? "" : " class=\"n\"", ">",
                    DataText(headings_[i]).html, "</th>");
  }
  absl::StrAppend(&html, "</tr></thead>\n<tbody>\n");
  for (const Row& row : rows_) {
    absl::StrAppend(&html, "<tr><th scope=\"row\">", DataText(row.name).html,
                    "</th><td class=\"n\"", DataValue(row.size), ">", row.size.content.html,
                    "</td>");
    for (const HeatTableCell& cell : row.cells) {
      absl::StrAppend(&html, CellHtml(cell));
    }
    absl::StrAppend(&html, "</tr>\n");
  }
  return {absl::StrCat(html, "</tbody>\n</table></div>\n<span id=\"after-", EscapeHtml(id_),
                       "\" tabindex=\"-1\"></span>\n")};
}

}  // namespace emptychair
