#include "server/analytics/metric_scan.h"

#include <algorithm>

#include "absl/strings/string_view.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "server/analytics/record_filter.h"
#include "server/request/validation.h"
#include "storage/cube/cube_fold.h"
#include "storage/format/cube_row.h"

namespace emptychair {
namespace {

using storage::MsSpan;
using storage::ScannedRecord;
using storage::TallyGrid;

absl::Status Damaged(absl::string_view what) { return Error(v1::ERROR_REASON_STORE_DAMAGED, what); }

// Counts answers that come in order of time, oldest or newest first. FIRST wins where the first
// answer that comes is the one that counts: skip the points that the customer's previous answer
// already covers. LAST wins where the last one does: remove the previous answer from the points
// that both share. With one point alone the last answers are counted at the end.
class RecordCounter {
 public:
  RecordCounter(const MetricQuery& query, bool newest_first, absl::Span<const MsSpan> buckets,
                TallyGrid& grid)
      : query_(query),
        newest_first_(newest_first),
        first_wins_(newest_first ==
                    (query.respondent_rule == v1::RESPONDENT_RULE_LATEST_PER_CUSTOMER)),
        scale_min_(query.surveys.front()->definition->scale().min()),
        buckets_(buckets),
        last_bucket_(static_cast<int64_t>(buckets.size()) - 1),
        counts_at_end_(!first_wins_ && last_bucket_ == 0),
        bucket_(newest_first ? last_bucket_ : 0),
        counts_(grid) {
    if (query.respondent_rule != v1::RESPONDENT_RULE_ALL) {
      chosen_.resize(size_t{query.view->counters.last_customer_ordinal()} + 1);
    }
  }

  // Makes the grid's tallies those of the points. To be called once, after the last answer.
  void Finish() {
    if (counts_at_end_) {
      for (const Chosen& chosen : chosen_) {
        if (chosen.bucket_number != 0) {
          AddChosen(PointsWith(0), chosen, 1);
        }
      }
    }
    counts_.Finish();
  }

  // Errors: STORE_DAMAGED.
  absl::Status Count(const ScannedRecord& record, uint32_t group) {
    MoveTo(record.occur_time_ms());
    const Points points = PointsWith(bucket_);
    const uint8_t disposition = record.header.exclusion_reason;
    const uint8_t bin = storage::BinOf(record.header.score, scale_min_);
    if (bin > query_.method->scale_size()) {
      return Damaged("a record has a score that its scale has not");
    }
    if (disposition != storage::kCountedDisposition) {
      counts_.AddExcluded(group, points, disposition, 1);
      if (!query_.include_excluded) {
        return absl::OkStatus();
      }
    }
    if (!IsChosenAmong(query_, record.header)) {
      counts_.AddCounted(group, points, bin, 1);
      return absl::OkStatus();
    }
    if (record.header.customer_ordinal >= chosen_.size()) {
      return Damaged("a record names a customer that there is not");
    }
    Choose(points, {group, static_cast<uint16_t>(bucket_ + 1), bin},
           chosen_[record.header.customer_ordinal]);
    return absl::OkStatus();
  }

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

  // Buckets have no gaps between them, and answers come in order.
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
  const int32_t scale_min_;
  const absl::Span<const MsSpan> buckets_;
  const int64_t last_bucket_;
  const bool counts_at_end_;
  int64_t bucket_;
  storage::DifferenceArrays counts_;
  std::vector<Chosen> chosen_;  // By the customer's number.
};

}  // namespace

absl::Status ScanAnswers(const storage::Store& store, const MetricQuery& query,
                         const SeriesMap& series, absl::Span<const storage::MsSpan> buckets,
                         bool exact_groups, TallyGrid& grid, storage::ReadCost& cost) {
  RecordFilter filter(query, series);
  if (buckets.empty()) {
    return absl::OkStatus();
  }
  // RocksDB is quicker from old to new.
  const bool newest_first =
      exact_groups && query.respondent_rule == v1::RESPONDENT_RULE_LATEST_PER_CUSTOMER;
  RecordCounter counter(query, newest_first, buckets, grid);
  RETURN_IF_ERROR(store.records().Scan(*query.view,
                                       {.surveys = filter.surveys(),
                                        .start_ms = buckets.front().start_ms,
                                        .end_ms = buckets.back().end_ms,
                                        .newest_first = newest_first},
                                       [&](const ScannedRecord& record) -> absl::StatusOr<bool> {
                                         ++cost.records_scanned;
                                         ASSIGN_OR_RETURN(const uint32_t group,
                                                          filter.GroupOf(record));
                                         if (group != storage::kNoGroup) {
                                           grid.KnowGroups(series.group_count);
                                           RETURN_IF_ERROR(counter.Count(record, group));
                                         }
                                         return !grid.is_full();
                                       }));
  if (!grid.is_full()) {
    ReachEnd(query);
  }
  counter.Finish();
  return absl::OkStatus();
}

}  // namespace emptychair
