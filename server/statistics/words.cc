#include "server/statistics/words.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <utility>

#include "absl/memory/memory.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "unicode/brkiter.h"
#include "unicode/normalizer2.h"
#include "unicode/uchar.h"
#include "unicode/unistr.h"
#include "unicode/utext.h"
#include "unicode/utf8.h"

namespace emptychair::statistics {
namespace {

// Comments that the prior weighs as much as.
constexpr double kPriorComments = 100;

// What is written for an apostrophe: the typographic one and the other single quotes, the letter
// that looks like one, the prime, the fullwidth one, and the accents that stand alone.
constexpr std::array<std::pair<absl::string_view, absl::string_view>, 9> kApostrophes = {
    {{"\u2019", "'"},
     {"\u02BC", "'"},
     {"\u2018", "'"},
     {"\u201B", "'"},
     {"\u2032", "'"},
     {"\uFF07", "'"},
     {"\u00B4", "'"},
     {"`", "'"},
     // Folds to U+02BC and n.
     {"\u0149", "'n"}}};
// The bytes that those begin with.
constexpr absl::string_view kApostropheBytes = "\xE2\xCA\xEF\xC2\xC5`";

bool HasLetter(absl::string_view text) {
  for (size_t i = 0; i < text.size();) {
    UChar32 code_point = 0;
    U8_NEXT_OR_FFFD(text.data(), i, text.size(), code_point);
    if (u_isUAlphabetic(code_point)) {
      return true;
    }
  }
  return false;
}

}  // namespace

WordSplitter::WordSplitter(std::unique_ptr<icu::BreakIterator> boundaries,
                           const icu::Normalizer2* normalizer)
    : boundaries_(std::move(boundaries)), normalizer_(normalizer) {}

absl::StatusOr<std::unique_ptr<WordSplitter>> WordSplitter::Create() {
  UErrorCode status = U_ZERO_ERROR;
  std::unique_ptr<icu::BreakIterator> boundaries(
      icu::BreakIterator::createWordInstance(icu::Locale::getRoot(), status));
  const icu::Normalizer2* const normalizer = icu::Normalizer2::getNFCInstance(status);
  if (U_FAILURE(status)) {
    return absl::InternalError(absl::StrCat("ICU cannot split words: ", u_errorName(status)));
  }
  return absl::WrapUnique(new WordSplitter(std::move(boundaries), normalizer));
}

WordSplitter::~WordSplitter() = default;

void WordSplitter::Split(absl::string_view text, absl::FunctionRef<void(absl::string_view)> visit) {
  // Before the text is split: some of them are letters or symbols to UAX 29.
  if (text.find_first_of(kApostropheBytes) == absl::string_view::npos) {
    SplitPlain(text, visit);
  } else {
    SplitPlain(absl::StrReplaceAll(text, kApostrophes), visit);
  }
}

void WordSplitter::SplitPlain(absl::string_view text,
                              absl::FunctionRef<void(absl::string_view)> visit) {
  UErrorCode status = U_ZERO_ERROR;
  UText utf8 = UTEXT_INITIALIZER;
  utext_openUTF8(&utf8, text.data(), static_cast<int64_t>(text.size()), &status);
  boundaries_->setText(&utf8, status);
  assert(U_SUCCESS(status));
  int32_t start = boundaries_->first();
  for (int32_t end = boundaries_->next(); end != icu::BreakIterator::DONE;
       start = end, end = boundaries_->next()) {
    const absl::string_view piece = text.substr(start, end - start);
    if (HasLetter(piece)) {
      Fold(piece);
      visit(folded_);
    }
  }
  utext_close(&utf8);
}

void WordSplitter::Fold(absl::string_view word) {
  folded_.assign(word.data(), word.size());
  // Which folds as it lowers, and is normal.
  if (std::all_of(word.begin(), word.end(), absl::ascii_isascii)) {
    absl::AsciiStrToLower(&folded_);
    return;
  }
  UErrorCode status = U_ZERO_ERROR;
  const icu::UnicodeString normal = normalizer_->normalize(
      icu::UnicodeString::fromUTF8({word.data(), static_cast<int32_t>(word.size())}).foldCase(),
      status);
  assert(U_SUCCESS(status));
  folded_.clear();
  normal.toUTF8String(folded_);
}

WordContrast ContrastWord(const WordUse& base, const WordUse& candidate) {
  const double prior = kPriorComments * (static_cast<double>(base.count + candidate.count) + 0.5) /
                       (static_cast<double>(base.comments + candidate.comments) + 1);
  WordContrast contrast;
  double variance = 0;
  for (const auto& [use, sign] : {std::pair(candidate, 1.0), std::pair(base, -1.0)}) {
    const double with = static_cast<double>(use.count) + prior;
    const double without = static_cast<double>(use.comments) + kPriorComments - with;
    contrast.log_odds += sign * std::log(with / without);
    variance += 1 / with + 1 / without;
  }
  contrast.z = contrast.log_odds / std::sqrt(variance);
  return contrast;
}

}  // namespace emptychair::statistics
