// Counts answers that come one by one, wherever they are read from.
#ifndef EMPTYCHAIR_SERVER_ANALYTICS_ANSWER_COUNTER_H_
#define EMPTYCHAIR_SERVER_ANALYTICS_ANSWER_COUNTER_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "server/analytics/metric_query.h"
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
  return IsChosenAmong(query,
                       {.customer = header.customer_ordinal,
                        .bin = storage::BinOf(
                            header.score.has_value() ? std::optional<int32_t>(0) : std::nullopt, 0),
                        .disposition = header.exclusion_reason});
}

// Counts answers that come in order of time, oldest or newest first; without a respondent rule they
// may come in any order. FIRST wins where the first answer that comes is the one that counts: skip
// the points that the customer's previous answer already covers. LAST wins where the last one does:
// remove the previous answer from the points that both share. With one point alone the last answers
// are counted at the end. Takes eight bytes for each customer that the store knows. Not
// thread-safe.
class AnswerCounter {
 public:
  // Fills the empty `grid`. What it is given must outlive the counter.
  AnswerCounter(const MetricQuery& query, bool newest_first,
                absl::Span<const storage::MsSpan> buckets, storage::TallyGrid& grid);

  // Counts an answer in a group of the grid. Errors: STORE_DAMAGED.
  absl::Status Count(const CountedAnswer& answer, uint32_t group) {
    MoveTo(answer.time_ms);
    const Points points = PointsWith(bucket_);
    if (answer.bin > scale_size_) {
      return OffScale();
    }
    if (answer.disposition != storage::kCountedDisposition) {
      counts_.AddExcluded(group, points, answer.disposition, 1);
      if (!query_.include_excluded) {
        return absl::OkStatus();
      }
    }
    if (!IsChosenAmong(query_, answer)) {
      counts_.AddCounted(group, points, answer.bin, 1);
      return absl::OkStatus();
    }
    if (answer.customer >= chosen_.size()) {
      return NoSuchCustomer();
    }
    Choose(points, {group, static_cast<uint16_t>(bucket_ + 1), answer.bin},
           chosen_[answer.customer]);
    return absl::OkStatus();
  }

  // Makes the grid's tallies those of the points. To be called once, after the last answer.
  void Finish();

 private:
  // Points that follow each other, as the buckets that they end with.
  using Points = storage::DifferenceArrays::Range;

  // The answer of a customer that came last, of those that the rule chooses among.
  struct Chosen {
    uint32_t group = 0;
    uint16_t bucket_number = 0;  // From 1; 0: none was.
    uint8_t bin = 0;
  };
  static_assert(kPointsMax + kTrailingBucketsMax < UINT16_MAX, "buckets fit `bucket_number`");

  static absl::Status OffScale();
  static absl::Status NoSuchCustomer();

  // Buckets have no gaps between them.
  void MoveTo(int64_t time_ms) {
    while (time_ms >= buckets_[bucket_].end_ms) {
      ++bucket_;
    }
    while (time_ms < buckets_[bucket_].start_ms) {
      --bucket_;
    }
  }

  // The points that an answer in `bucket` is in.
  Points PointsWith(int64_t bucket) const {
    return {std::max<int64_t>(bucket, query_.trailing_buckets - 1),
            std::min(bucket + query_.trailing_buckets - 1, last_bucket_)};
  }

  // Counts `answer`, which is in `points`, in those where the rule chooses it. `before` is the
  // customer's last one.
  void Choose(Points points, const Chosen& answer, Chosen& before) {
    if (counts_at_end_) {
      before = answer;
      return;
    }
    if (before.bucket_number != 0) {
      const Points others = PointsWith(before.bucket_number - 1);
      if (!first_wins_) {
        AddChosen({std::max(points.first, others.first), std::min(points.last, others.last)},
                  before, -1);
      } else if (newest_first_) {
        points.last = std::min(points.last, others.first - 1);
      } else {
        points.first = std::max(points.first, others.last + 1);
      }
    }
    AddChosen(points, answer, 1);
    before = answer;
  }

  void AddChosen(const Points& points, const Chosen& answer, int64_t count) {
    counts_.AddCounted(answer.group, points, answer.bin, count);
    counts_.AddCustomers(answer.group, points, count);
  }

  const MetricQuery& query_;
  const bool newest_first_;
  const bool first_wins_;
  const size_t scale_size_;
  const absl::Span<const storage::MsSpan> buckets_;
  const int64_t last_bucket_;
  const bool counts_at_end_;
  int64_t bucket_;
  storage::DifferenceArrays counts_;
  std::vector<Chosen> chosen_;  // By the customer's number.
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_ANALYTICS_ANSWER_COUNTER_H_
