#include "storage/read/records.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "storage/engine/engine.h"
#include "storage/format/keyed_hash.h"
#include "storage/format/keys.h"

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

  // Goes to the first key.
  void Start() { descending_ ? it_->SeekToLast() : it_->SeekToFirst(); }

  // Goes to `key`, or to the one behind it.
  void StartAt(const std::string& key) { descending_ ? it_->SeekForPrev(key) : it_->Seek(key); }

  // Goes to the one behind `key`.
  void StartBehind(const std::string& key) {
    StartAt(key);
    if (it_->Valid() && it_->key() == ToSlice(key)) {
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

// The records of one survey in a range.
class SurveyCursor {
 public:
  SurveyCursor(const Engine& engine, const View& view, const SurveyView& survey,
               const RecordRange& range)
      : engine_(engine),
        survey_(survey),
        skip_damaged_(range.skip_damaged),
        it_(engine, Family::kFeedback, view, FirstKeyAt(survey, range.start_ms),
            FirstKeyAt(survey, range.end_ms), range.newest_first) {
    if (!range.after.has_value()) {
      it_.Start();
      return;
    }
    // Of records with one id, those of some surveys come before the position, of others behind.
    const std::string key = FeedbackKey{survey.number(), range.after->feedback_id}.Encode();
    const bool is_behind = range.newest_first ? survey.number() < range.after->survey_number
                                              : survey.number() > range.after->survey_number;
    is_behind ? it_.StartAt(key) : it_.StartBehind(key);
  }

  // Goes to the next record, at first to the first; false when there is none.
  absl::StatusOr<bool> Next() {
    if (has_started_) {
      it_.Next();
    }
    has_started_ = true;
    for (; it_.Valid(); it_.Next()) {
      const std::optional<FeedbackKey> key = FeedbackKey::Decode(it_.key());
      record_.value = it_.value();
      if (!key.has_value() || !DecodeFeedbackHeader(record_.value, record_.header)) {
        if (!skip_damaged_) {
          return Damaged(survey_, "a record");
        }
        engine_.CountUndecodable();
      } else if (!record_.header.is_erased) {
        record_.position = {key->feedback_id, survey_.number()};
        return true;
      }
    }
    RETURN_IF_ERROR(it_.status());
    return false;
  }

  const ScannedRecord& record() const { return record_; }

 private:
  static std::string FirstKeyAt(const SurveyView& survey, int64_t ms) {
    // The last possible millisecond has no key behind it within the survey.
    return ms == kUuidTimeLimitMs ? FeedbackKey{survey.number() + 1, Uuid()}.Encode()
                                  : FeedbackKey{survey.number(), Uuid::LowestAt(ms)}.Encode();
  }

  const Engine& engine_;
  const SurveyView& survey_;
  const bool skip_damaged_;
  RangeIterator it_;
  bool has_started_ = false;
  ScannedRecord record_;
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
  ASSIGN_OR_RETURN(FeedbackRecord record, GetOrTombstone(view, survey, feedback_id));
  if (record.header.is_erased) {
    return FeedbackNotFoundError(*survey.definition, feedback_id.ToString());
  }
  return record;
}

absl::StatusOr<FeedbackRecord> RecordReader::GetOrTombstone(const View& view,
                                                            const SurveyView& survey,
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
  ASSIGN_OR_RETURN(record.customer_id, CustomerId(view, record.header.customer_ordinal));
  return record;
}

absl::StatusOr<std::string> RecordReader::CustomerId(const View& view,
                                                     uint32_t customer_ordinal) const {
  return ReadCustomerId(customer_ordinal, [&](const std::string& key, std::string* value) {
    return engine_.Get(Family::kCustomer, key, value, view.snapshot->get());
  });
}

std::vector<std::optional<std::string>> RecordReader::CustomerIds(
    const View& view, const std::vector<uint32_t>& customer_ordinals) const {
  std::vector<std::string> keys;
  keys.reserve(customer_ordinals.size());
  for (const uint32_t ordinal : customer_ordinals) {
    keys.push_back(CustomerByOrdinalKey(ordinal));
  }
  const auto hashes = engine_.GetMany(Family::kCustomer, keys, view.snapshot->get());
  keys.clear();
  std::vector<size_t> positions;  // Of those that have a hash.
  for (size_t i = 0; i < hashes.size(); ++i) {
    const std::optional<IdHash> hash =
        hashes[i].has_value() ? DecodeCustomerHash(*hashes[i]) : std::nullopt;
    if (hash.has_value()) {
      keys.push_back(CustomerByIdKey(*hash));
      positions.push_back(i);
    }
  }
  const auto customers = engine_.GetMany(Family::kCustomer, keys, view.snapshot->get());
  std::vector<std::optional<std::string>> ids(customer_ordinals.size());
  store::v1::StoredCustomer customer;
  for (size_t i = 0; i < customers.size(); ++i) {
    if (customers[i].has_value() && DecodeMessage(*customers[i], customer)) {
      ids[positions[i]] = std::move(*customer.mutable_customer_id());
    }
  }
  return ids;
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
                                              : ScanSurveys(view, clamped, visit);
}

absl::Status RecordReader::ScanSurveys(const View& view, const RecordRange& range,
                                       Visit visit) const {
  std::vector<std::unique_ptr<SurveyCursor>> cursors;
  for (const SurveyView* survey : range.surveys) {
    auto cursor = std::make_unique<SurveyCursor>(engine_, view, *survey, range);
    ASSIGN_OR_RETURN(const bool has_record, cursor->Next());
    if (has_record) {
      cursors.push_back(std::move(cursor));
    }
  }
  const auto comes_first = [&](const auto& a, const auto& b) {
    return range.newest_first ? a->record().position > b->record().position
                              : a->record().position < b->record().position;
  };
  while (!cursors.empty()) {
    const auto first = std::min_element(cursors.begin(), cursors.end(), comes_first);
    ASSIGN_OR_RETURN(const bool go_on, visit((*first)->record()));
    if (!go_on) {
      return absl::OkStatus();
    }
    ASSIGN_OR_RETURN(const bool has_record, (*first)->Next());
    if (!has_record) {
      cursors.erase(first);
    }
  }
  return absl::OkStatus();
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
  const auto is_wanted = [&](uint32_t survey_number) {
    return range.surveys.empty() ||
           std::any_of(range.surveys.begin(), range.surveys.end(),
                       [&](const SurveyView* survey) { return survey->number() == survey_number; });
  };
  if (range.after.has_value()) {
    it.StartBehind(
        FeedbackByCustomerKey{ordinal, range.after->feedback_id, range.after->survey_number}
            .Encode());
  } else {
    it.Start();
  }
  std::string value;
  for (; it.Valid(); it.Next()) {
    const std::optional<FeedbackByCustomerKey> key = FeedbackByCustomerKey::Decode(it.key());
    if (key.has_value() && !is_wanted(key->survey_number)) {
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
