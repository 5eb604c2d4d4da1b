#include <optional>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "storage/check/verify_parts.h"

namespace emptychair::storage {
namespace {

Difference Missing(const VerifyRun& run, const FeedbackKey& key, absl::string_view index,
                   absl::string_view stored) {
  return {DifferenceKind::kIndexEntryMissing, run.NameOf(key.survey_number),
          absl::StrCat(index, ": the entry of ", NameOfRecord(run, key)), std::string(stored),
          "an entry"};
}

Difference Extra(const VerifyRun& run, const FeedbackKey& key, absl::string_view index) {
  return {DifferenceKind::kIndexEntryExtra, run.NameOf(key.survey_number),
          absl::StrCat(index, ": an entry of ", NameOfRecord(run, key)), "an entry", ""};
}

// What the record under `key` makes; nothing when it is absent. A record that does not decode is
// named where records are checked: whatever leads to it is left alone.
struct RecordEntries {
  bool decodes = false;
  IndexEntries entries;
};
absl::StatusOr<std::optional<RecordEntries>> ReadEntries(const VerifyRun& run,
                                                         const FeedbackKey& key) {
  std::string value;
  ASSIGN_OR_RETURN(const bool found, run.Get(Family::kFeedback, key.Encode(), &value));
  if (!found) {
    return std::nullopt;
  }
  const std::optional<FeedbackHeader> header = DecodeFeedbackHeader(value);
  store::v1::StoredFeedback body;
  if (!header.has_value() || !DecodeFeedbackBody(value, body)) {
    return RecordEntries();
  }
  return RecordEntries{true,
                       EntriesOf(run.hash, run.NameOf(key.survey_number), key, *header, body)};
}

absl::StatusOr<bool> CustomersAgree(VerifyRun& run) {
  SetSum stored(run.sum_hash);
  RETURN_IF_ERROR(
      ScanIndex(run, Family::kFeedbackByCustomer, "index by customer",
                [&](absl::string_view key, absl::string_view value) {
                  if (!FeedbackByCustomerKey::Decode(key).has_value() || !value.empty()) {
                    return run.Report([&] { return Undecodable("feedback_by_customer", key); });
                  }
                  stored.Add(key, value);
                  return absl::OkStatus();
                }));
  return stored.Equals(run.by_customer);
}

// Whether an external id that is kept without its text belongs to a record that is erased or
// anonymized. A deleted
// survey's records are removed before such entries.
absl::Status CheckErased(VerifyRun& run, const FeedbackKey& key) {
  std::string value;
  ASSIGN_OR_RETURN(const bool found, run.Get(Family::kFeedback, key.Encode(), &value));
  const std::optional<FeedbackHeader> header = DecodeFeedbackHeader(value);
  const auto survey = run.surveys.find(key.survey_number);
  const bool is_purged =
      !found && survey != run.surveys.end() && survey->second.definition->delete_time_ms() != 0;
  store::v1::StoredFeedback body;
  if (is_purged || (found && (!header.has_value() || header->is_erased ||
                              !DecodeFeedbackBody(value, body) || body.is_anonymized()))) {
    return absl::OkStatus();
  }
  return run.Report([&] { return Extra(run, key, "feedback_by_external_id"); });
}

absl::StatusOr<HashedIndexSum> SumOfExternalIds(VerifyRun& run) {
  HashedIndexSum stored(run.sum_hash);
  RETURN_IF_ERROR(ScanIndex(
      run, Family::kFeedbackByExternalId, "index by external id",
      [&](absl::string_view key, absl::string_view value) -> absl::Status {
        const auto decoded_key = ExternalIdKey::Decode(key);
        const auto entries = DecodeExternalIdEntries(value);
        if (!decoded_key.has_value() || !entries.has_value()) {
          return run.Report([&] { return Undecodable("feedback_by_external_id", key); });
        }
        for (const ExternalIdEntry& entry : *entries) {
          if (entry.kind != ExternalIdEntry::Kind::kErased) {
            stored.Add(key, EncodeExternalIdEntries({entry}));
          } else if (Shortened(entry.hash) != decoded_key->external_id_hash) {
            RETURN_IF_ERROR(
                run.Report([&] { return Undecodable("feedback_by_external_id", key); }));
          } else {
            RETURN_IF_ERROR(CheckErased(run, {decoded_key->survey_number, entry.feedback_id}));
          }
        }
        return absl::OkStatus();
      }));
  return stored;
}

// Looks from each record to its entries.
absl::Status NameMissing(VerifyRun& run, bool customers_agree, const HashedIndexSum& external_ids) {
  RETURN_IF_ERROR(run.steps.Begin("entries that are missing"));
  store::v1::StoredFeedback body;
  return ScanFamily(
      run.engine, run.view, Family::kFeedback,
      [&](absl::string_view key_bytes, absl::string_view value) -> absl::Status {
        RETURN_IF_ERROR(run.steps.Step());
        const std::optional<FeedbackKey> key = FeedbackKey::Decode(key_bytes);
        const std::optional<FeedbackHeader> header = DecodeFeedbackHeader(value);
        if (!key.has_value() || !header.has_value() || !DecodeFeedbackBody(value, body)) {
          return absl::OkStatus();
        }
        const IndexEntries entries =
            EntriesOf(run.hash, run.NameOf(key->survey_number), *key, *header, body);
        std::string stored;
        if (!customers_agree && !entries.by_customer_key.empty()) {
          ASSIGN_OR_RETURN(const bool found,
                           run.Get(Family::kFeedbackByCustomer, entries.by_customer_key, &stored));
          if (!found) {
            RETURN_IF_ERROR(
                run.Report([&] { return Missing(run, *key, "feedback_by_customer", ""); }));
          }
        }
        if (!entries.by_external_id_key.empty() &&
            external_ids.MayDiffer(run.by_external_id, entries.by_external_id_key)) {
          ASSIGN_OR_RETURN(const bool found, run.Get(Family::kFeedbackByExternalId,
                                                     entries.by_external_id_key, &stored));
          const auto sharing = DecodeExternalIdEntries(stored);
          if (!found ||
              (sharing.has_value() && !absl::c_linear_search(*sharing, entries.by_external_id))) {
            RETURN_IF_ERROR(run.Report([&] {
              return Missing(run, *key, "feedback_by_external_id", found ? "others" : "");
            }));
          }
        }
        return absl::OkStatus();
      });
}

// Whether the entry has a record, or one that does not decode, which is named where records are
// checked.
absl::StatusOr<bool> LeadsToARecord(const VerifyRun& run, const FeedbackByCustomerKey& entry) {
  bool found = false;
  RETURN_IF_ERROR(LookUnder(
      run, Family::kFeedback, FeedbackKeyPrefix(entry.survey_number, entry.id_start),
      [&](absl::string_view, absl::string_view value) {
        const std::optional<FeedbackHeader> header = DecodeFeedbackHeader(value);
        found = !header.has_value() ||
                (!header->is_erased && header->customer_ordinal == entry.customer_ordinal);
        return !found;
      }));
  return found;
}

absl::Status NameExtraByCustomer(VerifyRun& run) {
  RETURN_IF_ERROR(run.steps.Begin("entries too many by customer"));
  return ScanFamily(
      run.engine, run.view, Family::kFeedbackByCustomer,
      [&](absl::string_view key_bytes, absl::string_view value) -> absl::Status {
        RETURN_IF_ERROR(run.steps.Step());
        const auto key = FeedbackByCustomerKey::Decode(key_bytes);
        if (!key.has_value() || !value.empty()) {
          return absl::OkStatus();
        }
        ASSIGN_OR_RETURN(const bool leads_to_one, LeadsToARecord(run, *key));
        return leads_to_one ? absl::OkStatus() : run.Report([&] {
          return Difference{
              DifferenceKind::kIndexEntryExtra, run.NameOf(key->survey_number),
              absl::StrCat("feedback_by_customer: an entry of customer ", key->customer_ordinal,
                           " in ", run.NameOf(key->survey_number)),
              "an entry", ""};
        });
      });
}

// Whether the entry is that of a record, or of one that does not decode. Of a derived id the time
// alone is here: it may be any of that millisecond.
absl::StatusOr<bool> LeadsToARecord(const VerifyRun& run, const ExternalIdKey& key,
                                    absl::string_view key_bytes, const ExternalIdEntry& entry) {
  const auto is_its = [&](const FeedbackKey& record) -> absl::StatusOr<bool> {
    ASSIGN_OR_RETURN(const auto made, ReadEntries(run, record));
    return made.has_value() && (!made->decodes || (made->entries.by_external_id_key == key_bytes &&
                                                   made->entries.by_external_id == entry));
  };
  if (entry.kind == ExternalIdEntry::Kind::kGiven) {
    return is_its({key.survey_number, entry.feedback_id});
  }
  const std::string begin = FeedbackKey{key.survey_number, Uuid::LowestAt(entry.unix_ms)}.Encode();
  constexpr size_t kSurveyAndTime = 10;
  bool found = false;
  RETURN_IF_ERROR(
      LookUnder(run, Family::kFeedback, absl::string_view(begin).substr(0, kSurveyAndTime),
                [&](absl::string_view record_key, absl::string_view) -> absl::StatusOr<bool> {
                  const std::optional<FeedbackKey> record = FeedbackKey::Decode(record_key);
                  ASSIGN_OR_RETURN(found, record.has_value() ? is_its(*record) : true);
                  return !found;
                }));
  return found;
}

Difference ExtraByExternalId(const VerifyRun& run, const ExternalIdKey& key,
                             const ExternalIdEntry& entry) {
  if (entry.kind == ExternalIdEntry::Kind::kGiven) {
    return Extra(run, {key.survey_number, entry.feedback_id}, "feedback_by_external_id");
  }
  return {DifferenceKind::kIndexEntryExtra, run.NameOf(key.survey_number),
          absl::StrCat("feedback_by_external_id: an entry of a record of ", entry.unix_ms,
                       " ms of survey ", run.NameOf(key.survey_number)),
          "an entry", ""};
}

absl::Status NameExtraByExternalId(VerifyRun& run, const HashedIndexSum& stored) {
  RETURN_IF_ERROR(run.steps.Begin("entries too many by external id"));
  return ScanFamily(
      run.engine, run.view, Family::kFeedbackByExternalId,
      [&](absl::string_view key_bytes, absl::string_view value) -> absl::Status {
        RETURN_IF_ERROR(run.steps.Step());
        const auto key = ExternalIdKey::Decode(key_bytes);
        const auto entries = DecodeExternalIdEntries(value);
        if (!key.has_value() || !entries.has_value() ||
            !stored.MayDiffer(run.by_external_id, key_bytes)) {
          return absl::OkStatus();
        }
        for (const ExternalIdEntry& entry : *entries) {
          if (entry.kind != ExternalIdEntry::Kind::kErased) {
            ASSIGN_OR_RETURN(const bool leads_to_one, LeadsToARecord(run, *key, key_bytes, entry));
            if (!leads_to_one) {
              RETURN_IF_ERROR(run.Report([&] { return ExtraByExternalId(run, *key, entry); }));
            }
          }
        }
        return absl::OkStatus();
      });
}

}  // namespace

// Two sequential passes tell whether there is any difference; only then is each entry looked up.
absl::Status CheckIndexes(VerifyRun& run) {
  ASSIGN_OR_RETURN(const bool customers_agree, CustomersAgree(run));
  ASSIGN_OR_RETURN(const HashedIndexSum external_ids, SumOfExternalIds(run));
  const bool external_ids_agree = external_ids.Equals(run.by_external_id);
  if (!customers_agree || !external_ids_agree) {
    RETURN_IF_ERROR(NameMissing(run, customers_agree, external_ids));
  }
  if (!customers_agree) {
    RETURN_IF_ERROR(NameExtraByCustomer(run));
  }
  return external_ids_agree ? absl::OkStatus() : NameExtraByExternalId(run, external_ids);
}

}  // namespace emptychair::storage
