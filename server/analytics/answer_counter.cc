#include "server/analytics/answer_counter.h"

#include "common/base/errors.h"

namespace emptychair {

AnswerCounter::AnswerCounter(const MetricQuery& query, bool newest_first,
                             absl::Span<const storage::MsSpan> buckets, storage::TallyGrid& grid)
    : query_(query),
      newest_first_(newest_first),
      first_wins_(newest_first ==
                  (query.respondent_rule == v1::RESPONDENT_RULE_LATEST_PER_CUSTOMER)),
      scale_size_(query.method->scale_size()),
      buckets_(buckets),
      last_bucket_(static_cast<int64_t>(buckets.size()) - 1),
      counts_at_end_(!first_wins_ && last_bucket_ == 0),
      bucket_(newest_first ? last_bucket_ : 0),
      counts_(grid) {
  if (query.respondent_rule != v1::RESPONDENT_RULE_ALL) {
    chosen_.resize(size_t{query.view->counters.last_customer_ordinal()} + 1);
  }
}

void AnswerCounter::Finish() {
  if (counts_at_end_) {
    for (const Chosen& chosen : chosen_) {
      if (chosen.bucket_number != 0) {
        AddChosen(PointsWith(0), chosen, 1);
      }
    }
  }
  counts_.Finish();
}

absl::Status AnswerCounter::OffScale() {
  return Error(v1::ERROR_REASON_STORE_DAMAGED, "a record has a score that its scale has not");
}

absl::Status AnswerCounter::NoSuchCustomer() {
  return Error(v1::ERROR_REASON_STORE_DAMAGED, "a record names a customer that there is not");
}

}  // namespace emptychair
