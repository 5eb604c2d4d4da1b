#include "storage/check/subscription_recount.h"

#include "common/base/status_macros.h"
#include "storage/check/cube_recount.h"
#include "storage/check/customer_set_recount.h"
#include "storage/cube/cube_fold.h"

namespace emptychair::storage {
namespace {

constexpr int64_t kMsPerDay = 86'400'000;

// The activities of one kind that sets have, in the order of time.
class EventCursor {
 public:
  EventCursor(const Engine& engine, const View& view, uint32_t kind_number, TaskSteps& steps)
      : view_(view),
        steps_(steps),
        it_(engine, view, Family::kActivity, KindDataPrefix(kind_number),
            kind_number == UINT32_MAX ? "" : KindDataPrefix(kind_number + 1)) {
    it_->SeekToFirst();
  }

  // Goes to the next one.
  absl::Status Next() {
    unix_ms_.reset();
    for (; it_->Valid() && !unix_ms_.has_value(); it_->Next()) {
      RETURN_IF_ERROR(steps_.Step());
      const std::optional<ActivityKey> key = ActivityKey::Decode(ToView(it_->key()));
      const std::optional<ActivityHeader> header = DecodeActivityHeader(ToView(it_->value()));
      if (key.has_value() && header.has_value() && !header->is_erased &&
          !view_.erasing->IsLeaving(header->customer_ordinal) &&
          !WhyInNoSet(view_, *header).has_value()) {
        unix_ms_ = key->id.UnixMs();
        header_ = *header;
      }
    }
    return FromRocksDb(it_->status(), "scanning the store");
  }

  // Nothing: there is none left.
  const std::optional<int64_t>& unix_ms() const { return unix_ms_; }
  const ActivityHeader& header() const { return header_; }

 private:
  const View& view_;
  TaskSteps& steps_;
  RangeIterator it_;
  std::optional<int64_t> unix_ms_;
  ActivityHeader header_;
};

}  // namespace

SubscriptionComparison::SubscriptionComparison(const Engine& engine, const View& view,
                                               uint32_t kind_number, ChunkWindow window,
                                               OnSetDifference on_difference)
    : window_(window),
      days_{
          {engine, view, kind_number, CustomerSet::kEntered, CubeUnit::kDay, window, on_difference},
          {engine, view, kind_number, CustomerSet::kLeft, CubeUnit::kDay, window, on_difference}},
      months_{{engine, view, kind_number, CustomerSet::kEntered, CubeUnit::kMonth, window,
               on_difference},
              {engine, view, kind_number, CustomerSet::kLeft, CubeUnit::kMonth, window,
               on_difference}} {}

absl::Status SubscriptionComparison::Add(int64_t unix_ms, const ActivityHeader& header,
                                         bool is_start) {
  const auto chunk = static_cast<uint16_t>(header.customer_ordinal / kCustomersPerChunk);
  if (!window_.Has(chunk)) {
    return absl::OkStatus();
  }
  if (utc_day_ != unix_ms / kMsPerDay) {
    utc_day_ = unix_ms / kMsPerDay;
    RETURN_IF_ERROR(open_.CompleteBefore(
        BucketsOf(unix_ms, -kZoneOffsetSecondsMax).day,
        [&](int32_t day, uint16_t of, const Day& events) { return CompleteDay(day, of, events); }));
  }
  const auto member = static_cast<uint16_t>(header.customer_ordinal % kCustomersPerChunk);
  Day& day = open_.At(BucketsOf(unix_ms, header.zone_offset_seconds).day, chunk);
  day.seen.Add(member);
  if (is_start) {
    day.started.Add(member);
  } else {
    day.started.Remove(member);
  }
  return absl::OkStatus();
}

absl::Status SubscriptionComparison::Finish() {
  RETURN_IF_ERROR(open_.CompleteBefore(
      kEndOfBuckets,
      [&](int32_t day, uint16_t of, const Day& events) { return CompleteDay(day, of, events); }));
  RETURN_IF_ERROR(CompleteMonth());
  for (Sets* sets : {&days_, &months_}) {
    RETURN_IF_ERROR(sets->entered.CompareRest());
    RETURN_IF_ERROR(sets->left.CompareRest());
  }
  return absl::OkStatus();
}

absl::Status SubscriptionComparison::CompleteDay(int32_t day, uint16_t chunk, const Day& events) {
  const int32_t month = BucketsOf(day * kMsPerDay, 0).month;
  if (month != month_) {
    RETURN_IF_ERROR(CompleteMonth());
    month_ = month;
  }
  CustomerSetRow& subscribed = subscribed_[chunk];
  subscribed_before_month_.try_emplace(chunk, subscribed);
  const CustomerSetRow before = subscribed;
  subscribed.Remove(events.seen);
  subscribed.Add(events.started);
  return Compare(days_, day, chunk, before, subscribed);
}

absl::Status SubscriptionComparison::CompleteMonth() {
  for (const auto& [chunk, before] : subscribed_before_month_) {
    RETURN_IF_ERROR(Compare(months_, *month_, chunk, before, subscribed_[chunk]));
  }
  subscribed_before_month_.clear();
  return absl::OkStatus();
}

absl::Status SubscriptionComparison::Compare(Sets& sets, int32_t bucket, uint16_t chunk,
                                             const CustomerSetRow& before,
                                             const CustomerSetRow& after) {
  CustomerSetRow entered = after;
  entered.Remove(before);
  CustomerSetRow left = before;
  left.Remove(after);
  RETURN_IF_ERROR(sets.entered.Compare(bucket, chunk, entered));
  return sets.left.Compare(bucket, chunk, left);
}

absl::Status CompareSubscriptionSets(const Engine& engine, const View& view,
                                     const store::v1::StoredActivityKind& kind, TaskSteps& steps,
                                     OnSetDifference on_difference) {
  for (const ChunkWindow& window : ChunkWindows(view)) {
    SubscriptionComparison comparison(engine, view, kind.kind_number(), window, on_difference);
    EventCursor starts(engine, view, kind.start_kind_number(), steps);
    EventCursor ends(engine, view, kind.end_kind_number(), steps);
    RETURN_IF_ERROR(starts.Next());
    RETURN_IF_ERROR(ends.Next());
    while (starts.unix_ms().has_value() || ends.unix_ms().has_value()) {
      const bool is_start = !ends.unix_ms().has_value() ||
                            (starts.unix_ms().has_value() && *starts.unix_ms() < *ends.unix_ms());
      EventCursor& next = is_start ? starts : ends;
      RETURN_IF_ERROR(comparison.Add(*next.unix_ms(), next.header(), is_start));
      RETURN_IF_ERROR(next.Next());
    }
    RETURN_IF_ERROR(comparison.Finish());
  }
  return absl::OkStatus();
}

}  // namespace emptychair::storage
