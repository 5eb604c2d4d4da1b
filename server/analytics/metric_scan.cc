#include "server/analytics/metric_scan.h"

#include <algorithm>
#include <string>

#include "absl/strings/string_view.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "server/request/validation.h"
#include "storage/cube/cube_fold.h"
#include "storage/format/cube_row.h"

namespace emptychair {
namespace {

using storage::MsSpan;
using storage::ScannedRecord;
using storage::SurveyView;
using storage::TallyGrid;

absl::Status Damaged(absl::string_view what) { return Error(v1::ERROR_REASON_STORE_DAMAGED, what); }

bool HasLabelFilters(const MetricQuery& query, const SurveyView& survey) {
  return std::any_of(
      query.filters.begin(), query.filters.end(), [&](const v1::LabelFilter& filter) {
        return filter.key() != kSurveyIdKey && !survey.DimensionOf(filter.key()).has_value();
      });
}

// Some points that follow each other, as the buckets that they end with. Empty when first > last.
struct Points {
  int64_t first = 0;
  int64_t last = 0;
};

// Counts answers that come in one order. Where the first one that a point sees of a customer
// counts, the one before tells which points have seen one; where the last one does, it takes the
// place of the one before, which is the only other that can be counted in the same points. Where
// there is one point alone, the last ones are counted at the end.
class RecordCounter {
 public:
  RecordCounter(const MetricQuery& query, bool newest_first, absl::Span<const MsSpan> buckets,
                TallyGrid& grid)
      : query_(query),
        newest_first_(newest_first),
        first_counts_(newest_first ==
                      (query.respondent_rule == v1::RESPONDENT_RULE_LATEST_PER_CUSTOMER)),
        scale_min_(query.surveys.front()->definition->scale().min()),
        buckets_(buckets),
        last_bucket_(static_cast<int64_t>(buckets.size()) - 1),
        counts_at_end_(!first_counts_ && last_bucket_ == 0),
        bucket_(newest_first ? last_bucket_ : 0),
        grid_(grid) {
    if (query.respondent_rule != v1::RESPONDENT_RULE_ALL) {
      chosen_.resize(size_t{query.view->counters.last_customer_ordinal()} + 1);
    }
  }

  // To be called once, after the last answer.
  void Finish() {
    if (!counts_at_end_) {
      return;
    }
    for (const Chosen& chosen : chosen_) {
      if (chosen.bucket_number != 0) {
        AddChosen(PointsWith(0), chosen, 1);
      }
    }
  }

  // Errors: STORE_DAMAGED.
  absl::Status Count(const ScannedRecord& record, uint32_t group) {
    MoveTo(record.occur_time_ms());
    const Points points = PointsWith(bucket_);
    const uint8_t disposition = record.header.exclusion_reason;
    const uint8_t bin = storage::BinOf(record.header.score, scale_min_);
    if (disposition != storage::kCountedDisposition) {
      Add(group, points, disposition, bin, 1);
      if (!query_.include_excluded) {
        return absl::OkStatus();
      }
    }
    if (!IsChosenAmong(query_, record.header)) {
      Add(group, points, storage::kCountedDisposition, bin, 1);
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
      if (!first_counts_) {
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
    Add(answer.group, points, storage::kCountedDisposition, answer.bin, count);
    ForChanges(points, count, [&](uint32_t bucket, int64_t change) {
      grid_.AddCustomers(answer.group, bucket, change);
    });
  }

  void Add(uint32_t group, const Points& points, uint8_t disposition, uint8_t bin, int64_t count) {
    ForChanges(points, count, [&](uint32_t bucket, int64_t change) {
      grid_.Add(group, bucket, disposition, bin, change);
    });
  }

  // Calls `change` with how each bucket differs from the one before when `count` is added to
  // `points`.
  template <typename Change>
  void ForChanges(const Points& points, int64_t count, Change change) {
    if (points.first > points.last) {
      return;
    }
    change(static_cast<uint32_t>(points.first), count);
    if (points.last < last_bucket_) {
      change(static_cast<uint32_t>(points.last + 1), -count);
    }
  }

  const MetricQuery& query_;
  const bool newest_first_;
  const bool first_counts_;
  const int32_t scale_min_;
  const absl::Span<const MsSpan> buckets_;
  const int64_t last_bucket_;
  const bool counts_at_end_;
  int64_t bucket_;
  TallyGrid& grid_;
  std::vector<Chosen> chosen_;  // By the customer's number.
};

}  // namespace

RecordFilter::RecordFilter(const MetricQuery& query, const SeriesGroups& groups) : query_(query) {
  for (size_t i = 0; i < query.surveys.size(); ++i) {
    const SurveyView& survey = *query.surveys[i];
    if (PassesSurveyFilters(query, survey)) {
      surveys_.push_back(&survey);
      parts_.push_back({&groups.GroupOfSeries(i), HasLabelFilters(query, survey)});
    }
  }
}

size_t RecordFilter::IndexOf(const ScannedRecord& record) const {
  size_t index = 0;
  while (surveys_[index]->number() != record.position.survey_number) {
    ++index;
  }
  return index;
}

absl::StatusOr<uint32_t> RecordFilter::GroupOf(const ScannedRecord& record) {
  const size_t index = IndexOf(record);
  const Survey& part = parts_[index];
  const uint32_t series = record.header.series;
  if (series >= part.group_of_series->size()) {
    return storage::kNoGroup;
  }
  const uint32_t group = (*part.group_of_series)[series];
  if (group == storage::kNoGroup || !part.has_label_filters) {
    return group;
  }
  RETURN_IF_ERROR(Decode(record, body_));
  return PassesLabelFilters(query_, *surveys_[index], body_) ? group : storage::kNoGroup;
}

absl::Status RecordFilter::Decode(const ScannedRecord& record,
                                  store::v1::StoredFeedback& body) const {
  return storage::DecodeFeedbackBody(record.value, body)
             ? absl::OkStatus()
             : Error(v1::ERROR_REASON_STORE_DAMAGED, "a record cannot be decoded",
                     {{"survey_id", SurveyOf(record).definition->survey_id()}});
}

bool IsChosenAmong(const MetricQuery& query, const storage::FeedbackHeader& header) {
  return query.respondent_rule != v1::RESPONDENT_RULE_ALL && header.score.has_value() &&
         header.customer_ordinal != storage::kAnonymous &&
         (header.exclusion_reason == storage::kCountedDisposition || query.include_excluded);
}

absl::Status ScanAnswers(const storage::Store& store, const MetricQuery& query,
                         const SeriesGroups& groups, absl::Span<const MsSpan> buckets,
                         bool only_what_stays, TallyGrid& grid, storage::ReadCost& cost) {
  RecordFilter filter(query, groups);
  if (buckets.empty()) {
    return absl::OkStatus();
  }
  // RocksDB is quicker from old to new.
  const bool newest_first =
      only_what_stays && query.respondent_rule == v1::RESPONDENT_RULE_LATEST_PER_CUSTOMER;
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
                                           RETURN_IF_ERROR(counter.Count(record, group));
                                         }
                                         return !grid.is_full();
                                       }));
  counter.Finish();
  return grid.bins_past_scale() == 0 ? absl::OkStatus()
                                     : Damaged("a record has a score that its scale has not");
}

}  // namespace emptychair
