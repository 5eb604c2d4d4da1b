#include "tests/storage/harness/activity_recount.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "storage/format/activities.h"
#include "storage/format/changes.h"
#include "storage/format/external_ids.h"
#include "storage/format/keyed_hash.h"
#include "storage/format/keys.h"
#include "storage/format/values.h"
#include "tests/storage/harness/dump_reader.h"
#include "tests/storage/harness/subscription_recount.h"

namespace emptychair::storage {
namespace {

constexpr size_t kKindsMax = 256;
// Of sets and units, as docs/storage_format.md has them.
constexpr int kActive = 1;
constexpr int kActivePositive = 2;
constexpr int kFirstEver = 3;
constexpr int kFirstEverPositive = 4;
constexpr int kTwice = 5;
constexpr int kDay = 2;
constexpr int kMonth = 3;

struct DumpedActivity {
  ActivityKey key;
  ActivityHeader header;
  store::v1::StoredActivity body;

  int64_t day() const { return absl::CivilDay(Local()) - absl::CivilDay(1970); }
  bool is_positive() const {
    return header.amount.has_value() && (header.amount->units > 0 || header.amount->nanos > 0);
  }
  int64_t month() const { return absl::CivilMonth(Local()) - absl::CivilMonth(1970); }

 private:
  absl::CivilSecond Local() const {
    return absl::FixedTimeZone(header.zone_offset_seconds)
        .At(absl::FromUnixMillis(key.id.UnixMs()))
        .cs;
  }
};

std::string ToText(const SetRow& row) {
  const auto& [kind, set, unit, bucket] = row;
  return absl::StrCat("kind ", kind, " set ", set, " unit ", unit, " bucket ", bucket);
}

uint16_t MemberAt(absl::string_view bytes, size_t at) {
  return static_cast<uint16_t>(static_cast<uint8_t>(bytes[at]) | static_cast<uint8_t>(bytes[at + 1])
                                                                     << 8);
}

// The members of a stored row, read anew from the description of its bytes.
std::optional<std::vector<uint32_t>> MembersOf(absl::string_view row) {
  std::vector<uint32_t> members;
  if (absl::StartsWith(row, "\x01\x01") && row.size() % 2 == 0) {
    for (size_t at = 2; at < row.size(); at += 2) {
      members.push_back(MemberAt(row, at));
    }
    const bool ascends = std::is_sorted(members.begin(), members.end()) &&
                         std::adjacent_find(members.begin(), members.end()) == members.end();
    return ascends && members.size() <= 4096 ? std::optional(members) : std::nullopt;
  }
  if (!absl::StartsWith(row, "\x01\x02") || row.size() != 2 + 8192) {
    return std::nullopt;
  }
  for (uint32_t member = 0; member < 65'536; ++member) {
    if ((static_cast<uint8_t>(row[2 + member / 8]) >> (member % 8) & 1) != 0) {
      members.push_back(member);
    }
  }
  return members.size() > 4096 ? std::optional(members) : std::nullopt;
}

// Looks from the activities to all else, and demands that there is nothing else.
class ActivityCheck {
 public:
  ActivityCheck(const DatabaseDump& dump, std::vector<std::string>& faults)
      : dump_(dump),
        faults_(faults),
        counters_(MetaMessage<store::v1::StoredCounters>(dump, CountersKey(), faults)),
        hash_(HashOf(MetaMessage<store::v1::StoredIdentity>(dump, IdentityKey(), faults))) {}

  void Run() {
    ReadKinds();
    ReadActivities();
    CheckCounters();
    CheckByCustomer();
    CheckById();
    CheckImports();
    CheckChanges();
    CheckSets();
  }

 private:
  static KeyedHash HashOf(const store::v1::StoredIdentity& identity) {
    KeyedHash::Secret secret{};
    identity.hash_secret().copy(reinterpret_cast<char*>(secret.data()), secret.size());
    return KeyedHash(secret);
  }

  void Fault(const std::string& text) { faults_.push_back(text); }

  // Deleted, or not there at all: that is a fault of its own.
  bool IsBeingPurged(uint32_t kind_number) const {
    const auto found = kinds_.find(kind_number);
    return found != kinds_.end() && found->second.delete_time_ms() != 0;
  }

  void ReadKinds() {
    std::set<std::string> names;
    for (const auto& [key, value] : FamilyOf(dump_, "meta")) {
      if (!absl::StartsWith(key, "kind/")) {
        continue;
      }
      store::v1::StoredActivityKind kind;
      const auto number = DecodeActivityKindKey(key);
      if (!number.has_value() || !DecodeMessage(value, kind) || kind.kind_number() != *number ||
          *number == 0 || *number > counters_.last_kind_number() || kind.kind().empty() ||
          kind.time_zone().empty()) {
        Fault(absl::StrCat("activity kind ", absl::BytesToHexString(key), " is damaged"));
        continue;
      }
      kinds_[*number] = kind;
      if (kind.delete_time_ms() == 0 && !names.insert(kind.kind()).second) {
        Fault(absl::StrCat("two activity kinds are called ", kind.kind()));
      }
    }
    if (kinds_.size() > kKindsMax) {
      Fault(absl::StrCat(kinds_.size(), " activity kinds"));
    }
  }

  void ReadActivities() {
    std::set<std::pair<uint32_t, std::string>> ids;
    for (const auto& [key, value] : FamilyOf(dump_, "activity")) {
      const auto decoded_key = ActivityKey::Decode(key);
      const auto header = DecodeActivityHeader(value);
      DumpedActivity activity;
      if (!decoded_key.has_value() || !header.has_value() ||
          (!header->is_erased && !DecodeActivityBody(value, activity.body))) {
        Fault(absl::StrCat("activity ", absl::BytesToHexString(key), " does not decode"));
        continue;
      }
      activity.key = *decoded_key;
      activity.header = *header;
      const auto kind = kinds_.find(activity.key.kind_number);
      if (kind == kinds_.end()) {
        Fault(absl::StrCat("activity ", activity.key.id.ToString(), " is of no kind"));
        continue;
      }
      if (header->is_erased) {
        tombstones_.push_back(activity);
        continue;
      }
      const std::string& id = activity.body.activity_id();
      if (activity.body.is_anonymized()) {
        if (!id.empty() || activity.body.labels_size() != 0) {
          Fault(absl::StrCat("the anonymized activity ", activity.key.id.ToString(), " says more"));
        }
        activities_.push_back(std::move(activity));
        continue;
      }
      if (!ids.emplace(activity.key.kind_number, id).second) {
        Fault(absl::StrCat("two activities have the id ", id));
      }
      if (activity.key.id !=
          DerivedActivityId(hash_, kind->second.kind(), id, activity.key.id.UnixMs())) {
        Fault(absl::StrCat("the own id of the activity ", id, " does not follow from it"));
      }
      if (header->customer_ordinal == kAnonymous ||
          header->customer_ordinal > counters_.last_customer_ordinal()) {
        Fault(absl::StrCat("activity ", id, " is of customer ", header->customer_ordinal));
      }
      activities_.push_back(std::move(activity));
    }
  }

  void CheckCounters() {
    if (counters_.activity_count() != activities_.size()) {
      Fault(absl::StrCat(activities_.size(), " activities, but ", counters_.activity_count(),
                         " counted"));
    }
  }

  // The entries' marks by key; of activities that share an entry one positive amount is enough.
  void CheckByCustomer() {
    std::map<std::string, ActivityMark> wanted;
    for (const DumpedActivity& activity : activities_) {
      ActivityMark& mark = wanted[ActivityByCustomerKey{
          activity.header.customer_ordinal, activity.key.kind_number, StartOf(activity.key.id)}
                                      .Encode()];
      mark.zone_offset_seconds = activity.header.zone_offset_seconds;
      mark.is_positive |= activity.is_positive();
    }
    const auto& stored = FamilyOf(dump_, "activity_by_customer");
    for (const auto& [key, value] : stored) {
      const auto mark = DecodeActivityMark(value);
      const auto decoded_key = ActivityByCustomerKey::Decode(key);
      const auto found = wanted.find(key);
      if (!mark.has_value() || !decoded_key.has_value()) {
        Fault("an entry of the activities by customer does not decode");
      } else if (found == wanted.end() ||
                 (found->second != *mark && !IsBeingPurged(decoded_key->kind_number))) {
        Fault(absl::StrCat("an entry of customer ", decoded_key->customer_ordinal, " and kind ",
                           decoded_key->kind_number, " has another mark or no activity"));
      }
    }
    for (const auto& [key, mark] : wanted) {
      // Of several that share one the first to be purged takes it along.
      if (stored.count(key) == 0 &&
          !IsBeingPurged(ActivityByCustomerKey::Decode(key)->kind_number)) {
        Fault(absl::StrCat("an activity has no entry ", absl::BytesToHexString(key)));
      }
    }
  }

  void CheckById() {
    // By key the times of activities, and the own ids of erased ones.
    std::map<std::string, std::multiset<int64_t>> wanted;
    std::map<std::string, std::multiset<int64_t>> stored;
    for (const DumpedActivity& activity : activities_) {
      if (activity.body.is_anonymized()) {
        continue;
      }
      const IdHash hash = hash_(HashPurpose::kActivityId, activity.body.activity_id());
      wanted[ActivityIdKey{activity.key.kind_number, Shortened(hash)}.Encode()].insert(
          activity.key.id.UnixMs());
    }
    std::set<std::string> erased;
    for (const auto& [key, value] : FamilyOf(dump_, "activity_by_id")) {
      const auto decoded_key = ActivityIdKey::Decode(key);
      const auto entries = DecodeExternalIdEntries(value);
      if (!decoded_key.has_value() || !entries.has_value() ||
          kinds_.count(decoded_key->kind_number) == 0) {
        Fault("an entry of the activities by id does not decode or is of no kind");
        continue;
      }
      for (const ExternalIdEntry& entry : *entries) {
        if (entry.kind == ExternalIdEntry::Kind::kDerived) {
          stored[key].insert(entry.unix_ms);
        } else if (entry.kind == ExternalIdEntry::Kind::kGiven ||
                   Shortened(entry.hash) != decoded_key->activity_id_hash ||
                   !erased.insert(ActivityKey{decoded_key->kind_number, entry.feedback_id}.Encode())
                        .second) {
          Fault("an entry of the activities by id is of another kind or under another hash");
        }
      }
    }
    CompareById(wanted, stored);
    CompareErased(erased);
  }

  // Activities of a deleted kind are purged before their entries by id.
  void CompareById(const std::map<std::string, std::multiset<int64_t>>& wanted,
                   const std::map<std::string, std::multiset<int64_t>>& stored) {
    for (const auto& [key, times] : wanted) {
      const auto found = stored.find(key);
      if (found == stored.end() ||
          !std::includes(found->second.begin(), found->second.end(), times.begin(), times.end())) {
        Fault(absl::StrCat("an activity has no entry by id ", absl::BytesToHexString(key)));
      }
    }
    for (const auto& [key, times] : stored) {
      const auto found = wanted.find(key);
      if ((found == wanted.end() || found->second.size() < times.size()) &&
          !IsBeingPurged(ActivityIdKey::Decode(key)->kind_number)) {
        Fault(absl::StrCat("the entry by id ", absl::BytesToHexString(key), " has no activity"));
      }
    }
  }

  void CompareErased(std::set<std::string> entries) {
    for (const DumpedActivity& tombstone : tombstones_) {
      if (entries.erase(tombstone.key.Encode()) == 0) {
        Fault(absl::StrCat("the erased activity ", tombstone.key.id.ToString(),
                           " is not in the index by id"));
      }
    }
    for (const DumpedActivity& activity : activities_) {
      if (activity.body.is_anonymized() && entries.erase(activity.key.Encode()) == 0) {
        Fault(absl::StrCat("the anonymized activity ", activity.key.id.ToString(),
                           " is not in the index by id"));
      }
    }
    for (const std::string& key : entries) {
      if (!IsBeingPurged(ActivityKey::Decode(key)->kind_number)) {
        Fault("an activity's id is erased, but not the activity");
      }
    }
  }

  // An activity's import is one of its kind; none outlives its kind.
  void CheckImports() {
    std::map<uint32_t, uint32_t> kinds_of_imports;
    for (const auto& [key, value] : FamilyOf(dump_, "meta")) {
      store::v1::StoredImport import;
      const auto number = DecodeImportKey(key);
      if (!number.has_value() || !DecodeMessage(value, import) || import.kind_number() == 0) {
        continue;
      }
      kinds_of_imports[*number] = import.kind_number();
      if (kinds_.count(import.kind_number()) == 0 || import.survey_number() != 0 ||
          import.import_id().empty() || *number > counters_.last_import_number()) {
        Fault(absl::StrCat("import ", *number, " of a kind is damaged"));
      }
    }
    for (const DumpedActivity& activity : activities_) {
      const uint32_t number = activity.body.import_number();
      if (number != 0 && kinds_of_imports[number] != activity.key.kind_number) {
        Fault(absl::StrCat("activity ", activity.body.activity_id(), " is of import ", number,
                           ", which its kind does not have"));
      }
    }
  }

  // The newest change to each activity and kind is where that says it is.
  void CheckChanges() {
    std::map<uint64_t, ChangeLogEntry> changes;
    for (const auto& [key, value] : FamilyOf(dump_, "change")) {
      const auto first = DecodeChangeKey(key);
      const auto decoded = DecodeChanges(value);
      for (size_t i = 0; first.has_value() && decoded.has_value() && i < decoded->size(); ++i) {
        changes[*first + i] = (*decoded)[i];
      }
    }
    const uint64_t begin = changes.empty() ? UINT64_MAX : changes.begin()->first;
    const auto expect = [&](uint64_t sequence, const ChangeLogEntry& wanted) {
      if (sequence == 0 || (sequence >= begin && changes[sequence] != wanted)) {
        Fault(absl::StrCat("change ", sequence, " is not that of its activity or kind"));
      }
    };
    for (const DumpedActivity& activity : activities_) {
      expect(activity.header.sequence,
             {activity.body.is_anonymized() ? ChangeKind::kChanged : ChangeKind::kCreated,
              Entity::kActivity, activity.key.kind_number, activity.key.id});
    }
    for (const DumpedActivity& tombstone : tombstones_) {
      expect(tombstone.header.sequence,
             {ChangeKind::kErased, Entity::kActivity, tombstone.key.kind_number, tombstone.key.id});
    }
    for (const auto& [number, kind] : kinds_) {
      const ChangeKind change = kind.delete_time_ms() != 0  ? ChangeKind::kDeleted
                                : kind.zone_revision() != 0 ? ChangeKind::kChanged
                                                            : ChangeKind::kCreated;
      expect(kind.sequence(), {change, Entity::kActivityKind, number, Uuid()});
    }
  }

  // The sets that the activities make.
  CustomerSets RecountedSets() const {
    std::map<std::pair<uint32_t, uint32_t>, std::vector<const DumpedActivity*>> by_customer;
    for (const DumpedActivity& activity : activities_) {
      by_customer[{activity.key.kind_number, activity.header.customer_ordinal}].push_back(
          &activity);
    }
    CustomerSets sets;
    for (const auto& [kind_and_customer, activities] : by_customer) {
      const auto [kind, customer] = kind_and_customer;
      std::map<int64_t, int> counts;
      bool had_positive = false;
      // As the column family has them: in the order of time.
      for (const DumpedActivity* activity : activities) {
        const auto add = [&, kind = kind, customer = customer](int set) {
          sets[{kind, set, kDay, activity->day()}].insert(customer);
          sets[{kind, set, kMonth, activity->month()}].insert(customer);
        };
        add(kActive);
        if (activity == activities.front()) {
          add(kFirstEver);
        }
        if (activity->is_positive()) {
          add(kActivePositive);
          if (!std::exchange(had_positive, true)) {
            add(kFirstEverPositive);
          }
        }
        if (++counts[activity->day()] >= 2) {
          sets[{kind, kTwice, kDay, activity->day()}].insert(customer);
        }
      }
    }
    for (const auto& [number, kind] : kinds_) {
      if (kind.start_kind_number() != 0) {
        AddSubscription(kind, sets);
      }
    }
    return sets;
  }

  void AddSubscription(const store::v1::StoredActivityKind& kind, CustomerSets& sets) const {
    std::map<uint32_t, std::vector<SubscriptionEvent>> events;
    for (const DumpedActivity& activity : activities_) {
      const uint32_t number = activity.key.kind_number;
      if (number == kind.start_kind_number() || number == kind.end_kind_number()) {
        events[activity.header.customer_ordinal].push_back({activity.day(), activity.month(),
                                                            activity.key.id.UnixMs(),
                                                            number == kind.start_kind_number()});
      }
    }
    AddSubscriptionSets(kind.kind_number(), std::move(events), sets);
  }

  // Being built: its sets may lack customers.
  bool IsUnbuilt(uint32_t kind_number) const {
    const auto found = kinds_.find(kind_number);
    return found != kinds_.end() && found->second.build_ordinal() != 0;
  }

  void CheckSets() {
    const CustomerSets stored = StoredSets(dump_, faults_);
    const CustomerSets wanted = RecountedSets();
    const auto compare = [this](const CustomerSets& from, const CustomerSets& to, bool may_lack,
                                const char* fault) {
      for (const auto& [row, customers] : from) {
        const auto found = to.find(row);
        for (const uint32_t customer : customers) {
          if ((found == to.end() || found->second.count(customer) == 0) &&
              !IsBeingPurged(std::get<0>(row)) && !(may_lack && IsUnbuilt(std::get<0>(row)))) {
            Fault(absl::StrCat(ToText(row), ": customer ", customer, fault));
          }
        }
      }
    };
    compare(wanted, stored, /*may_lack=*/true, " is missing");
    compare(stored, wanted, /*may_lack=*/false, " does not belong there");
    for (const auto& [key, value] : FamilyOf(dump_, "active_set")) {
      const auto row = CustomerSetKey::Decode(key);
      if (row.has_value() && kinds_.count(row->kind_number) == 0) {
        Fault(absl::StrCat("kind ", row->kind_number, " is gone, but has a row of a set"));
      }
    }
  }

  const DatabaseDump& dump_;
  std::vector<std::string>& faults_;
  const store::v1::StoredCounters counters_;
  const KeyedHash hash_;
  std::map<uint32_t, store::v1::StoredActivityKind> kinds_;  // Deleted ones too.
  std::vector<DumpedActivity> activities_;
  std::vector<DumpedActivity> tombstones_;
};

}  // namespace

CustomerSets StoredSets(const DatabaseDump& dump, std::vector<std::string>& faults) {
  CustomerSets sets;
  for (const auto& [key, value] : FamilyOf(dump, "active_set")) {
    const auto row = CustomerSetKey::Decode(key);
    const auto members = MembersOf(value);
    if (!row.has_value() || !members.has_value()) {
      faults.push_back(absl::StrCat("set ", absl::BytesToHexString(key), " does not decode"));
      continue;
    }
    for (const uint32_t member : *members) {
      sets[{row->kind_number, static_cast<int>(row->set), static_cast<int>(row->unit), row->bucket}]
          .insert(row->chunk * 65'536 + member);
    }
  }
  return sets;
}

void RecountActivities(const DatabaseDump& dump, std::vector<std::string>& faults) {
  ActivityCheck(dump, faults).Run();
}

}  // namespace emptychair::storage
