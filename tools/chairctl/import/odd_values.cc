#include "tools/chairctl/import/odd_values.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/errors.h"
#include "tools/chairctl/base/amount_text.h"
#include "tools/chairctl/rows/text_values.h"

namespace emptychair {
namespace {

// Rows with a score or an amount of which something is said at all.
constexpr int64_t kRowsMin = 20;

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
  if (has_own_id) {
    AddId("external_id", feedback.external_id());
  }
  AddText("customer_id", feedback.customer_id(), true);
  AddLabels(feedback.labels());
}

void OddValues::Add(const v1::Activity& activity, bool has_own_id) {
  if (has_own_id) {
    AddId("activity_id", activity.activity_id());
  }
  AddText("customer_id", activity.customer_id(), true);
  AddLabels(activity.labels());
  if (activity.has_amount()) {
    constexpr int32_t kThousandth = 1'000'000;
    const int32_t nanos = activity.amount().nanos();
    ++amounts_;
    if (nanos % kThousandth == 0 && nanos / kThousandth % 10 != 0) {
      Count(AmountDigits(activity.amount()), thousands_);
    }
  }
}

void OddValues::AddId(const std::string& field, const std::string& id) {
  AddText(field, id, true);
  if (!id.empty()) {
    id_field_ = field;
    ++ids_[id];
  }
}

void OddValues::AddLabels(const google::protobuf::Map<std::string, std::string>& labels) {
  for (const auto& [key, value] : labels) {
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
  if (scores_ >= kRowsMin && 2 * score_max_ <= scale.min() + scale.max()) {
    odd.push_back(absl::StrCat("scores are ", score_min_, "..", score_max_, " on a scale of ",
                               scale.min(), "..", scale.max()));
  }
  // Some of a file's numbers of thousands end with a zero.
  if (amounts_ >= kRowsMin && 2 * thousands_.first > amounts_) {
    odd.push_back(absl::StrCat("amounts have three digits behind the point in ",
                               Rows(thousands_.first),
                               ", as thousands have: ", Quoted(thousands_.second)));
  }
  for (const auto& [field, found] : rounded_) {
    odd.push_back(absl::StrCat(field, " was rounded by a spreadsheet in ", Rows(found.first), ": ",
                               Quoted(found.second)));
  }
  const auto is_repeated = [](const auto& id) { return id.second > 1; };
  const auto repeated = std::find_if(ids_.begin(), ids_.end(), is_repeated);
  if (repeated != ids_.end()) {
    odd.push_back(absl::StrCat(std::count_if(ids_.begin(), ids_.end(), is_repeated), " ", id_field_,
                               " more than once, for example ", Quoted(repeated->first), " in ",
                               Rows(repeated->second)));
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
