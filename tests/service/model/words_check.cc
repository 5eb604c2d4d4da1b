#include "tests/service/model/words_check.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_split.h"
#include "common/base/timestamp.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/helpers/status_matchers.h"

namespace emptychair::testing {
namespace {

// Of one side's comments: how many have each word, how many there are, and the answers with a
// score.
struct SideWords {
  std::map<std::string, int64_t> counts;
  int64_t comments = 0;
  int64_t scored = 0;

  void Add(const std::string& comment) {
    ++comments;
    std::set<std::string> words;
    for (const absl::string_view piece : absl::StrSplit(comment, ' ', absl::SkipEmpty())) {
      if (std::any_of(piece.begin(), piece.end(), absl::ascii_isalpha)) {
        words.insert(absl::AsciiStrToLower(piece));
      }
    }
    for (const std::string& word : words) {
      ++counts[word];
    }
  }
};

// Adds what `query` counts, each answer to the side of its class or all to `sides[0]`. False when
// that is too little to be shown.
bool AddWords(const v1::QueryMetricRequest& query, const std::vector<const ModelSurvey*>& surveys,
              bool by_class, SideWords* sides) {
  const v1::TimeInterval& interval = query.interval();
  const ModelSpan span{
      interval.has_start_time() ? FromTimestamp(interval.start_time()) : absl::InfinitePast(),
      interval.has_end_time() ? FromTimestamp(interval.end_time()) : absl::InfiniteFuture()};
  int64_t scored = 0;
  int min_sample = query.min_sample();
  for (const ModelSurvey* survey : surveys) {
    min_sample = std::max(min_sample, survey->min_sample());
  }
  for (const auto& [id, counted_as] : ExplainPoint(query, surveys, std::nullopt, span)) {
    if (counted_as == v1::COUNTED_AS_EXCLUDED) {
      continue;
    }
    scored += counted_as != v1::COUNTED_AS_UNSCORED;
    for (const ModelSurvey* survey : surveys) {
      const auto answer = survey->answers().find(id);
      if (answer == survey->answers().end() || answer->second.comment.empty()) {
        continue;
      }
      if (!by_class || counted_as == v1::COUNTED_AS_DETRACTOR) {
        sides[0].Add(answer->second.comment);
      } else if (counted_as == v1::COUNTED_AS_PROMOTER) {
        sides[1].Add(answer->second.comment);
      }
    }
  }
  return scored >= min_sample;
}

v1::WordComparison Contrast(const std::string& word, SideWords& base, SideWords& candidate) {
  v1::WordComparison expected;
  expected.set_word(word);
  expected.set_base_count(base.counts[word]);
  expected.set_candidate_count(candidate.counts[word]);
  const double prior = 100 * (base.counts[word] + candidate.counts[word] + 0.5) /
                       (base.comments + candidate.comments + 1.0);
  const double in_base = base.counts[word] + prior;
  const double not_in_base = base.comments + 100 - in_base;
  const double in_candidate = candidate.counts[word] + prior;
  const double not_in_candidate = candidate.comments + 100 - in_candidate;
  expected.set_log_odds(std::log(in_candidate * not_in_base / (not_in_candidate * in_base)));
  expected.set_z(expected.log_odds() / std::sqrt(1 / in_base + 1 / not_in_base + 1 / in_candidate +
                                                 1 / not_in_candidate));
  return expected;
}

}  // namespace

void ExpectWords(const v1::CompareWordsRequest& request, bool can_share,
                 const std::vector<const ModelSurvey*>& base,
                 const std::vector<const ModelSurvey*>& candidate,
                 const absl::StatusOr<v1::CompareWordsResponse>& response) {
  if (can_share) {
    ASSERT_THAT(response, HasReason(v1::ERROR_REASON_FIELD_INVALID));
    return;
  }
  SideWords sides[2];
  bool is_shown = AddWords(request.base(), base, request.by_class(), sides);
  if (!request.by_class()) {
    is_shown = AddWords(request.candidate(), candidate, false, sides + 1) && is_shown;
  }
  if (!is_shown) {
    ASSERT_THAT(response, HasReason(v1::ERROR_REASON_SUPPRESSED));
    return;
  }
  ASSERT_OK(response);
  ASSERT_EQ(response->base_comments(), sides[0].comments);
  ASSERT_EQ(response->candidate_comments(), sides[1].comments);
  std::set<std::string> words;
  for (const SideWords& side : sides) {
    for (const auto& [word, count] : side.counts) {
      words.insert(word);
    }
  }
  std::vector<v1::WordComparison> expected;
  for (const std::string& word : words) {
    const v1::WordComparison contrast = Contrast(word, sides[0], sides[1]);
    if (contrast.base_count() + contrast.candidate_count() >=
        (request.min_comments() == 0 ? 5 : request.min_comments())) {
      expected.push_back(contrast);
    }
  }
  const size_t limit = request.limit() == 0 ? 50 : request.limit();
  ASSERT_EQ(static_cast<size_t>(response->words_size()), std::min(limit, expected.size()));
  std::sort(expected.begin(), expected.end(),
            [](const auto& a, const auto& b) { return std::abs(a.z()) > std::abs(b.z()); });
  std::set<std::string> listed;
  for (int i = 0; i < response->words_size(); ++i) {
    const v1::WordComparison& word = response->words(i);
    ASSERT_TRUE(listed.insert(word.word()).second) << word.word();
    // Words that are equal but for rounding can change places.
    ASSERT_NEAR(std::abs(word.z()), std::abs(expected[i].z()), 1e-9);
    const v1::WordComparison contrast = Contrast(word.word(), sides[0], sides[1]);
    ASSERT_EQ(word.base_count(), contrast.base_count()) << word.word();
    ASSERT_EQ(word.candidate_count(), contrast.candidate_count()) << word.word();
    ASSERT_NEAR(word.log_odds(), contrast.log_odds(), 1e-9) << word.word();
    ASSERT_NEAR(word.z(), contrast.z(), 1e-9) << word.word();
  }
}

}  // namespace emptychair::testing
