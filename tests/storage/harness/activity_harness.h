// Activities and their kinds as tests of the store write them.
#ifndef EMPTYCHAIR_TESTS_STORAGE_HARNESS_ACTIVITY_HARNESS_H_
#define EMPTYCHAIR_TESTS_STORAGE_HARNESS_ACTIVITY_HARNESS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "storage/format/activities.h"
#include "storage/format/keyed_hash.h"
#include "storage/read/activities.h"
#include "tests/storage/harness/store_harness.h"

namespace emptychair::storage {

// What a customer did, as a test writes it.
struct Deed {
  uint32_t kind_number = 1;  // 0: the one called `kind`, not known yet.
  uint32_t zone_revision = 0;
  std::string kind = "visit";
  std::string id = "v-1";
  std::string customer_id = "anna";
  int64_t time_ms = kNoonMs;
  bool sends_time = true;
  std::optional<Amount> amount;
  std::vector<std::pair<std::string, std::string>> labels;
  int32_t zone_offset_seconds = 0;
};

Amount Euros(int64_t units, int32_t nanos = 0);

// The activity's own id.
Uuid IdOf(const Deed& deed, const KeyedHash& hash);

CommandPtr RecordCommand(const KeyedHash& hash, const std::vector<Deed>& deeds,
                         const std::string& import_id = "");
CommandPtr DefineKindCommand(const std::string& kind, const std::string& time_zone);
// Of a subscription that the kinds with these numbers start and end.
CommandPtr DefineSubscriptionCommand(const std::string& kind, const std::string& time_zone,
                                     uint32_t start_kind, uint32_t end_kind);
CommandPtr DeleteKindCommand(uint32_t kind_number);
CommandPtr EraseActivityCommand(uint32_t kind_number, const std::string& activity_id);
CommandPtr TakeBackCommand(uint32_t kind_number, uint32_t import_number,
                           const std::vector<Uuid>& ids);

// How deeds ended, in words.
std::vector<std::string> Record(Store& store, const std::vector<Deed>& deeds,
                                const std::string& import_id = "");
std::string RecordOne(Store& store, const Deed& deed);

CommandResult DefineKind(Store& store, const std::string& kind, const std::string& time_zone);

// The activities of a kind, or of one customer in it, as a reader sees them.
std::vector<ActivityRecord> ActivitiesOf(const Store& store, const std::string& kind,
                                         std::optional<uint32_t> customer_ordinal = std::nullopt);

// Ids of so many activities of the kind and time whose own ids share their first 8 bytes.
std::vector<std::string> IdsThatShareTheirStart(const KeyedHash& hash, const std::string& kind,
                                                int64_t time_ms, size_t count);

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_TESTS_STORAGE_HARNESS_ACTIVITY_HARNESS_H_
