#include "storage/records.h"

#include <algorithm>

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
                            " cannot be decoded; run `chairctl admin status`"),
               {{"survey_id", survey.definition->survey_id()}});
}

absl::Status NotFound(const SurveyView& survey, absl::string_view id) {
  return Error(v1::ERROR_REASON_FEEDBACK_NOT_FOUND,
               absl::StrCat("survey ", survey.definition->survey_id(),
                            " has no record with the id ", Quoted(id)),
               {{"survey_id", survey.definition->survey_id()}});
}

}  // namespace

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
  const rocksdb::Snapshot* snapshot = view.snapshot->get();
  std::string value;
  ASSIGN_OR_RETURN(const bool found, engine_.Get(Family::kFeedback,
                                                 FeedbackKey{survey.number(), feedback_id}.Encode(),
                                                 &value, snapshot));
  if (!found) {
    return NotFound(survey, feedback_id.ToString());
  }
  ASSIGN_OR_RETURN(FeedbackRecord record,
                   DecodeFeedbackRecord(survey.number(), feedback_id, value));
  if (record.header.customer_ordinal == kAnonymous) {
    return record;
  }
  ASSIGN_OR_RETURN(
      const bool has_hash,
      engine_.Get(Family::kCustomer, CustomerByOrdinalKey(record.header.customer_ordinal), &value,
                  snapshot));
  const std::optional<IdHash> hash = has_hash ? DecodeCustomerHash(value) : std::nullopt;
  if (!hash.has_value()) {
    return Damaged(survey, "the number of a record's customer");
  }
  ASSIGN_OR_RETURN(const bool has_customer,
                   engine_.Get(Family::kCustomer, CustomerByIdKey(*hash), &value, snapshot));
  store::v1::StoredCustomer customer;
  if (!has_customer || !DecodeMessage(value, customer)) {
    return Damaged(survey, "the customer of a record");
  }
  record.customer_id = customer.customer_id();
  return record;
}

absl::StatusOr<FeedbackRecord> RecordReader::GetByExternalId(const View& view,
                                                             const SurveyView& survey,
                                                             absl::string_view external_id) const {
  const ExternalIdKey key{survey.number(), hash_(HashPurpose::kExternalId, external_id)};
  std::string value;
  ASSIGN_OR_RETURN(const bool found, engine_.Get(Family::kFeedbackByExternalId, key.Encode(),
                                                 &value, view.snapshot->get()));
  if (!found) {
    return NotFound(survey, external_id);
  }
  const std::optional<ExternalIdEntry> entry = DecodeExternalIdEntry(value);
  if (!entry.has_value()) {
    return Damaged(survey, "an entry of the index by external id");
  }
  return Get(view, survey, entry->feedback_id);
}

absl::Status RecordReader::Scan(const View& view, const SurveyView& survey, int64_t start_ms,
                                int64_t end_ms,
                                absl::FunctionRef<absl::Status(const ScannedRecord&)> visit) const {
  start_ms = std::max<int64_t>(start_ms, 0);
  end_ms = std::min(end_ms, kUuidTimeLimitMs);
  if (start_ms >= end_ms) {
    return absl::OkStatus();
  }
  const std::string first = FeedbackKey{survey.number(), Uuid::LowestAt(start_ms)}.Encode();
  // The last possible millisecond has no key behind it within the survey.
  const std::string past = end_ms == kUuidTimeLimitMs
                               ? FeedbackKey{survey.number() + 1, Uuid()}.Encode()
                               : FeedbackKey{survey.number(), Uuid::LowestAt(end_ms)}.Encode();
  const rocksdb::Slice upper_bound = ToSlice(past);
  rocksdb::ReadOptions options;
  options.snapshot = view.snapshot->get();
  options.iterate_upper_bound = &upper_bound;
  std::unique_ptr<rocksdb::Iterator> it(
      engine_.db()->NewIterator(options, engine_.handle(Family::kFeedback)));
  for (it->Seek(ToSlice(first)); it->Valid(); it->Next()) {
    const std::optional<FeedbackKey> key = FeedbackKey::Decode(ToView(it->key()));
    std::optional<FeedbackHeader> header = DecodeFeedbackHeader(ToView(it->value()));
    if (!key.has_value() || !header.has_value()) {
      return Damaged(survey, "a record");
    }
    RETURN_IF_ERROR(visit({key->feedback_id.UnixMs(), *header, ToView(it->value())}));
  }
  return FromRocksDb(it->status(), "scanning records");
}

}  // namespace emptychair::storage
