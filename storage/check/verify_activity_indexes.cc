#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "storage/check/verify_parts.h"
#include "storage/format/activities.h"
#include "storage/format/external_ids.h"
#include "storage/read/activities.h"

namespace emptychair::storage {
namespace {

constexpr char kByCustomer[] = "activity_by_customer";
constexpr char kById[] = "activity_by_id";

Difference Missing(const VerifyRun& run, const ActivityKey& key, absl::string_view index,
                   absl::string_view stored) {
  return {DifferenceKind::kIndexEntryMissing, "",
          absl::StrCat(index, ": the entry of ", NameOfActivity(run, key)), std::string(stored),
          "an entry"};
}

ExternalIdEntry EntryById(const ActivityKey& key) {
  return {.kind = ExternalIdEntry::Kind::kDerived, .unix_ms = key.id.UnixMs()};
}

absl::StatusOr<bool> CustomersAgree(VerifyRun& run) {
  SetSum stored(run.sum_hash);
  RETURN_IF_ERROR(ScanIndex(run, Family::kActivityByCustomer, "activities by customer",
                            [&](absl::string_view key, absl::string_view value) {
                              const auto decoded = ActivityByCustomerKey::Decode(key);
                              if (!decoded.has_value() || !DecodeActivityMark(value).has_value()) {
                                return run.Report([&] { return Undecodable(kByCustomer, key); });
                              }
                              if (!run.IsPurged(decoded->kind_number)) {
                                stored.Add(key, value);
                              }
                              return absl::OkStatus();
                            }));
  return stored.Equals(run.activity_by_customer);
}

// What is stored by id.
struct IdSums {
  explicit IdSums(const KeyedHash& hash) : by_id(hash), erased(hash) {}

  HashedIndexSum by_id;
  SetSum erased;
};

absl::StatusOr<IdSums> SumOfIds(VerifyRun& run) {
  IdSums stored(run.sum_hash);
  RETURN_IF_ERROR(ScanIndex(
      run, Family::kActivityById, "activities by id",
      [&](absl::string_view key, absl::string_view value) {
        const auto decoded = ActivityIdKey::Decode(key);
        const auto entries = DecodeExternalIdEntries(value);
        const auto is_sound = [&](const ExternalIdEntry& entry) {
          return entry.kind == ExternalIdEntry::Kind::kDerived ||
                 (entry.kind == ExternalIdEntry::Kind::kErased &&
                  Shortened(entry.hash) == decoded->activity_id_hash);
        };
        if (!decoded.has_value() || !entries.has_value() || !absl::c_all_of(*entries, is_sound)) {
          return run.Report([&] { return Undecodable(kById, key); });
        }
        for (const ExternalIdEntry& entry : *entries) {
          if (run.IsPurged(decoded->kind_number)) {
            continue;
          }
          if (entry.kind == ExternalIdEntry::Kind::kErased) {
            stored.erased.Add(ActivityKey{decoded->kind_number, entry.feedback_id}.Encode(), "");
          } else {
            stored.by_id.Add(key, EncodeExternalIdEntries({entry}));
          }
        }
        return absl::OkStatus();
      }));
  return stored;
}

// Looks from each activity to its entries, and counts those that are erased.
absl::Status NameMissing(VerifyRun& run, bool customers_agree, const IdSums& ids,
                         std::map<uint32_t, int64_t>& erased) {
  RETURN_IF_ERROR(run.steps.Begin("entries of activities that are missing"));
  store::v1::StoredActivity body;
  return ScanFamily(
      run.engine, run.view, Family::kActivity,
      [&](absl::string_view key_bytes, absl::string_view value) -> absl::Status {
        RETURN_IF_ERROR(run.steps.Step());
        const std::optional<ActivityKey> key = ActivityKey::Decode(key_bytes);
        const std::optional<ActivityHeader> header = DecodeActivityHeader(value);
        if (!key.has_value() || !header.has_value() || run.IsPurged(key->kind_number)) {
          return absl::OkStatus();
        }
        if (header->is_erased) {
          ++erased[key->kind_number];
          return absl::OkStatus();
        }
        std::string stored;
        if (!customers_agree) {
          const ActivityByCustomerKey entry{header->customer_ordinal, key->kind_number,
                                            StartOf(key->id)};
          ASSIGN_OR_RETURN(const bool found,
                           run.Get(Family::kActivityByCustomer, entry.Encode(), &stored));
          if (!found) {
            RETURN_IF_ERROR(run.Report([&] { return Missing(run, *key, kByCustomer, ""); }));
          }
        }
        if (!DecodeActivityBody(value, body) || body.activity_id().empty()) {
          erased[key->kind_number] += body.is_anonymized() ? 1 : 0;
          return absl::OkStatus();
        }
        const std::string by_id = ActivityIdKeyOf(run.hash, key->kind_number, body.activity_id());
        if (!ids.by_id.MayDiffer(run.activity_by_id, by_id)) {
          return absl::OkStatus();
        }
        ASSIGN_OR_RETURN(const bool found, run.Get(Family::kActivityById, by_id, &stored));
        const auto sharing = DecodeExternalIdEntries(stored);
        const bool is_there =
            found && (!sharing.has_value() || absl::c_linear_search(*sharing, EntryById(*key)));
        return is_there
                   ? absl::OkStatus()
                   : run.Report([&] { return Missing(run, *key, kById, found ? "others" : ""); });
      });
}

// What the activities under an entry by customer make of it.
struct MadeMark {
  bool is_known = true;  // False: one does not decode, and is named where activities are checked.
  std::set<int32_t> zone_offsets;  // Almost always one. Empty: there are no activities.
  bool is_positive = false;
};
absl::StatusOr<MadeMark> MakeMark(const VerifyRun& run, const ActivityByCustomerKey& entry) {
  MadeMark made;
  RETURN_IF_ERROR(LookUnder(
      run, Family::kActivity, ActivityKeyPrefix(entry.kind_number, entry.id_start),
      [&](absl::string_view, absl::string_view value) {
        const auto header = DecodeActivityHeader(value);
        if (!header.has_value()) {
          made.is_known = false;
        } else if (!header->is_erased && header->customer_ordinal == entry.customer_ordinal) {
          made.zone_offsets.insert(header->zone_offset_seconds);
          made.is_positive |= header->is_positive();
        }
        return true;
      }));
  return made;
}

std::string ToText(bool is_positive, int32_t zone_offset_seconds) {
  return absl::StrCat(is_positive ? "a positive amount" : "no positive amount", ", zone offset ",
                      zone_offset_seconds, " s");
}

absl::Status NameExtraByCustomer(VerifyRun& run) {
  RETURN_IF_ERROR(run.steps.Begin("entries of activities too many by customer"));
  return ScanFamily(
      run.engine, run.view, Family::kActivityByCustomer,
      [&](absl::string_view key_bytes, absl::string_view value) -> absl::Status {
        RETURN_IF_ERROR(run.steps.Step());
        const auto key = ActivityByCustomerKey::Decode(key_bytes);
        const auto mark = DecodeActivityMark(value);
        if (!key.has_value() || !mark.has_value() || run.IsPurged(key->kind_number)) {
          return absl::OkStatus();
        }
        ASSIGN_OR_RETURN(const MadeMark made, MakeMark(run, *key));
        const std::set<int32_t>& offsets = made.zone_offsets;
        if (!made.is_known || (mark->is_positive == made.is_positive &&
                               offsets.count(mark->zone_offset_seconds) != 0)) {
          return absl::OkStatus();
        }
        return run.Report([&] {
          const std::string where =
              absl::StrCat(kByCustomer, ": an entry of customer ", key->customer_ordinal,
                           " in kind ", run.NameOfKind(key->kind_number));
          return offsets.empty()
                     ? Difference{DifferenceKind::kIndexEntryExtra, "", where, "an entry", ""}
                     : Difference{DifferenceKind::kIndexEntryExtra, "", where,
                                  ToText(mark->is_positive, mark->zone_offset_seconds),
                                  ToText(made.is_positive, *offsets.begin())};
        });
      });
}

// How many activities make the entry; nothing when one that does not decode may.
absl::StatusOr<std::optional<int64_t>> MakersOf(const VerifyRun& run, uint32_t kind_number,
                                                absl::string_view key_bytes, int64_t unix_ms) {
  const std::string begin = ActivityKey{kind_number, Uuid::LowestAt(unix_ms)}.Encode();
  constexpr size_t kKindAndTime = 10;
  std::optional<int64_t> makers = 0;
  store::v1::StoredActivity body;
  RETURN_IF_ERROR(LookUnder(
      run, Family::kActivity, absl::string_view(begin).substr(0, kKindAndTime),
      [&](absl::string_view, absl::string_view value) {
        const std::optional<ActivityHeader> header = DecodeActivityHeader(value);
        if (!header.has_value() || !DecodeActivityBody(value, body)) {
          makers.reset();
        } else if (!header->is_erased &&
                   ActivityIdKeyOf(run.hash, kind_number, body.activity_id()) == key_bytes) {
          ++*makers;
        }
        return makers.has_value();
      }));
  return makers;
}

// Whether an entry leads to an activity that is erased or anonymized, or to one that does not
// decode, which is named where activities are checked. Counts the former.
absl::StatusOr<bool> LeadsToAnErased(const VerifyRun& run, const ActivityKey& key,
                                     std::map<uint32_t, int64_t>& led_to) {
  std::string value;
  ASSIGN_OR_RETURN(const bool found, run.Get(Family::kActivity, key.Encode(), &value));
  const std::optional<ActivityHeader> header = DecodeActivityHeader(value);
  store::v1::StoredActivity body;
  const bool decodes = header.has_value() && (header->is_erased || DecodeActivityBody(value, body));
  const bool is_erased = decodes && (header->is_erased || body.is_anonymized());
  led_to[key.kind_number] += is_erased ? 1 : 0;
  return found && (!decodes || is_erased);
}

// Names entries that lead nowhere, and counts those that lead to what is erased.
absl::Status NameExtraById(VerifyRun& run, const IdSums& ids, std::map<uint32_t, int64_t>& led_to) {
  RETURN_IF_ERROR(run.steps.Begin("entries of activities too many by id"));
  return ScanFamily(
      run.engine, run.view, Family::kActivityById,
      [&](absl::string_view key_bytes, absl::string_view value) -> absl::Status {
        RETURN_IF_ERROR(run.steps.Step());
        const auto key = ActivityIdKey::Decode(key_bytes);
        const auto entries = DecodeExternalIdEntries(value);
        if (!key.has_value() || !entries.has_value() || run.IsPurged(key->kind_number)) {
          return absl::OkStatus();
        }
        for (auto entry = entries->begin(); entry != entries->end(); ++entry) {
          bool is_extra = false;
          if (entry->kind == ExternalIdEntry::Kind::kErased) {
            ASSIGN_OR_RETURN(const bool leads,
                             LeadsToAnErased(run, {key->kind_number, entry->feedback_id}, led_to));
            is_extra = !leads;
          } else if (ids.by_id.MayDiffer(run.activity_by_id, key_bytes)) {
            ASSIGN_OR_RETURN(const std::optional<int64_t> makers,
                             MakersOf(run, key->kind_number, key_bytes, entry->unix_ms));
            // The same entry stands there once for each.
            is_extra = makers.has_value() && std::count(entries->begin(), entry, *entry) >= *makers;
          }
          if (is_extra) {
            RETURN_IF_ERROR(run.Report([&] {
              return Difference{
                  DifferenceKind::kIndexEntryExtra, "",
                  absl::StrCat(
                      kById, ": an entry of ",
                      entry->kind == ExternalIdEntry::Kind::kErased
                          ? absl::StrCat("the erased activity ", entry->feedback_id.ToString())
                          : absl::StrCat("an activity of ", entry->unix_ms, " ms"),
                      " of kind ", run.NameOfKind(key->kind_number)),
                  "an entry", ""};
            }));
          }
        }
        return absl::OkStatus();
      });
}

// The ids of erased activities are in their entries alone, so that nothing leads to one that is
// missing: they can only be counted.
absl::Status NameErasedMissing(VerifyRun& run, const std::map<uint32_t, int64_t>& erased,
                               std::map<uint32_t, int64_t>& led_to) {
  for (const auto& [kind_number, count] : erased) {
    if (led_to[kind_number] < count) {
      RETURN_IF_ERROR(run.Report([&, number = kind_number, wanted = count] {
        return Difference{DifferenceKind::kIndexEntryMissing, "",
                          absl::StrCat(kById, ": the entries of erased activities of kind ",
                                       run.NameOfKind(number)),
                          absl::StrCat(led_to[number], " entries"),
                          absl::StrCat(wanted, " entries")};
      }));
    }
  }
  return absl::OkStatus();
}

}  // namespace

// Two sequential passes tell whether there is any difference; only then is each entry looked up.
absl::Status CheckActivityIndexes(VerifyRun& run) {
  ASSIGN_OR_RETURN(const bool customers_agree, CustomersAgree(run));
  ASSIGN_OR_RETURN(const IdSums ids, SumOfIds(run));
  const bool ids_agree =
      ids.by_id.Equals(run.activity_by_id) && ids.erased.Equals(run.erased_activities);
  if (customers_agree && ids_agree) {
    return absl::OkStatus();
  }
  std::map<uint32_t, int64_t> erased;
  RETURN_IF_ERROR(NameMissing(run, customers_agree, ids, erased));
  if (!customers_agree) {
    RETURN_IF_ERROR(NameExtraByCustomer(run));
  }
  if (ids_agree) {
    return absl::OkStatus();
  }
  std::map<uint32_t, int64_t> led_to;
  RETURN_IF_ERROR(NameExtraById(run, ids, led_to));
  return NameErasedMissing(run, erased, led_to);
}

}  // namespace emptychair::storage
