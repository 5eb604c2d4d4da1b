#include "tools/chairctl/page/html_page.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "common/base/version.h"
#include "tools/chairctl/base/output.h"
#include "tools/chairctl/base/written_time.h"
#include "tools/chairctl/page/html_style.h"

namespace emptychair {
namespace {

// Longer texts may be wrapped in their cell.
constexpr size_t kLongText = 40;
// More key numbers are made smaller.
constexpr size_t kKeysInARow = 3;

std::string Element(absl::string_view name, absl::string_view css_class,
                    absl::string_view content) {
  return absl::StrCat("<", name, " class=\"", css_class, "\">", content, "</", name, ">\n");
}

// Whether markup shows anything but blanks: a screen reader says nothing of a heading that does
// not.
bool HasText(absl::string_view html) {
  bool in_tag = false;
  for (const char c : html) {
    in_tag = (in_tag || c == '<') && c != '>';
    if (!in_tag && c != '>' && !absl::ascii_isspace(static_cast<unsigned char>(c))) {
      return true;
    }
  }
  return false;
}

// The start, still open for attributes, and the end of a cell around `html`: the heading of its
// column or row, as `scope` says, where there is one and the cell has a text.
std::string OpeningTag(absl::string_view html, absl::string_view scope) {
  return !scope.empty() && HasText(html) ? absl::StrCat("<th scope=\"", scope, "\"") : "<td";
}

absl::string_view ClosingTag(absl::string_view html, absl::string_view scope) {
  return !scope.empty() && HasText(html) ? "</th>" : "</td>";
}

// With the minus sign of other numbers.
std::string CountText(int64_t count) {
  return absl::StrReplaceAll(absl::StrCat(count), {{"-", "−"}});
}

}  // namespace

Markup NumberMarkup(absl::string_view shown, absl::string_view exact) {
  return {
      absl::StrCat("<span data-value=\"", EscapeHtml(exact), "\">", EscapeHtml(shown), "</span>")};
}

Markup CountMarkup(int64_t count) { return NumberMarkup(absl::StrCat(count), absl::StrCat(count)); }

Markup Paragraph(absl::string_view text) {
  return {absl::StrCat("<p>", DataText(text).html, "</p>\n")};
}

Markup Heading(absl::string_view text) {
  return {absl::StrCat("<h2>", DataText(text).html, "</h2>\n")};
}

HtmlCell TextCell(absl::string_view text) { return {DataText(text), ""}; }

HtmlCell NumberCell(absl::string_view shown, absl::string_view exact) {
  return {{EscapeHtml(shown)}, std::string(exact)};
}

HtmlCell NumberCell(bool present, double number) {
  return present ? NumberCell(NumberText(number, 2), JsonNumber(number)) : TextCell(kAbsent);
}

HtmlCell CountCell(int64_t count) { return NumberCell(CountText(count), absl::StrCat(count)); }

HtmlCell CountCell(bool present, int64_t count) {
  return present ? CountCell(count) : TextCell(kAbsent);
}

void HtmlTable::AddColumn(absl::string_view heading, Align align) {
  columns_.push_back({std::string(heading), align});
}

void HtmlTable::AddRow(std::vector<HtmlCell> cells) { rows_.push_back(std::move(cells)); }

Markup HtmlTable::Render() const {
  const auto css_class = [this](size_t column) {
    return columns_[column].align == Align::kRight ? " class=\"n\"" : "";
  };
  // Can be scrolled by keys, too.
  std::string html = absl::StrCat(
      "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"", EscapeHtml(caption_),
      "\"><table>\n<caption>", DataText(caption_).html, "</caption>\n<thead><tr>");
  for (size_t i = 0; i < columns_.size(); ++i) {
    const std::string heading = DataText(columns_[i].heading).html;
    absl::StrAppend(&html, OpeningTag(heading, "col"), css_class(i), ">", heading,
                    ClosingTag(heading, "col"));
  }
  absl::StrAppend(&html, "</tr></thead>\n<tbody>\n");
  for (const std::vector<HtmlCell>& row : rows_) {
    absl::StrAppend(&html, "<tr>");
    for (size_t i = 0; i < row.size(); ++i) {
      const bool is_long = i > 0 && row[i].content.html.size() > kLongText &&
                           columns_[i].align == Align::kLeft && row[i].data_value.empty();
      const absl::string_view scope = i == 0 ? "row" : "";
      absl::StrAppend(&html, OpeningTag(row[i].content.html, scope),
                      is_long ? " class=\"long\"" : css_class(i));
      if (!row[i].data_value.empty()) {
        absl::StrAppend(&html, " data-value=\"", EscapeHtml(row[i].data_value), "\"");
      }
      absl::StrAppend(&html, ">", row[i].content.html, ClosingTag(row[i].content.html, scope));
    }
    absl::StrAppend(&html, "</tr>\n");
  }
  return {absl::StrCat(html, "</tbody>\n</table></div>\n")};
}

Markup FactList(const std::vector<Fact>& facts) {
  std::string html = "<dl>\n";
  for (const auto& [name, value] : facts) {
    absl::StrAppend(&html, "<dt>", EscapeHtml(name), "</dt><dd>", value.html, "</dd>\n");
  }
  return {absl::StrCat(html, "</dl>\n")};
}

void HtmlPage::Add(const std::vector<KeyNumber>& key_numbers) {
  std::string html;
  for (const KeyNumber& key : key_numbers) {
    const auto line = [](absl::string_view css_class, const std::string& text) {
      return text.empty() ? "" : Element("div", css_class, DataText(text).html);
    };
    absl::StrAppend(
        &html, Element("div", "key",
                       absl::StrCat(line("caption", key.caption),
                                    Element("div", "number", key.number.html),
                                    line("bounds", key.bounds), line("meaning", key.meaning))));
  }
  Add(Markup{Element("div", key_numbers.size() > kKeysInARow ? "keys many" : "keys", html)});
}

std::string HtmlPage::Render(absl::Time made) const {
  return absl::StrCat(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      // Says to browsers, too, that nothing is run and nothing fetched.
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
      "'unsafe-inline'\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>",
      EscapeHtml(title_), "</title>\n<style>", kPageStyle,
      "</style>\n</head>\n<body>\n<header><h1>", DataText(title_).html, "</h1></header>\n<main>\n",
      body_, "</main>\n<footer>Made ",
      FormatInstant(absl::FromUnixSeconds(absl::ToUnixSeconds(made)), absl::UTCTimeZone()),
      " by chairctl ", kVersion, ".</footer>\n</body>\n</html>\n");
}

}  // namespace emptychair
