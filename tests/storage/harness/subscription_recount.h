// The sets that the starts and ends of a subscription make, told by all of them anew each time.
#ifndef EMPTYCHAIR_TESTS_STORAGE_HARNESS_SUBSCRIPTION_RECOUNT_H_
#define EMPTYCHAIR_TESTS_STORAGE_HARNESS_SUBSCRIPTION_RECOUNT_H_

#include <algorithm>
#include <cstdint>
#include <map>
#include <tuple>
#include <vector>

#include "tests/storage/harness/activity_recount.h"

namespace emptychair::storage {

struct SubscriptionEvent {
  int64_t day;
  int64_t month;
  int64_t unix_ms;
  bool is_start;
};

// Adds the sets of one subscription, by the events of each customer, in any order.
inline void AddSubscriptionSets(uint32_t kind_number,
                                std::map<uint32_t, std::vector<SubscriptionEvent>> by_customer,
                                CustomerSets& sets) {
  constexpr int kEntered = 6;
  constexpr int kLeft = 7;
  constexpr int kDay = 2;
  constexpr int kMonth = 3;
  for (auto& [customer, events] : by_customer) {
    std::sort(events.begin(), events.end(), [](const auto& a, const auto& b) {
      return std::tie(a.day, a.unix_ms, a.is_start) < std::tie(b.day, b.unix_ms, b.is_start);
    });
    for (const int unit : {kDay, kMonth}) {
      const auto bucket_of = [unit](const SubscriptionEvent& event) {
        return unit == kDay ? event.day : event.month;
      };
      const auto is_subscribed_after = [&, &events = events](int64_t bucket) {
        bool is_subscribed = false;
        for (const SubscriptionEvent& event : events) {
          is_subscribed = bucket_of(event) <= bucket ? event.is_start : is_subscribed;
        }
        return is_subscribed;
      };
      for (const SubscriptionEvent& event : events) {
        const int64_t bucket = bucket_of(event);
        const bool before = is_subscribed_after(bucket - 1);
        if (before != is_subscribed_after(bucket)) {
          sets[{kind_number, before ? kLeft : kEntered, unit, bucket}].insert(customer);
        }
      }
    }
  }
}

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_TESTS_STORAGE_HARNESS_SUBSCRIPTION_RECOUNT_H_
