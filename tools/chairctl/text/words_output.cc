#include "tools/chairctl/text/words_output.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "tools/chairctl/base/enum_flag.h"
#include "tools/chairctl/base/output.h"
#include "tools/chairctl/plot/interval_axis.h"
#include "tools/chairctl/text/interval_text.h"
#include "tools/chairctl/text/metric_marks.h"
#include "tools/chairctl/text/metric_text.h"

namespace emptychair {
namespace {

// The method that splits a survey's answers when none is asked for.
v1::MetricMethod DefaultMethod(v1::SurveyKind kind) {
  switch (kind) {
    case v1::SURVEY_KIND_NPS:
      return v1::METRIC_METHOD_NET_PROMOTER;
    case v1::SURVEY_KIND_CES:
      return v1::METRIC_METHOD_AGREE;
    default:
      return v1::METRIC_METHOD_TOP_BOX;
  }
}

WordSide Users(absl::string_view name, absl::string_view users) {
  return {std::string(name), absl::StrCat(users, " use more")};
}

std::string SideText(const v1::QueryMetricRequest& side, const std::string& time_zone,
                     bool names_surveys) {
  v1::MethodInfo info;
  info.set_time_zone(time_zone);
  return SelectionText(side, info, names_surveys);
}

Table TableOf(const std::vector<const v1::WordComparison*>& words,
              const v1::CompareWordsResponse& response, const WordSides& sides, double z_max,
              int bar_width) {
  Table table;
  table.AddColumn("word", Table::Align::kLeft);
  for (const std::string& heading : {sides.base.name, std::string("%"), sides.candidate.name,
                                     std::string("%"), std::string("z"), std::string("q")}) {
    table.AddColumn(heading, Table::Align::kRight);
  }
  if (bar_width > 0) {
    table.AddColumn("", Table::Align::kLeft);
  }
  for (const v1::WordComparison* word : words) {
    std::vector<std::string> cells = {
        word->word(),
        absl::StrCat(word->base_count()),
        RoundedNumber(PercentOf(word->base_count(), response.base_comments())),
        absl::StrCat(word->candidate_count()),
        RoundedNumber(PercentOf(word->candidate_count(), response.candidate_comments())),
        RoundedNumber(word->z()),
        absl::StrFormat("%.3g", word->q_value())};
    if (bar_width > 0) {
      cells.push_back(PlainBar(std::abs(word->z()) / z_max, bar_width));
    }
    table.AddRow(std::move(cells));
  }
  return table;
}

}  // namespace

WordSides SidesOf(const v1::CompareWordsRequest& request, const v1::Survey& base,
                  const v1::Survey& candidate) {
  WordSides sides{{"base", "more in the base"},
                  {"candidate", "more in the candidate"},
                  base.time_zone(),
                  candidate.time_zone()};
  if (!request.by_class()) {
    return sides;
  }
  const v1::MetricMethod asked = request.base().method();
  switch (asked == v1::METRIC_METHOD_UNSPECIFIED ? DefaultMethod(base.kind()) : asked) {
    case v1::METRIC_METHOD_NET_PROMOTER:
      sides.base = Users("detractors", "detractors");
      sides.candidate = Users("promoters", "promoters");
      break;
    case v1::METRIC_METHOD_NET:
      sides.base = Users("found it hard", "those who found it hard");
      sides.candidate = Users("found it easy", "those who found it easy");
      break;
    case v1::METRIC_METHOD_AGREE:
      sides.base = Users("others", "the others");
      sides.candidate = Users("found it easy", "those who found it easy");
      break;
    default:
      sides.base = Users("others", "the others");
      sides.candidate = Users("satisfied", "the satisfied");
  }
  return sides;
}

std::string WordsSurveys(const v1::CompareWordsRequest& request) {
  return SurveysText(request.base(), request.by_class() ? request.base() : request.candidate());
}

std::vector<std::pair<std::string, std::string>> WordsQuestion(
    const v1::CompareWordsRequest& request, const WordSides& sides) {
  const bool names_surveys = !SameSurveys(request.base(), request.candidate());
  std::vector<std::pair<std::string, std::string>> question;
  if (request.by_class()) {
    question.emplace_back("window", SideText(request.base(), sides.base_time_zone, false));
  } else {
    question.emplace_back("base", SideText(request.base(), sides.base_time_zone, names_surveys));
    question.emplace_back("candidate",
                          SideText(request.candidate(), sides.candidate_time_zone, names_surveys));
  }
  if (request.base().respondent_rule() != v1::RESPONDENT_RULE_UNSPECIFIED) {
    question.emplace_back("respondents", EnumFlag(request.base().respondent_rule()));
  }
  return question;
}

std::vector<const v1::WordComparison*> WordsOf(const v1::CompareWordsResponse& response,
                                               bool candidate) {
  std::vector<const v1::WordComparison*> words;
  for (const v1::WordComparison& word : response.words()) {
    if ((word.z() > 0) == candidate) {
      words.push_back(&word);
    }
  }
  return words;
}

std::string WordTestsText(const v1::CompareWordsResponse& response) {
  // Words have no verdict, and no confidence is asked for.
  constexpr double kConfidence = 0.95;
  return ManyTestsText(response.tests(), kConfidence, "words", "those with q up to 0.05");
}

void PrintWordsCsv(const v1::CompareWordsResponse& response, CsvWriter& csv) {
  csv.Write({"word", "base_count", "base_share", "candidate_count", "candidate_share", "log_odds",
             "z", "p_value", "q_value"});
  for (const v1::WordComparison& word : response.words()) {
    csv.Write({word.word(), CountOrEmpty(true, word.base_count()),
               ExactOrEmpty(true, PercentOf(word.base_count(), response.base_comments())),
               CountOrEmpty(true, word.candidate_count()),
               ExactOrEmpty(true, PercentOf(word.candidate_count(), response.candidate_comments())),
               ExactOrEmpty(true, word.log_odds()), ExactOrEmpty(true, word.z()),
               ExactOrEmpty(true, word.p_value()), ExactOrEmpty(true, word.q_value())});
  }
}

void PrintWordsTable(const v1::CompareWordsRequest& request,
                     const v1::CompareWordsResponse& response, const WordSides& sides, int columns,
                     std::ostream& out) {
  out << WordsSurveys(request) << ": words\n";
  for (const auto& [name, text] : WordsQuestion(request, sides)) {
    out << name << ": " << Printable(text) << "\n";
  }
  out << "comments: " << sides.base.name << " " << response.base_comments() << ", "
      << sides.candidate.name << " " << response.candidate_comments() << "\n";
  out << kWordRuleText << "\n";
  if (const std::string tests = WordTestsText(response); !tests.empty()) {
    out << tests << "\n";
  }
  double z_max = 0;
  for (const v1::WordComparison& word : response.words()) {
    z_max = std::max(z_max, std::abs(word.z()));
  }
  for (const bool candidate : {true, false}) {
    out << "\n" << (candidate ? sides.candidate : sides.base).heading << "\n";
    const std::vector<const v1::WordComparison*> words = WordsOf(response, candidate);
    if (words.empty()) {
      out << "no word\n";
      continue;
    }
    const Table table = TableOf(words, response, sides, z_max, 0);
    const int room = std::min(columns - static_cast<int>(table.Width()) - 2, kBarWidthMax);
    if (room < kBarWidthMin || z_max <= 0) {
      table.Print(out);
    } else {
      TableOf(words, response, sides, z_max, room).Print(out);
    }
  }
}

}  // namespace emptychair
