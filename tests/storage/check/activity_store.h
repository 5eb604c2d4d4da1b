// A small store of activities to damage, for tests of checks.
#ifndef EMPTYCHAIR_TESTS_STORAGE_CHECK_ACTIVITY_STORE_H_
#define EMPTYCHAIR_TESTS_STORAGE_CHECK_ACTIVITY_STORE_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "storage/format/activities.h"
#include "storage/format/customer_set.h"
#include "storage/format/external_ids.h"
#include "storage/format/keys.h"
#include "tests/storage/check/verify_harness.h"
#include "tests/storage/harness/activity_harness.h"

namespace emptychair::storage {

inline constexpr int64_t kDayMs = 86'400'000;
inline constexpr int32_t kMarchFirst = 19'783;  // 2024-03-01.

// Anna (customer 1) twice on 2024-03-01, once for money; Ben (2) forty days later.
inline std::vector<Deed> ThreeDeeds() {
  return {{.id = "v-1"},
          {.id = "v-2", .time_ms = kNoonMs + 3'600'000, .amount = Euros(5)},
          {.id = "v-3", .customer_id = "ben", .time_ms = kNoonMs + 40 * kDayMs}};
}

// A store with those activities of "visit" (number 1), a fourth that was erased, and an empty kind
// "purchase" (number 2).
class ActivityStore : public DamageableStore {
 public:
  ActivityStore() {
    for (const char* kind : {"visit", "purchase"}) {
      // No machine knows this one, so that activities can have any offset.
      EXPECT_OK(DefineKind(store(), kind, "Nowhere/Land").error);
    }
    Record(store(), ThreeDeeds());
    Record(store(), {{.id = "v-4", .customer_id = "ben"}});
    EXPECT_OK(RunCommand(store(), EraseActivityCommand(1, "v-4")).error);
  }
};

// The key of the activity of a customer; 0: of the erased one.
inline std::string KeyOf(const DatabaseDump& dump, uint32_t customer_ordinal) {
  for (const auto& [key, value] : dump.at("activity")) {
    const auto header = DecodeActivityHeader(value);
    if (header->is_erased == (customer_ordinal == 0) &&
        header->customer_ordinal == customer_ordinal) {
      return key;
    }
  }
  return "";
}

inline ActivityKey BensKey(const DatabaseDump& dump) {
  return *ActivityKey::Decode(KeyOf(dump, 2));
}

inline std::string BensEntry(const DatabaseDump& dump, uint32_t customer_ordinal = 2) {
  return ActivityByCustomerKey{customer_ordinal, 1, StartOf(BensKey(dump).id)}.Encode();
}

// The entry by id of Ben's activity (true), or of the erased one.
inline std::string EntryById(const DatabaseDump& dump, bool of_ben) {
  for (const auto& [key, value] : dump.at("activity_by_id")) {
    const ExternalIdEntry entry = DecodeExternalIdEntries(value)->front();
    if (of_ben ? entry.unix_ms == kNoonMs + 40 * kDayMs
               : entry.kind == ExternalIdEntry::Kind::kErased) {
      return key;
    }
  }
  return "";
}

// Replaces what Ben's activity says.
inline void PutBens(
    PlainDatabase& database, const DatabaseDump& dump,
    const std::function<void(ActivityHeader&, store::v1::StoredActivity&)>& change) {
  const std::string key = KeyOf(dump, 2);
  ActivityHeader header = *DecodeActivityHeader(dump.at("activity").at(key));
  store::v1::StoredActivity body;
  EXPECT_TRUE(DecodeActivityBody(dump.at("activity").at(key), body));
  change(header, body);
  database.Put("activity", key, EncodeActivity(header, body));
}

inline std::string RowOf(const std::vector<uint16_t>& members) {
  CustomerSetRow row;
  for (const uint16_t member : members) {
    row.Add(member);
  }
  return row.Encode();
}

inline std::string ActiveDay(int32_t day = kMarchFirst, uint32_t kind_number = 1,
                             uint16_t chunk = 0) {
  return CustomerSetKey{kind_number, CustomerSet::kActive, CubeUnit::kDay, day, chunk}.Encode();
}

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_TESTS_STORAGE_CHECK_ACTIVITY_STORE_H_
