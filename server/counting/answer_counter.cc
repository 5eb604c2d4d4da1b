#include "server/counting/answer_counter.h"

#include <cassert>

#include "common/base/errors.h"

namespace emptychair {

AnswerCounter::AnswerCounter(const MetricQuery& query, bool newest_first,
                             absl::Span<const storage::MsSpan> buckets, storage::TallyGrid& grid,
                             CustomerAnswers* customers)
    : query_(query),
      newest_first_(newest_first),
      first_wins_(newest_first ==
                  (query.respondent_rule == v1::RESPONDENT_RULE_LATEST_PER_CUSTOMER)),
      scale_size_(query.method->scale_size()),
      buckets_(buckets),
      last_bucket_(static_cast<int64_t>(buckets.size()) - 1),
      counts_at_end_(!first_wins_ && last_bucket_ == 0),
      counts_(grid),
      answers_(customers),
      number_(static_cast<BucketNumber>(newest_first ? buckets.size() : 1)),
      here_(buckets[number_ - 1]),
      points_(PointsWith(number_)) {
  customers_ = size_t{query.view->counters.last_customer_ordinal()} + 1;
  if (query.respondent_rule == v1::RESPONDENT_RULE_ALL) {
    return;
  }
  assert(customers == nullptr || buckets.size() == 1);
  if (first_wins_) {
    seen_.resize(customers_);
  } else {
    chosen_.resize(customers_);
  }
}

// Buckets have no gaps between them.
void AnswerCounter::MoveTo(int64_t time_ms) {
  while (time_ms >= buckets_[number_ - 1].end_ms) {
    ++number_;
  }
  while (time_ms < buckets_[number_ - 1].start_ms) {
    --number_;
  }
  here_ = buckets_[number_ - 1];
  points_ = PointsWith(number_);
}

void AnswerCounter::Finish() {
  if (counts_at_end_) {
    for (uint32_t customer = 0; customer < chosen_.size(); ++customer) {
      const Chosen& chosen = chosen_[customer];
      if (chosen.bucket != 0) {
        counts_.AddChosen(chosen.group, PointsWith(chosen.bucket), chosen.bin, 1);
        if (answers_ != nullptr) {
          answers_->Add(chosen.group, 0, customer, chosen.bin);
        }
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
