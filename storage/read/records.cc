#include "storage/read/records.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "storage/engine/engine.h"
#include "storage/format/keyed_hash.h"
#include "storage/format/keys.h"
#include "storage/format/varint.h"
#include "storage/read/customers.h"
#include "storage/read/external_ids.h"

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
        erasing_(*view.erasing),
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
      } else if (!record_.header.is_erased && !erasing_.Has(record_.header.customer_ordinal)) {
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
  const ErasingCustomers& erasing_;
  const SurveyView& survey_;
  const bool skip_damaged_;
  RangeIterator it_;
  bool has_started_ = false;
  ScannedRecord record_;
};

// The records of one customer in a range. An entry of the index leads to all records whose ids
// start as it says; those of one start, whatever their survey, are put in order here.
class CustomerCursor {
 public:
  CustomerCursor(const Engine& engine, const View& view, const RecordRange& range)
      : engine_(engine),
        range_(range),
        ordinal_(*range.customer_ordinal),
        entries_(engine, Family::kFeedbackByCustomer, view, FirstKeyAt(range.start_ms),
                 FirstKeyAt(range.end_ms), range.newest_first) {
    rocksdb::ReadOptions options;
    options.snapshot = view.snapshot->get();
    records_.reset(engine.db()->NewIterator(options, engine.handle(Family::kFeedback)));
    if (!range.after.has_value()) {
      entries_.Start();
      return;
    }
    // At the first or last entry of the start that the position has.
    std::string key = CustomerIdPrefix(ordinal_, StartOf(range.after->feedback_id));
    entries_.StartAt(range.newest_first ? key + std::string(kVarintSizeMax, '\xff') : key);
  }

  // The next record, valid until the one after; null at the end.
  absl::StatusOr<const ScannedRecord*> Next() {
    while (next_ == found_.size()) {
      if (!entries_.Valid()) {
        RETURN_IF_ERROR(entries_.status());
        return nullptr;
      }
      RETURN_IF_ERROR(CollectStart());
    }
    Found& found = found_[next_++];
    found.record.value = found.value;
    return &found.record;
  }

 private:
  struct Found {
    ScannedRecord record;
    std::string value;
  };

  std::string FirstKeyAt(int64_t ms) const {
    // The last possible millisecond has no key behind it of the customer.
    return ms == kUuidTimeLimitMs ? CustomerTimePrefix(ordinal_ + 1, 0)
                                  : CustomerTimePrefix(ordinal_, ms);
  }

  bool IsWanted(uint32_t survey_number) const {
    return range_.surveys.empty() ||
           std::any_of(range_.surveys.begin(), range_.surveys.end(),
                       [&](const SurveyView* survey) { return survey->number() == survey_number; });
  }

  // Collects the records of all entries with the start of the one at hand.
  absl::Status CollectStart() {
    found_.clear();
    next_ = 0;
    std::optional<IdStart> start;
    for (; entries_.Valid(); entries_.Next()) {
      const std::optional<FeedbackByCustomerKey> key =
          FeedbackByCustomerKey::Decode(entries_.key());
      if (!key.has_value()) {
        RETURN_IF_ERROR(Damaged());
        continue;
      }
      if (start.has_value() && *start != key->id_start) {
        break;
      }
      start = key->id_start;
      if (IsWanted(key->survey_number)) {
        RETURN_IF_ERROR(CollectRecords(*key));
      }
    }
    std::sort(found_.begin(), found_.end(), [this](const Found& a, const Found& b) {
      return range_.newest_first ? a.record.position > b.record.position
                                 : a.record.position < b.record.position;
    });
    while (range_.after.has_value() && next_ < found_.size() &&
           (range_.newest_first ? found_[next_].record.position >= *range_.after
                                : found_[next_].record.position <= *range_.after)) {
      ++next_;
    }
    return absl::OkStatus();
  }

  absl::Status CollectRecords(const FeedbackByCustomerKey& entry) {
    const std::string prefix = FeedbackKeyPrefix(entry.survey_number, entry.id_start);
    bool leads_to_one = false;
    for (records_->Seek(prefix);
         records_->Valid() && absl::StartsWith(ToView(records_->key()), prefix); records_->Next()) {
      const std::optional<FeedbackKey> key = FeedbackKey::Decode(ToView(records_->key()));
      Found found;
      if (key.has_value() && DecodeFeedbackHeader(ToView(records_->value()), found.record.header) &&
          !found.record.header.is_erased && found.record.header.customer_ordinal == ordinal_) {
        found.record.position = {key->feedback_id, key->survey_number};
        found.value = records_->value().ToString();
        found_.push_back(std::move(found));
        leads_to_one = true;
      }
    }
    RETURN_IF_ERROR(FromRocksDb(records_->status(), "reading a customer's records"));
    return leads_to_one ? absl::OkStatus() : Damaged();
  }

  // Skips what is damaged, or is the error.
  absl::Status Damaged() const {
    if (!range_.skip_damaged) {
      return Error(v1::ERROR_REASON_STORE_DAMAGED,
                   "the index by customer names a record that cannot be read");
    }
    engine_.CountUndecodable();
    return absl::OkStatus();
  }

  const Engine& engine_;
  const RecordRange& range_;
  const uint32_t ordinal_;
  RangeIterator entries_;
  std::unique_ptr<rocksdb::Iterator> records_;
  std::vector<Found> found_;
  size_t next_ = 0;  // Of `found_`.
};

}  // namespace

std::string EtagOf(uint64_t sequence) { return absl::StrCat(sequence); }

absl::Status FeedbackNotFoundError(const store::v1::StoredSurvey& survey, absl::string_view id) {
  return Error(
      v1::ERROR_REASON_FEEDBACK_NOT_FOUND,
      absl::StrCat("survey ", survey.survey_id(), " has no record with the id ", Quoted(id)),
      {{"survey_id", survey.survey_id()}});
}

absl::StatusOr<FeedbackRecord> DecodeFeedbackRecord(const SurveySeries& survey,
                                                    const Uuid& feedback_id,
                                                    absl::string_view value) {
  ASSIGN_OR_RETURN(FeedbackRecord record,
                   DecodeBareRecord(survey.definition->survey_number(), feedback_id, value));
  if (!record.header.is_erased && !AddSeriesLabels(survey, record.header.series, record.body)) {
    return Error(v1::ERROR_REASON_STORE_DAMAGED,
                 absl::StrCat("the record ", feedback_id.ToString(), " has another series than ",
                              "its labels"));
  }
  return record;
}

absl::StatusOr<FeedbackRecord> DecodeBareRecord(uint32_t survey_number, const Uuid& feedback_id,
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
                   DecodeFeedbackRecord(survey.all_series(), feedback_id, value));
  if (view.erasing->Has(record.header.customer_ordinal)) {
    record.header = {.is_erased = true, .sequence = record.header.sequence};
    record.body.Clear();
    return record;
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

std::vector<std::optional<std::string>> RecordReader::CustomerIds(
    const View& view, const std::vector<uint32_t>& customer_ordinals) const {
  std::vector<std::string> keys;
  keys.reserve(customer_ordinals.size());
  for (const uint32_t ordinal : customer_ordinals) {
    keys.push_back(CustomerByOrdinalKey(ordinal));
  }
  const auto customers = engine_.GetMany(Family::kCustomer, keys, view.snapshot->get());
  std::vector<std::optional<std::string>> ids(customer_ordinals.size());
  store::v1::StoredCustomer customer;
  for (size_t i = 0; i < customers.size(); ++i) {
    if (customers[i].has_value() && DecodeMessage(*customers[i], customer)) {
      ids[i] = std::move(*customer.mutable_customer_id());
    }
  }
  return ids;
}

absl::StatusOr<std::optional<store::v1::StoredCustomer>> RecordReader::Customer(
    const View& view, absl::string_view customer_id) const {
  ASSIGN_OR_RETURN(const std::optional<uint32_t> ordinal, CustomerOrdinal(view, customer_id));
  if (!ordinal.has_value()) {
    return std::nullopt;
  }
  return ReadCustomer(*ordinal, [&](const std::string& key, std::string* value) {
    return engine_.Get(Family::kCustomer, key, value, view.snapshot->get());
  });
}

absl::StatusOr<std::optional<uint32_t>> RecordReader::CustomerOrdinal(
    const View& view, absl::string_view customer_id) const {
  ASSIGN_OR_RETURN(const CustomerLookup lookup,
                   LookUpCustomer(customer_id, hash_(HashPurpose::kCustomerId, customer_id),
                                  [&](const std::string& key, std::string* value) {
                                    return engine_.Get(Family::kCustomer, key, value,
                                                       view.snapshot->get());
                                  }));
  return lookup.ordinal;
}

absl::StatusOr<FeedbackRecord> RecordReader::GetByExternalId(const View& view,
                                                             const SurveyView& survey,
                                                             absl::string_view external_id) const {
  ASSIGN_OR_RETURN(const ExternalIdLookup lookup,
                   LookUpExternalId(*survey.definition, external_id, hash_,
                                    [&](Family family, const std::string& key, std::string* value) {
                                      return engine_.Get(family, key, value, view.snapshot->get());
                                    }));
  return lookup.feedback_id.has_value() ? Get(view, survey, *lookup.feedback_id)
                                        : FeedbackNotFoundError(*survey.definition, external_id);
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
  if (view.erasing->Has(*range.customer_ordinal)) {
    return absl::OkStatus();
  }
  CustomerCursor cursor(engine_, view, range);
  for (;;) {
    ASSIGN_OR_RETURN(const ScannedRecord* record, cursor.Next());
    if (record == nullptr) {
      return absl::OkStatus();
    }
    ASSIGN_OR_RETURN(const bool go_on, visit(*record));
    if (!go_on) {
      return absl::OkStatus();
    }
  }
}

}  // namespace emptychair::storage
