// Words of comments, and how far two sets of comments differ in the use of one.
#ifndef EMPTYCHAIR_SERVER_STATISTICS_WORDS_H_
#define EMPTYCHAIR_SERVER_STATISTICS_WORDS_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "unicode/uversion.h"

U_NAMESPACE_BEGIN
class BreakIterator;
class Normalizer2;
U_NAMESPACE_END

namespace emptychair::statistics {

// Splits texts into words: at the boundaries of Unicode's UAX 29 (for scripts without spaces, by
// ICU's dictionaries), case-folded and normalized to NFC, and whatever a keyboard writes for an
// apostrophe is read as U+0027 before, so that what looks alike is alike.
// Numbers, punctuation and symbols are no words. Not thread-safe, and costly to make.
class WordSplitter {
 public:
  // INTERNAL when ICU is without its rules and data, which it is installed with.
  static absl::StatusOr<std::unique_ptr<WordSplitter>> Create();

  ~WordSplitter();
  WordSplitter(const WordSplitter&) = delete;
  WordSplitter& operator=(const WordSplitter&) = delete;

  // Visits the words of `text`, which is UTF-8, in their order, repeated ones too.
  void Split(absl::string_view text, absl::FunctionRef<void(absl::string_view)> visit);

 private:
  WordSplitter(std::unique_ptr<icu::BreakIterator> boundaries, const icu::Normalizer2* normalizer);

  void SplitPlain(absl::string_view text, absl::FunctionRef<void(absl::string_view)> visit);
  void Fold(absl::string_view word);

  const std::unique_ptr<icu::BreakIterator> boundaries_;
  const icu::Normalizer2* const normalizer_;  // Owned by ICU.
  std::string folded_;                        // Kept for its memory.
};

// Of `comments` of a side, `count` have the word.
struct WordUse {
  int64_t count = 0;
  int64_t comments = 0;
};

struct WordContrast {
  double log_odds = 0;  // Above 0 when the candidate uses the word more.
  double z = 0;         // The same in standard errors.
};

// The log odds ratio with an informative prior of 100 comments, in which the word is as frequent as
// in both sides together: Monroe, Colaresi and Quinn (2008), "Fightin' Words", 3.5.1, with comments
// instead of occurrences. 0 <= count <= comments on both sides. Pure and thread-safe.
WordContrast ContrastWord(const WordUse& base, const WordUse& candidate);

}  // namespace emptychair::statistics

#endif  // EMPTYCHAIR_SERVER_STATISTICS_WORDS_H_
