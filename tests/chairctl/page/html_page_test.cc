#include "tools/chairctl/page/html_page.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/chairctl/harness/html_query.h"

namespace emptychair {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(EscapeHtml, LeavesNothingThatIsMarkup) {
  const struct {
    const char* text;
    const char* html;
  } cases[] = {
      {"", ""},
      {"plain", "plain"},
      {"a & b", "a &amp; b"},
      {"&lt;", "&amp;lt;"},
      {"<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"},
      {"\"quoted' onload=x", "&quot;quoted&#39; onload=x"},
      {"grün 🙂 عربي", "grün 🙂 عربي"},
      {"two\nlines\x1b[31m", "two\\nlines\\x1b[31m"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(EscapeHtml(c.text), c.html);
  }
  EXPECT_EQ(EscapeHtml(absl::string_view("a\0b", 3)), "a\\x00b");
}

TEST(DataText, KeepsItsDirectionToItself) {
  EXPECT_EQ(DataText("<\u202eעברית").html, "<bdi>&lt;\u202eעברית</bdi>");
}

TEST(HtmlTable, NamesItsRowsAndKeepsTheDigitsOfNumbers) {
  HtmlTable table("All \"numbers\"");
  table.AddColumn("group", HtmlTable::Align::kLeft);
  table.AddColumn("NPS", HtmlTable::Align::kRight);
  table.AddColumn("answers", HtmlTable::Align::kRight);
  table.AddRow({TextCell("<b>"), NumberCell(true, -1.0 / 3), CountCell(false, 0)});
  const std::string html = table.Render().html;
  EXPECT_EQ(MarkupError(html), "");
  EXPECT_THAT(html,
              AllOf(HasSubstr("<th scope=\"row\"><bdi>&lt;b&gt;</bdi></th>"),
                    HasSubstr("<td class=\"n\" data-value=\"-0.33333333333333331\">−0.33</td>"),
                    HasSubstr("<td class=\"n\"><bdi>–</bdi></td>"),
                    HasSubstr("aria-label=\"All &quot;numbers&quot;\""),
                    HasSubstr("<th scope=\"col\" class=\"n\"><bdi>NPS</bdi></th>")));
}

TEST(HtmlTable, HasNoHeadingThatSaysNothing) {
  HtmlTable table("t");
  for (const char* heading : {"", " ", "n"}) {
    table.AddColumn(heading, HtmlTable::Align::kRight);
  }
  for (const char* name : {"", "\t ", "<"}) {
    table.AddRow({TextCell(name), CountCell(1), CountCell(2)});
  }
  const std::string html = table.Render().html;
  EXPECT_EQ(MarkupError(html), "");
  EXPECT_THAT(html, AllOf(HasSubstr("<tr><td class=\"n\"><bdi></bdi></td><td class=\"n\">"
                                    "<bdi> </bdi></td><th scope=\"col\" class=\"n\">"),
                          HasSubstr("<tr><td class=\"n\"><bdi></bdi></td><td"),
                          HasSubstr("<tr><th scope=\"row\" class=\"n\"><bdi>&lt;</bdi></th>")));
}

TEST(HtmlPage, StandsAloneAndSaysWhenItWasMade) {
  HtmlPage page("<title> & co");
  page.Add(Heading("\"one\""));
  page.Add(Paragraph("a < b"));
  page.Add(FactList({{"survey", DataText("nps")}, {"answers", CountMarkup(12)}}));
  page.Add({KeyNumber{"change", NumberMarkup("−6.2", "-6.2241025"), "−15.4 … 3.4", ""}});
  const std::string html =
      page.Render(absl::FromUnixSeconds(1'706'700'000) + absl::Milliseconds(5));
  EXPECT_EQ(MarkupError(html), "");
  EXPECT_THAT(html, HasSubstr("<!DOCTYPE html>"));
  // All that is neither heading nor footer is in the one landmark of what matters.
  EXPECT_THAT(html, HasSubstr("</h1></header>\n<main>\n<h2>"));
  EXPECT_THAT(html, HasSubstr("</main>\n<footer>"));
  EXPECT_THAT(html, HasSubstr("<meta charset=\"utf-8\">"));
  EXPECT_THAT(html, HasSubstr("<title>&lt;title&gt; &amp; co</title>"));
  EXPECT_THAT(html, HasSubstr("prefers-color-scheme: dark"));
  EXPECT_THAT(html, HasSubstr("@media print"));
  EXPECT_THAT(html, HasSubstr("default-src 'none'"));
  EXPECT_THAT(html, HasSubstr("Made 2024-01-31T11:20:00Z by chairctl"));
  EXPECT_THAT(html, Not(HasSubstr("<script")));
  EXPECT_THAT(html, Not(HasSubstr("http:")));
  EXPECT_THAT(html, Not(HasSubstr("https:")));
  EXPECT_THAT(html, Not(HasSubstr("url(")));
  EXPECT_THAT(DataValuesOf(html), ::testing::ElementsAre("-6.2241025", "12"));
}

}  // namespace
}  // namespace emptychair
