// The answer of a comparison of words, for people and as CSV.
#ifndef EMPTYCHAIR_TOOLS_CHAIRCTL_TEXT_WORDS_OUTPUT_H_
#define EMPTYCHAIR_TOOLS_CHAIRCTL_TEXT_WORDS_OUTPUT_H_

#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "emptychair/v1/metrics_service.pb.h"
#include "emptychair/v1/survey_service.pb.h"
#include "tools/chairctl/base/csv_writer.h"

namespace emptychair {

// One side of a comparison of words.
struct WordSide {
  // `base`, `detractors`.
  std::string name;
  // What stands above its words: `more in the base`, `detractors use more`.
  std::string heading;
};

// The parts of the query that the response does not repeat.
struct WordSides {
  WordSide base;
  WordSide candidate;
  // Of the days of each side's window: that of its first survey.
  std::string base_time_zone;
  std::string candidate_time_zone;
};

// The sides of `request`, whose first surveys are `base` and `candidate`. Classes are named by the
// method.
WordSides SidesOf(const v1::CompareWordsRequest& request, const v1::Survey& base,
                  const v1::Survey& candidate);

// The surveys that are asked.
std::string WordsSurveys(const v1::CompareWordsRequest& request);

// Describes the query, a line each with its name: window and conditions, or those of both sides.
std::vector<std::pair<std::string, std::string>> WordsQuestion(
    const v1::CompareWordsRequest& request, const WordSides& sides);

// The words that one side uses more, in the answer's order: those of the candidate or of the base.
std::vector<const v1::WordComparison*> WordsOf(const v1::CompareWordsResponse& response,
                                               bool candidate);

// What the tests of words take of customers who wrote more than once.
inline constexpr absl::string_view kWordRuleText = "Every comment counts as another customer's.";

// How many words were tested, and what that means; empty for fewer than two.
std::string WordTestsText(const v1::CompareWordsResponse& response);

// Writes a line for every word, in the answer's order, exact, behind the header `word,base_count,
// base_share,candidate_count,candidate_share,log_odds,z,p_value,q_value`. Shares are in percent of
// the comments.
void PrintWordsCsv(const v1::CompareWordsResponse& response, CsvWriter& csv);

// Writes a heading that repeats what was asked, how many comments each side has, what the number of
// tests comes to, and a table for each side of the words that it uses more. With `columns` above 0,
// which is the width of a terminal, lines end with a bar as long as z, where there is room.
void PrintWordsTable(const v1::CompareWordsRequest& request,
                     const v1::CompareWordsResponse& response, const WordSides& sides, int columns,
                     std::ostream& out);

}  // namespace emptychair

#endif  // EMPTYCHAIR_TOOLS_CHAIRCTL_TEXT_WORDS_OUTPUT_H_
