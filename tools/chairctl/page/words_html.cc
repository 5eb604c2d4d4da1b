#include "tools/chairctl/page/words_html.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "tools/chairctl/base/enum_flag.h"
#include "tools/chairctl/base/output.h"
#include "tools/chairctl/page/metric_html_parts.h"
#include "tools/chairctl/text/metric_marks.h"

namespace emptychair {
namespace {

// Words drawn of a side; each has two rows.
constexpr size_t kWordsDrawnMax = 25;

PlotRow RowOf(absl::string_view name, int64_t count, int64_t comments, RowMark shape) {
  const double percent = PercentOf(count, comments);
  return {std::string(name),
          absl::StrCat(NumberText(percent, 1), " %, ", count),
          {.value = percent},
          shape};
}

std::vector<PlotRow> RowsOf(const std::vector<const v1::WordComparison*>& words,
                            const v1::CompareWordsResponse& response, const WordSides& sides) {
  std::vector<PlotRow> rows;
  for (size_t i = 0; i < std::min(words.size(), kWordsDrawnMax); ++i) {
    const v1::WordComparison& word = *words[i];
    rows.push_back(RowOf(sides.candidate.name, word.candidate_count(),
                         response.candidate_comments(), RowMark::kBar));
    rows.back().group = word.word();
    rows.push_back(
        RowOf(sides.base.name, word.base_count(), response.base_comments(), RowMark::kOpenBar));
  }
  return rows;
}

Markup TableOf(absl::string_view caption, const std::vector<const v1::WordComparison*>& words,
               const v1::CompareWordsResponse& response, const WordSides& sides) {
  HtmlTable table(caption);
  table.AddColumn("word", HtmlTable::Align::kLeft);
  for (const std::string& heading :
       {sides.base.name, sides.base.name + " %", sides.candidate.name, sides.candidate.name + " %",
        std::string("log odds"), std::string("z"), std::string("p"), std::string("q")}) {
    table.AddColumn(heading, HtmlTable::Align::kRight);
  }
  for (const v1::WordComparison* word : words) {
    table.AddRow(
        {TextCell(word->word()), CountCell(word->base_count()),
         NumberCell(true, PercentOf(word->base_count(), response.base_comments())),
         CountCell(word->candidate_count()),
         NumberCell(true, PercentOf(word->candidate_count(), response.candidate_comments())),
         NumberCell(true, word->log_odds()), NumberCell(true, word->z()),
         PValueCell(true, word->p_value()), PValueCell(true, word->q_value())});
  }
  return table.Render();
}

Markup QuestionOf(const v1::CompareWordsRequest& request, const WordSides& sides) {
  std::vector<Fact> facts = {{"survey", DataText(WordsSurveys(request))}};
  for (const auto& [name, text] : WordsQuestion(request, sides)) {
    facts.emplace_back(name, DataText(text));
  }
  return FactList(facts);
}

}  // namespace

HtmlPage WordsPage(const v1::CompareWordsRequest& request, const v1::CompareWordsResponse& response,
                   const WordSides& sides) {
  HtmlPage page(absl::StrCat("Words of ", sides.candidate.name, " and ", sides.base.name, ": ",
                             WordsSurveys(request)));
  page.Add(QuestionOf(request, sides));
  const auto comments = [](const WordSide& side, int64_t count) {
    return KeyNumber{.caption = side.name,
                     .number = CountMarkup(count),
                     .bounds = count == 1 ? "comment" : "comments"};
  };
  page.Add({comments(sides.candidate, response.candidate_comments()),
            comments(sides.base, response.base_comments())});
  const std::vector<const v1::WordComparison*> words[] = {WordsOf(response, true),
                                                          WordsOf(response, false)};
  const WordSide* const users[] = {&sides.candidate, &sides.base};
  std::vector<PlotRow> rows[2];
  std::vector<IntervalMark> marks;
  for (int i = 0; i < 2; ++i) {
    rows[i] = RowsOf(words[i], response, sides);
    for (const PlotRow& row : rows[i]) {
      marks.push_back(row.mark);
    }
  }
  const TickedAxis axis = AxisFor(marks, true);
  page.Add(Markup{"<div class=\"columns\">\n"});
  for (int i = 0; i < 2; ++i) {
    page.Add(Markup{"<section>\n"});
    page.Add(Heading(users[i]->heading));
    page.Add(rows[i].empty()
                 ? Paragraph("No word.")
                 : RowPlot("percent of the comments that have the word", rows[i], axis));
    if (words[i].size() > kWordsDrawnMax) {
      page.Add(Paragraph(absl::StrCat("Drawn are the first ", kWordsDrawnMax, " of ",
                                      words[i].size(), "; the table has all.")));
    }
    page.Add(Markup{"</section>\n"});
  }
  page.Add(Markup{"</div>\n"});
  for (int i = 0; i < 2; ++i) {
    page.Add(TableOf(users[i]->heading, words[i], response, sides));
  }
  page.Add(Paragraph(kWordRuleText));
  page.Add(OptionalParagraph(WordTestsText(response)));
  page.Add(Paragraph(
      "z is the difference in standard errors, p how often chance alone takes a word that was "
      "chosen beforehand as far, q the same for the number of words that were tested."));
  page.Add(Details({CountFact("words tested", response.tests()),
                    CountFact("sequence of the store", response.sequence()),
                    CountFact("records scanned", response.records_scanned())}));
  return page;
}

}  // namespace emptychair
