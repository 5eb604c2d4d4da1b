#include "server/metrics/words.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "absl/strings/ascii.h"
#include "unicode/brkiter.h"
#include "unicode/normalizer2.h"
#include "unicode/ubrk.h"
#include "unicode/unistr.h"
#include "unicode/utext.h"

namespace emptychair::metrics {
namespace {

// Comments that the prior weighs as much as.
constexpr double kPriorComments = 100;

// ICU brings its rules and data with it: without them it does not work at all.
void CheckIcu(UErrorCode status, const char* what) {
  if (U_FAILURE(status)) {
    std::fprintf(stderr, "ICU: %s: %s\n", what, u_errorName(status));
    std::abort();
  }
}

}  // namespace

WordSplitter::WordSplitter() {
  UErrorCode status = U_ZERO_ERROR;
  boundaries_.reset(icu::BreakIterator::createWordInstance(icu::Locale::getRoot(), status));
  CheckIcu(status, "rules of word boundaries");
  normalizer_ = icu::Normalizer2::getNFCInstance(status);
  CheckIcu(status, "NFC");
}

WordSplitter::~WordSplitter() = default;

void WordSplitter::Split(absl::string_view text, absl::FunctionRef<void(absl::string_view)> visit) {
  UErrorCode status = U_ZERO_ERROR;
  UText utf8 = UTEXT_INITIALIZER;
  utext_openUTF8(&utf8, text.data(), static_cast<int64_t>(text.size()), &status);
  boundaries_->setText(&utf8, status);
  CheckIcu(status, "text");
  int32_t start = boundaries_->first();
  for (int32_t end = boundaries_->next(); end != icu::BreakIterator::DONE;
       start = end, end = boundaries_->next()) {
    // From here on: letters, kana, ideographs.
    if (boundaries_->getRuleStatus() >= UBRK_WORD_LETTER) {
      Fold(text.substr(start, end - start));
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
  CheckIcu(status, "normalization");
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

}  // namespace emptychair::metrics
