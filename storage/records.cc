#include "storage/records.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "storage/engine.h"
#include "storage/keyed_hash.h"
#include "storage/keys.h"

namespace emptychair::storage {
namespace {

constexpr int64_t kUuidTimeLimitMs = int64_t{1} << 48;

absl::Status Damaged(const SurveyView& survey, absl::string_view what) {
  return Error(v1::ERROR_REASON_STORE_DAMAGED,
               absl::StrCat("survey ", survey.definition->survey_id(), ": ", what,
                            " cannot be decoded; `chairctl admin verify` names all damage"),
               {{"survey_id", survey.definition->survey_id()}});
}

// Walks the keys in [lower, upper), up or down.
class RangeIterator {
 public:
  RangeIterator(const Engine& engine, Family family, const View& view, std::string lower,
                std::string upper, bool descending)
      : lower_(std::move(lower)),
        upper_(std::move(upper)),
        lower_slice_(ToSlice(lower_)),
        upper_slice_(ToSlice(upper_)),
        descending_(descending) {
    rocksdb::ReadOptions options;
    options.snapshot = view.snapshot->get();
    options.iterate_lower_bound = &lower_slice_;
    options.iterate_upper_bound = &upper_slice_;
    it_.reset(engine.db()->NewIterator(options, engine.handle(family)));
  }
  RangeIterator(const RangeIterator&) = delete;
  RangeIterator& operator=(const RangeIterator&) = delete;

  // Goes to the first key, or to the one behind `after`.
  void Start(const std::string& after) {
    if (after.empty()) {
      descending_ ? it_->SeekToLast() : it_->SeekToFirst();
      return;
    }
    descending_ ? it_->SeekForPrev(after) : it_->Seek(after);
    if (it_->Valid() && it_->key() == ToSlice(after)) {
      Next();
    }
  }

  void Next() { descending_ ? it_->Prev() : it_->Next(); }
  bool Valid() const { return it_->Valid(); }
  absl::string_view key() const { return ToView(it_->key()); }
  absl::string_view value() const { return ToView(it_->value()); }
  absl::Status status() const { return FromRocksDb(it_->status(), "scanning records"); }

 private:
  const std::string lower_;
  const std::string upper_;
  const rocksdb::Slice lower_slice_;
  const rocksdb::Slice upper_slice_;
  const bool descending_;
  std::unique_ptr<rocksdb::Iterator> it_;
};

}  // namespace

absl::StatusOr<std::string> ReadCustomerId(
    uint32_t customer_ordinal,
    absl::FunctionRef<absl::StatusOr<bool>(const std::string& key, std::string* value)>
        get_customer) {
  if (customer_ordinal == kAnonymous) {
    return "";
  }
  std::string value;
  ASSIGN_OR_RETURN(const bool has_hash,
                   get_customer(CustomerByOrdinalKey(customer_ordinal), &value));
  const std::optional<IdHash> hash = has_hash ? DecodeCustomerHash(value) : std::nullopt;
  bool has_customer = false;
  if (hash.has_value()) {
    ASSIGN_OR_RETURN(has_customer, get_customer(CustomerByIdKey(*hash), &value));
  }
  store::v1::StoredCustomer customer;
  if (!has_customer || !DecodeMessage(value, customer)) {
    return Error(v1::ERROR_REASON_STORE_DAMAGED, "the customer of a record cannot be decoded");
  }
  return std::move(*customer.mutable_customer_id());
}

std::string EtagOf(uint64_t sequence) { return absl::StrCat(sequence); }

absl::Status FeedbackNotFoundError(const store::v1::StoredSurvey& survey, absl::string_view id) {
  return Error(
      v1::ERROR_REASON_FEEDBACK_NOT_FOUND,
      absl::StrCat("survey ", survey.survey_id(), " has no record with the id ", Quoted(id)),
      {{"survey_id", survey.survey_id()}});
}

absl::StatusOr<FeedbackRecord> DecodeFeedbackRecord(uint32_t survey_number, const Uuid& feedback_id,
                                                    absl::string_view value) {
  FeedbackRecord record;
  record.survey_number = survey_number;
  record.feedback_id = feedback_id;
  std::optional<FeedbackHeader> header = DecodeFeedbackHeader(value);
  if (!header.has_value() || !DecodeFeedbackBody(value, record.body)) {
    return Error(v1::ERROR_REASON_STORE_DAMAGED,
                 absl::StrCat("the record ", feedback_id.ToString(), " cannot be decoded"));
  }
  record.header = *header;
  return record;
}

absl::StatusOr<FeedbackRecord> RecordReader::Get(const View& view, const SurveyView& survey,
                                                 const Uuid& feedback_id) const {
  std::string value;
  ASSIGN_OR_RETURN(const bool found, engine_.Get(Family::kFeedback,
                                                 FeedbackKey{survey.number(), feedback_id}.Encode(),
                                                 &value, view.snapshot->get()));
  if (!found) {
    return FeedbackNotFoundError(*survey.definition, feedback_id.ToString());
  }
  ASSIGN_OR_RETURN(FeedbackRecord record,
                   DecodeFeedbackRecord(survey.number(), feedback_id, value));
  if (record.header.is_erased) {
    return FeedbackNotFoundError(*survey.definition, feedback_id.ToString());
  }
  ASSIGN_OR_RETURN(record.customer_id, CustomerId(view, record.header.customer_ordinal));
  return record;
}

absl::StatusOr<std::string> RecordReader::CustomerId(const View& view,
                                                     uint32_t customer_ordinal) const {
  return ReadCustomerId(customer_ordinal, [&](const std::string& key, std::string* value) {
    return engine_.Get(Family::kCustomer, key, value, view.snapshot->get());
  });
}

absl::StatusOr<std::optional<uint32_t>> RecordReader::CustomerOrdinal(
    const View& view, absl::string_view customer_id) const {
  std::string value;
  ASSIGN_OR_RETURN(
      const bool found,
      engine_.Get(Family::kCustomer, CustomerByIdKey(hash_(HashPurpose::kCustomerId, customer_id)),
                  &value, view.snapshot->get()));
  if (!found) {
    return std::nullopt;
  }
  store::v1::StoredCustomer customer;
  if (!DecodeMessage(value, customer)) {
    return Error(v1::ERROR_REASON_STORE_DAMAGED, "a customer cannot be decoded");
  }
  return customer.ordinal();
}

absl::StatusOr<FeedbackRecord> RecordReader::GetByExternalId(const View& view,
                                                             const SurveyView& survey,
                                                             absl::string_view external_id) const {
  const ExternalIdKey key{survey.number(), hash_(HashPurpose::kExternalId, external_id)};
  std::string value;
  ASSIGN_OR_RETURN(const bool found, engine_.Get(Family::kFeedbackByExternalId, key.Encode(),
                                                 &value, view.snapshot->get()));
  if (!found) {
    return FeedbackNotFoundError(*survey.definition, external_id);
  }
  const std::optional<ExternalIdEntry> entry = DecodeExternalIdEntry(value);
  if (!entry.has_value()) {
    return Damaged(survey, "an entry of the index by external id");
  }
  return Get(view, survey, entry->feedback_id);
}

absl::Status RecordReader::Scan(const View& view, const RecordRange& range, Visit visit) const {
  RecordRange clamped = range;
  clamped.start_ms = std::max<int64_t>(range.start_ms, 0);
  clamped.end_ms = std::min(range.end_ms, kUuidTimeLimitMs);
  if (clamped.start_ms >= clamped.end_ms) {
    return absl::OkStatus();
  }
  return clamped.customer_ordinal.has_value() ? ScanCustomer(view, clamped, visit)
                                              : ScanSurvey(view, clamped, visit);
}

absl::Status RecordReader::ScanSurvey(const View& view, const RecordRange& range,
                                      Visit visit) const {
  const uint32_t number = range.survey->number();
  const auto first_key_at = [&](int64_t ms) {
    // The last possible millisecond has no key behind it within the survey.
    return ms == kUuidTimeLimitMs ? FeedbackKey{number + 1, Uuid()}.Encode()
                                  : FeedbackKey{number, Uuid::LowestAt(ms)}.Encode();
  };
  RangeIterator it(engine_, Family::kFeedback, view, first_key_at(range.start_ms),
                   first_key_at(range.end_ms), range.newest_first);
  for (it.Start(range.after.has_value() ? FeedbackKey{number, range.after->feedback_id}.Encode()
                                        : "");
       it.Valid(); it.Next()) {
    const std::optional<FeedbackKey> key = FeedbackKey::Decode(it.key());
    const std::optional<FeedbackHeader> header = DecodeFeedbackHeader(it.value());
    if (!key.has_value() || !header.has_value()) {
      if (!range.skip_damaged) {
        return Damaged(*range.survey, "a record");
      }
      engine_.CountUndecodable();
      continue;
    }
    if (header->is_erased) {
      continue;
    }
    ASSIGN_OR_RETURN(const bool go_on, visit({{key->feedback_id, number}, *header, it.value()}));
    if (!go_on) {
      return absl::OkStatus();
    }
  }
  return it.status();
}

absl::Status RecordReader::ScanCustomer(const View& view, const RecordRange& range,
                                        Visit visit) const {
  const uint32_t ordinal = *range.customer_ordinal;
  const auto first_key_at = [&](int64_t ms) {
    return ms == kUuidTimeLimitMs ? FeedbackByCustomerKey{ordinal + 1, Uuid(), 0}.Encode()
                                  : FeedbackByCustomerKey{ordinal, Uuid::LowestAt(ms), 0}.Encode();
  };
  RangeIterator it(engine_, Family::kFeedbackByCustomer, view, first_key_at(range.start_ms),
                   first_key_at(range.end_ms), range.newest_first);
  std::string value;
  for (it.Start(range.after.has_value() ? FeedbackByCustomerKey{ordinal, range.after->feedback_id,
                                                                range.after->survey_number}
                                              .Encode()
                                        : "");
       it.Valid(); it.Next()) {
    const std::optional<FeedbackByCustomerKey> key = FeedbackByCustomerKey::Decode(it.key());
    if (key.has_value() && range.survey != nullptr &&
        key->survey_number != range.survey->number()) {
      continue;
    }
    bool found = false;
    if (key.has_value()) {
      const FeedbackKey record_key{key->survey_number, key->feedback_id};
      ASSIGN_OR_RETURN(
          found, engine_.Get(Family::kFeedback, record_key.Encode(), &value, view.snapshot->get()));
    }
    const std::optional<FeedbackHeader> header = found ? DecodeFeedbackHeader(value) : std::nullopt;
    if (!header.has_value() || header->is_erased) {
      if (!range.skip_damaged) {
        return Error(v1::ERROR_REASON_STORE_DAMAGED,
                     "the index by customer names a record that cannot be read");
      }
      engine_.CountUndecodable();
      continue;
    }
    ASSIGN_OR_RETURN(const bool go_on,
                     visit({{key->feedback_id, key->survey_number}, *header, value}));
    if (!go_on) {
      return absl::OkStatus();
    }
  }
  return it.status();
}

}  // namespace emptychair::storage
