// Pages that stand alone: one file without scripts, nothing to fetch, for light and dark screens
// and for paper.
#ifndef EMPTYCHAIR_TOOLS_CHAIRCTL_PAGE_HTML_PAGE_H_
#define EMPTYCHAIR_TOOLS_CHAIRCTL_PAGE_HTML_PAGE_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "tools/chairctl/base/markup.h"

namespace emptychair {

// A number as people read it, with `exact`, the digits of JSON, as its data-value.
Markup NumberMarkup(absl::string_view shown, absl::string_view exact);
Markup CountMarkup(int64_t count);

// `text`, which is words and names from data, as a paragraph.
Markup Paragraph(absl::string_view text);
// The same as a heading below the page's own.
Markup Heading(absl::string_view text);

// A cell of a table.
struct HtmlCell {
  Markup content;
  // The digits of JSON; empty for no number.
  std::string data_value;
};

HtmlCell TextCell(absl::string_view text);
HtmlCell NumberCell(absl::string_view shown, absl::string_view exact);
// A rounded number, or a dash when it is absent.
HtmlCell NumberCell(bool present, double number);
HtmlCell CountCell(int64_t count);
// A dash when it is absent.
HtmlCell CountCell(bool present, int64_t count);

// A table that scrolls by itself where it is wider than the screen.
class HtmlTable {
 public:
  enum class Align { kLeft, kRight };

  // `caption` says what it shows.
  explicit HtmlTable(absl::string_view caption) : caption_(caption) {}

  void AddColumn(absl::string_view heading, Align align);
  // `cells` has one for each column; the first names the row.
  void AddRow(std::vector<HtmlCell> cells);

  Markup Render() const;

 private:
  struct Column {
    std::string heading;
    Align align;
  };

  std::string caption_;
  std::vector<Column> columns_;
  std::vector<std::vector<HtmlCell>> rows_;
};

// A name and what it stands for.
using Fact = std::pair<std::string, Markup>;

// Facts one below the other.
Markup FactList(const std::vector<Fact>& facts);

// A number to be seen first: `caption` above, the number large, what bounds it and what it means
// below.
struct KeyNumber {
  std::string caption;
  Markup number;
  std::string bounds;
  std::string meaning;
};

// A page, written from top to bottom. Not thread-safe.
class HtmlPage {
 public:
  explicit HtmlPage(absl::string_view title) : title_(title) {}

  const std::string& title() const { return title_; }
  void Add(const Markup& part) { body_ += part.html; }
  void Add(const std::vector<KeyNumber>& key_numbers);

  // The whole document, which says that it was made at `made`.
  std::string Render(absl::Time made) const;

 private:
  std::string title_;
  std::string body_;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_TOOLS_CHAIRCTL_PAGE_HTML_PAGE_H_
