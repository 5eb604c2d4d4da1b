// Counts answers that come one by one, wherever they are read from.
#ifndef EMPTYCHAIR_SERVER_COUNTING_ANSWER_COUNTER_H_
#define EMPTYCHAIR_SERVER_COUNTING_ANSWER_COUNTER_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/base/attributes.h"
#include "absl/status/status.h"
#include "absl/types/span.h"
#include "server/counting/customer_answers.h"
#include "server/counting/metric_query.h"
#include "server/request/validation.h"
#include "storage/cube/cube_plan.h"
#include "storage/cube/tally_grid.h"
#include "storage/format/cube_row.h"
#include "storage/format/values.h"

namespace emptychair {

// What counting needs of an answer.
struct CountedAnswer {
  int64_t time_ms = 0;
  uint32_t customer = storage::kAnonymous;
  uint8_t bin = storage::kUnscoredBin;
  uint8_t disposition = storage::kCountedDisposition;
};

// Whether the query's respondent rule chooses among answers like this: it has a score, counts and
// has a customer. Pure.
inline bool IsChosenAmong(const MetricQuery& query, const CountedAnswer& answer) {
  return query.respondent_rule != v1::RESPONDENT_RULE_ALL && answer.bin != storage::kUnscoredBin &&
         answer.customer != storage::kAnonymous &&
         (answer.disposition == storage::kCountedDisposition || query.include_excluded);
}

inline bool IsChosenAmong(const MetricQuery& query, const storage::FeedbackHeader& header) {
  constexpr uint8_t kAnyScore = storage::kUnscoredBin + 1;
  return IsChosenAmong(query, {.customer = header.customer_ordinal,
                               .bin = header.score.has_value() ? kAnyScore : storage::kUnscoredBin,
                               .disposition = header.exclusion_reason});
}

// Counts answers that come in order of time, oldest or newest first; without a respondent rule they
// may come in any order. FIRST wins where the first answer that comes is the one that counts: skip
// the points that the customer's previous answer already covers. LAST wins where the last one does:
// remove the previous answer from the points that both share. With one point alone the last answers
// are counted at the end. Takes two bytes for each customer that the store knows where FIRST wins,
// else eight. Not thread-safe.
class AnswerCounter {
 public:
  // Fills the empty `grid`, and `customers` where it is not null, for queries without a respondent
  // rule or of one bucket: with one, the answers that it chooses. What it is given must outlive the
  // counter.
  AnswerCounter(const MetricQuery& query, bool newest_first,
                absl::Span<const storage::MsSpan> buckets, storage::TallyGrid& grid,
                CustomerAnswers* customers = nullptr);

  // Counts an answer in a group of the grid. Errors: STORE_DAMAGED.
  ABSL_ATTRIBUTE_ALWAYS_INLINE absl::Status Count(const CountedAnswer& answer, uint32_t group) {
    if (answer.time_ms < here_.start_ms || answer.time_ms >= here_.end_ms) {
      MoveTo(answer.time_ms);
    }
    if (answer.bin > scale_size_) {
      return OffScale();
    }
    if (answer.disposition != storage::kCountedDisposition) {
      counts_.AddExcluded(group, points_, answer.disposition, 1);
      if (!query_.include_excluded) {
        return absl::OkStatus();
      }
    }
    if (!IsChosenAmong(query_, answer)) {
      counts_.AddCounted(group, points_, answer.bin, 1);
      if (answers_ != nullptr && answer.bin != storage::kUnscoredBin) {
        return Keep(answer, group);
      }
      return absl::OkStatus();
    }
    if (answer.customer >= customers_) {
      return NoSuchCustomer();
    }
    if (first_wins_) {
      ChooseFirst(answer, group);
    } else {
      ChooseLast({group, number_, answer.bin}, chosen_[answer.customer]);
    }
    return absl::OkStatus();
  }

  // Has what the counter knows of a customer at hand for an answer that is to come.
  void Prefetch(uint32_t customer) const {
    if (first_wins_ && customer < customers_) {
      __builtin_prefetch(&seen_[customer], 1);
    }
  }

  // Makes the grid's tallies those of the points. To be called once, after the last answer.
  void Finish();

 private:
  // Points that follow each other, as the buckets that they end with.
  using Points = storage::DifferenceArrays::Range;
  // A bucket, from 1; 0: none.
  using BucketNumber = uint16_t;
  static_assert(kPointsMax + kTrailingBucketsMax < UINT16_MAX);

  // The answer of a customer that came last, of those that the rule chooses among.
  struct Chosen {
    uint32_t group = 0;
    BucketNumber bucket = 0;
    uint8_t bin = 0;
  };

  ABSL_ATTRIBUTE_ALWAYS_INLINE absl::Status Keep(const CountedAnswer& answer, uint32_t group) {
    if (answer.customer >= customers_) {
      return NoSuchCustomer();
    }
    answers_->Add(group, static_cast<uint32_t>(number_ - 1), answer.customer, answer.bin);
    return absl::OkStatus();
  }
  static absl::Status OffScale();
  static absl::Status NoSuchCustomer();

  void MoveTo(int64_t time_ms);

  // The points that an answer in the bucket is in.
  Points PointsWith(BucketNumber bucket) const {
    return {std::max<int64_t>(bucket, query_.trailing_buckets) - 1,
            std::min<int64_t>(bucket + query_.trailing_buckets - 2, last_bucket_)};
  }

  // Counts the answer in those of its points that no answer of the customer is in yet.
  void ChooseFirst(const CountedAnswer& answer, uint32_t group) {
    const BucketNumber before = std::exchange(seen_[answer.customer], number_);
    if (before == 0) {
      counts_.AddChosen(group, points_, answer.bin, 1);
      if (answers_ != nullptr) {
        answers_->Add(group, 0, answer.customer, answer.bin);
      }
      return;
    }
    // Most have none left, and are to cost no more than this.
    const Points others = PointsWith(before);
    const int64_t first = newest_first_ ? points_.first : std::max(points_.first, others.last + 1);
    const int64_t last = newest_first_ ? std::min(points_.last, others.first - 1) : points_.last;
    if (first <= last) {
      counts_.AddChosen(group, {first, last}, answer.bin, 1);
    }
  }

  // Counts the answer in its points, and takes the customer's last one out of those.
  void ChooseLast(const Chosen& answer, Chosen& before) {
    if (!counts_at_end_) {
      if (before.bucket != 0) {
        const Points others = PointsWith(before.bucket);
        counts_.AddChosen(
            before.group,
            {std::max(points_.first, others.first), std::min(points_.last, others.last)},
            before.bin, -1);
      }
      counts_.AddChosen(answer.group, points_, answer.bin, 1);
    }
    before = answer;
  }

  const MetricQuery& query_;
  const bool newest_first_;
  const bool first_wins_;
  const size_t scale_size_;
  const absl::Span<const storage::MsSpan> buckets_;
  const int64_t last_bucket_;
  const bool counts_at_end_;
  storage::DifferenceArrays counts_;
  CustomerAnswers* const answers_;
  // Where the last answer was: its bucket, and the points that this is in.
  BucketNumber number_;
  storage::MsSpan here_;
  Points points_;
  // By the customer's number; one of the two.
  size_t customers_ = 0;
  std::vector<BucketNumber> seen_;
  std::vector<Chosen> chosen_;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_COUNTING_ANSWER_COUNTER_H_
