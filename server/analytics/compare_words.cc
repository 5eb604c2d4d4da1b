#include "server/analytics/compare_words.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/hash/hash.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "emptychair/store/v1/value.pb.h"
#include "server/analytics/metric_sides.h"
#include "server/counting/answer_counter.h"
#include "server/counting/counted_as.h"
#include "server/counting/interval_rule.h"
#include "server/counting/record_filter.h"
#include "server/counting/series_groups.h"
#include "server/request/selection.h"
#include "server/request/validation.h"
#include "server/statistics/distributions.h"
#include "server/statistics/many_tests.h"
#include "server/statistics/words.h"
#include "storage/read/records.h"

namespace emptychair {
namespace {

using storage::ScannedRecord;

constexpr int32_t kMinCommentsMax = 1'000'000;
constexpr int32_t kDefaultMinComments = 5;
constexpr int32_t kWordsMax = 1'000;
constexpr int32_t kDefaultWords = 50;

enum Side { kBase, kCandidate };

// Words that are counted at once, which bounds the memory: about a hundred bytes each.
constexpr size_t kWordsAtOnce = 500'000;

// Words whose hash leaves `residue` when it is divided by `modulus`.
struct WordPart {
  uint64_t modulus = 1;
  uint64_t residue = 0;

  // By bits of the hash that a table's entries may share: it tells them apart by the lowest ones.
  bool Has(absl::string_view word) const {
    return (uint64_t{absl::Hash<absl::string_view>()(word)} >> 32) % modulus == residue;
  }
};

// Which words of a part the comments of each side have.
class WordTable {
 public:
  WordTable(statistics::WordSplitter& splitter, WordPart part) : splitter_(splitter), part_(part) {}

  struct Word {
    std::array<int64_t, 2> counts = {};  // By side.
    int64_t last_comment = 0;            // The last comment that had it.
  };

  void Add(Side side, absl::string_view comment) {
    ++comments_[side];
    const int64_t number = comments_[kBase] + comments_[kCandidate];
    splitter_.Split(comment, [&](absl::string_view text) {
      if (!part_.Has(text)) {
        return;
      }
      Word& word = words_[text];
      if (std::exchange(word.last_comment, number) != number) {
        ++word.counts[side];
      }
      while (words_.size() > kWordsAtOnce) {
        LeaveHalf();
      }
    });
  }

  // Parts that turned out to be too many words, to be counted after this one.
  const std::vector<WordPart>& left() const { return left_; }
  const std::array<int64_t, 2>& comments() const { return comments_; }

  // Calls `visit` with each word and how often either side has it.
  template <typename Visit>
  void ForEach(Visit visit) const {
    for (const auto& [text, word] : words_) {
      visit(text, word.counts);
    }
  }

 private:
  // Goes on with half of the part. What was counted of it is all there is so far.
  void LeaveHalf() {
    left_.push_back({2 * part_.modulus, part_.residue + part_.modulus});
    part_.modulus *= 2;
    absl::erase_if(words_, [this](const auto& word) { return !part_.Has(word.first); });
  }

  statistics::WordSplitter& splitter_;
  WordPart part_;
  std::vector<WordPart> left_;
  std::array<int64_t, 2> comments_ = {};
  absl::flat_hash_map<std::string, Word> words_;
};

// The words that tell most, of all parts so far.
class WordRanking {
 public:
  explicit WordRanking(const WordComparisonQuery& query) : query_(query) {}

  void Add(const WordTable& words) {
    words.ForEach([&](const std::string& text, const std::array<int64_t, 2>& counts) {
      if (counts[kBase] + counts[kCandidate] >= query_.min_comments) {
        const statistics::WordContrast contrast =
            statistics::ContrastWord({counts[kBase], words.comments()[kBase]},
                                     {counts[kCandidate], words.comments()[kCandidate]});
        contrasted_.push_back({text, counts, contrast, p_values_.size()});
        p_values_.push_back(statistics::TwoSidedP(contrast.z));
      }
      if (std::ssize(contrasted_) >= 2 * int64_t{kWordsMax}) {
        KeepBest();
      }
    });
    KeepBest();
  }

  void Write(v1::CompareWordsResponse& response) const {
    const statistics::ManyTests many =
        statistics::CorrectForMany(p_values_, query_.base.confidence);
    response.set_tests(many.tests);
    for (const Contrasted& contrasted : contrasted_) {
      v1::WordComparison& word = *response.add_words();
      word.set_word(contrasted.text);
      word.set_base_count(contrasted.counts[kBase]);
      word.set_candidate_count(contrasted.counts[kCandidate]);
      word.set_log_odds(contrasted.contrast.log_odds);
      word.set_z(contrasted.contrast.z);
      word.set_p_value(p_values_[contrasted.test]);
      word.set_q_value(many.q_values[contrasted.test]);
    }
  }

 private:
  struct Contrasted {
    std::string text;
    std::array<int64_t, 2> counts;
    statistics::WordContrast contrast;
    size_t test = 0;  // Of all words.
  };

  static bool ComesBefore(const Contrasted& a, const Contrasted& b) {
    const double size_a = std::abs(a.contrast.z);
    const double size_b = std::abs(b.contrast.z);
    return size_a != size_b ? size_a > size_b : a.text < b.text;
  }

  void KeepBest() {
    const auto end =
        contrasted_.begin() + std::min<ptrdiff_t>(query_.limit, std::ssize(contrasted_));
    std::partial_sort(contrasted_.begin(), end, contrasted_.end(), ComesBefore);
    contrasted_.erase(end, contrasted_.end());
  }

  const WordComparisonQuery& query_;
  std::vector<Contrasted> contrasted_;
  std::vector<double> p_values_;  // Of all words, also those that are no longer kept.
};

// The side that an answer is on when a method's classes are compared, or nothing.
std::optional<Side> SideOfClass(v1::CountedAs counted_as) {
  switch (counted_as) {
    case v1::COUNTED_AS_DETRACTOR:
    case v1::COUNTED_AS_NOT_IN_NUMERATOR:
      return kBase;
    case v1::COUNTED_AS_PROMOTER:
    case v1::COUNTED_AS_IN_NUMERATOR:
      return kCandidate;
    default:
      return std::nullopt;
  }
}

// Reads the answers of one query.
class CommentScan {
 public:
  CommentScan(const storage::Store& store, const MetricQuery& query)
      : store_(store), query_(query), groups_(query), filter_(query, groups_.series()) {
    if (query.respondent_rule != v1::RESPONDENT_RULE_ALL) {
      seen_.resize(size_t{query.view->counters.last_customer_ordinal()} + 1);
    }
  }

  // Adds the comments to `words` on the side that `side_of` tells from what the answer counted as.
  // Errors: SUPPRESSED, STORE_DAMAGED.
  template <typename SideOf>
  absl::Status AddTo(WordTable& words, SideOf side_of, int64_t& records_scanned) {
    storage::RecordRange range{
        .surveys = filter_.surveys(),
        .newest_first = query_.respondent_rule == v1::RESPONDENT_RULE_LATEST_PER_CUSTOMER};
    Limit(query_.interval, range);
    int64_t scored = 0;
    RETURN_IF_ERROR(store_.records().Scan(
        *query_.view, range, [&](const ScannedRecord& record) -> absl::StatusOr<bool> {
          ++records_scanned;
          ASSIGN_OR_RETURN(const bool counts, Counts(record));
          const v1::CountedAs counted_as =
              CountedAsOf(*query_.method, record.header, query_.include_excluded);
          if (!counts || counted_as == v1::COUNTED_AS_EXCLUDED) {
            return true;
          }
          scored += record.header.score.has_value() ? 1 : 0;
          if (const std::optional<Side> side = side_of(counted_as)) {
            RETURN_IF_ERROR(AddComment(record, *side, words));
          }
          return true;
        }));
    ReachEnd(query_);
    return CheckShown(query_, scored);
  }

 private:
  // Whether the filters and the respondent rule let the record through.
  absl::StatusOr<bool> Counts(const ScannedRecord& record) {
    ASSIGN_OR_RETURN(const uint32_t group, filter_.GroupOf(record));
    if (group == storage::kNoGroup || !IsChosenAmong(query_, record.header)) {
      return group != storage::kNoGroup;
    }
    if (record.header.customer_ordinal >= seen_.size()) {
      return Error(v1::ERROR_REASON_STORE_DAMAGED, "a record names a customer that there is not");
    }
    const bool is_first = !seen_[record.header.customer_ordinal];
    seen_[record.header.customer_ordinal] = true;
    return is_first;
  }

  absl::Status AddComment(const ScannedRecord& record, Side side, WordTable& words) {
    RETURN_IF_ERROR(filter_.Decode(record, body_));
    if (!body_.comment().empty()) {
      words.Add(side, body_.comment());
    }
    return absl::OkStatus();
  }

  const storage::Store& store_;
  const MetricQuery& query_;
  const SeriesGroups groups_;
  RecordFilter filter_;
  std::vector<bool> seen_;          // By the customer's number.
  store::v1::StoredFeedback body_;  // Kept for its memory.
};

// Errors: those of CommentScan::AddTo.
absl::Status ReadComments(const storage::Store& store, const WordComparisonQuery& query,
                          WordTable& words, int64_t& records_scanned) {
  if (!query.candidate.has_value()) {
    return CommentScan(store, query.base).AddTo(words, SideOfClass, records_scanned);
  }
  for (const auto& [side, part] :
       {std::pair(kBase, &query.base), std::pair(kCandidate, &*query.candidate)}) {
    const auto side_of = [side = side](v1::CountedAs) { return std::optional(side); };
    RETURN_IF_ERROR(CommentScan(store, *part).AddTo(words, side_of, records_scanned));
  }
  return absl::OkStatus();
}

absl::Status CheckByClass(const v1::CompareWordsRequest& request, const MetricQuery& base) {
  if (request.has_candidate()) {
    return FieldError(v1::ERROR_REASON_FIELD_INVALID, "candidate",
                      "got one, wanted none: by_class splits the answers of base");
  }
  const statistics::ScoreMethod::Kind kind = base.method->kind();
  if (kind == statistics::ScoreMethod::Kind::kMean ||
      kind == statistics::ScoreMethod::Kind::kCount) {
    return FieldError(v1::ERROR_REASON_FIELD_INVALID, "by_class",
                      absl::StrCat("got true, but ", v1::MetricMethod_Name(base.method->method()),
                                   " has no classes of answers"));
  }
  return absl::OkStatus();
}

absl::StatusOr<MetricQuery> PrepareWordSide(std::shared_ptr<const storage::View> view,
                                            const v1::QueryMetricRequest& side) {
  RETURN_IF_ERROR(CheckNoIntervalRule(side));
  return PrepareMetricSide(std::move(view), side);
}

}  // namespace

absl::StatusOr<WordComparisonQuery> PrepareWordComparison(std::shared_ptr<const storage::View> view,
                                                          const v1::CompareWordsRequest& request) {
  WordComparisonQuery query;
  absl::StatusOr<MetricQuery> base = PrepareWordSide(view, request.base());
  if (!base.ok()) {
    return AtPath("base", base.status());
  }
  query.base = *std::move(base);
  if (request.by_class()) {
    RETURN_IF_ERROR(CheckByClass(request, query.base));
  } else {
    absl::StatusOr<MetricQuery> candidate = PrepareWordSide(std::move(view), request.candidate());
    if (candidate.ok()) {
      if (absl::Status disjoint = CheckDisjoint(query.base, *candidate); !disjoint.ok()) {
        candidate = std::move(disjoint);
      }
    }
    if (!candidate.ok()) {
      return AtPath("candidate", candidate.status());
    }
    query.candidate = *std::move(candidate);
  }
  RETURN_IF_ERROR(CheckRange("min_comments", request.min_comments(), 0, kMinCommentsMax));
  query.min_comments = request.min_comments() == 0 ? kDefaultMinComments : request.min_comments();
  RETURN_IF_ERROR(CheckRange("limit", request.limit(), 0, INT32_MAX));
  query.limit = request.limit() == 0 ? kDefaultWords : std::min(request.limit(), kWordsMax);
  return query;
}

absl::Status RunWordComparison(const storage::Store& store, const WordComparisonQuery& query,
                               v1::CompareWordsResponse& response) {
  response.set_interval_rule(v1::INTERVAL_RULE_ANSWERS);
  response.set_sequence(static_cast<int64_t>(query.base.view->counters.sequence()));
  ASSIGN_OR_RETURN(const std::unique_ptr<statistics::WordSplitter> splitter,
                   statistics::WordSplitter::Create());
  WordRanking ranking(query);
  int64_t records_scanned = 0;
  for (std::vector<WordPart> parts = {WordPart()}; !parts.empty();) {
    WordTable words(*splitter, parts.back());
    parts.pop_back();
    RETURN_IF_ERROR(ReadComments(store, query, words, records_scanned));
    parts.insert(parts.end(), words.left().begin(), words.left().end());
    ranking.Add(words);
    response.set_base_comments(words.comments()[kBase]);
    response.set_candidate_comments(words.comments()[kCandidate]);
  }
  ranking.Write(response);
  response.set_records_scanned(records_scanned);
  return absl::OkStatus();
}

}  // namespace emptychair
