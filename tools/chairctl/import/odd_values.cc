#include "tools/chairctl/import/odd_values.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/errors.h"
#include "tools/chairctl/import/text_values.h"

namespace emptychair {
namespace {

constexpr int64_t kScoresMin = 20;

// Often written where there is nothing, in any case.
constexpr absl::string_view kEmptyTexts[] = {"null", "\\n", "n/a",      "#n/a",
                                             "none", "nan", "undefined"};

bool LooksEmpty(absl::string_view text) {
  return std::any_of(
      std::begin(kEmptyTexts), std::end(kEmptyTexts),
      [text](absl::string_view empty) { return absl::EqualsIgnoreCase(text, empty); });
}

// `1.23457E+17`, as spreadsheets write long numbers.
bool LooksRounded(absl::string_view text) {
  const size_t exponent = text.find_first_of("eE");
  double number = 0;
  return exponent != absl::string_view::npos && exponent + 1 < text.size() &&
         text[exponent + 1] == '+' && absl::ascii_isdigit(static_cast<unsigned char>(text[0])) &&
         absl::SimpleAtod(text, &number);
}

std::string Rows(int64_t count) { return absl::StrCat(count, count == 1 ? " row" : " rows"); }

void Count(const std::string& text, std::pair<int64_t, std::string>& found) {
  if (found.first++ == 0) {
    found.second = text;
  }
}

// A word of a shell's command line.
std::string ShellWord(const std::string& text) {
  const bool is_plain = std::all_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '/' || c == '.' || c == '-';
  });
  return is_plain ? text : absl::StrCat("'", text, "'");
}

}  // namespace

void OddValues::AddText(const std::string& field, const std::string& text, bool is_id) {
  if (text.empty()) {
    return;
  }
  if (LooksEmpty(text)) {
    ++empty_[{field, text}];
  }
  if (is_id && LooksRounded(text)) {
    Count(text, rounded_[field]);
  }
  if (is_id && text.front() == '\'') {
    Count(text, apostrophes_[field]);
  }
}

void OddValues::Add(const v1::Feedback& feedback, bool has_own_id) {
  if (feedback.has_score()) {
    score_min_ = scores_ == 0 ? feedback.score() : std::min(score_min_, feedback.score());
    score_max_ = scores_ == 0 ? feedback.score() : std::max(score_max_, feedback.score());
    ++scores_;
  }
  if (has_own_id && !feedback.external_id().empty()) {
    AddText("external_id", feedback.external_id(), true);
    ++ids_[feedback.external_id()];
  }
  AddText("customer_id", feedback.customer_id(), true);
  for (const auto& [key, value] : feedback.labels()) {
    AddText("label." + key, value, false);
    if (std::find(survey_.dimensions().begin(), survey_.dimensions().end(), key) !=
        survey_.dimensions().end()) {
      spellings_[key][Folded(value)].insert(value);
    }
  }
}

std::vector<std::string> OddValues::Sentences() const {
  std::vector<std::string> odd;
  const v1::Scale& scale = survey_.scale();
  // None in the upper half: doubled, so that the middle of a scale is a whole number.
  if (scores_ >= kScoresMin && 2 * score_max_ <= scale.min() + scale.max()) {
    odd.push_back(absl::StrCat("scores are ", score_min_, "..", score_max_, " on a scale of ",
                               scale.min(), "..", scale.max()));
  }
  for (const auto& [field, found] : rounded_) {
    odd.push_back(absl::StrCat(field, " was rounded by a spreadsheet in ", Rows(found.first), ": ",
                               Quoted(found.second)));
  }
  const auto is_repeated = [](const auto& id) { return id.second > 1; };
  const auto repeated = std::find_if(ids_.begin(), ids_.end(), is_repeated);
  if (repeated != ids_.end()) {
    odd.push_back(absl::StrCat(std::count_if(ids_.begin(), ids_.end(), is_repeated),
                               " external_id more than once, for example ", Quoted(repeated->first),
                               " in ", Rows(repeated->second)));
  }
  for (const auto& [subject, count] : empty_) {
    odd.push_back(absl::StrCat(subject.first, " looks empty in ", Rows(count), ": ",
                               Quoted(subject.second), " (--blank ", ShellWord(subject.second),
                               ")"));
  }
  for (const auto& [field, found] : apostrophes_) {
    odd.push_back(absl::StrCat(field, " begins with an apostrophe in ", Rows(found.first), ": ",
                               Quoted(found.second)));
  }
  for (const auto& [dimension, values] : spellings_) {
    for (const auto& [folded, spellings] : values) {
      if (spellings.size() > 1) {
        odd.push_back(absl::StrCat(
            "label.", dimension, " has values that differ by case alone: ",
            absl::StrJoin(spellings, ", ", [](std::string* out, const std::string& value) {
              absl::StrAppend(out, Quoted(value));
            })));
      }
    }
  }
  return odd;
}

}  // namespace emptychair
