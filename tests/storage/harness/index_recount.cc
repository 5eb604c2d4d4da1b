#include "tests/storage/harness/index_recount.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "storage/format/changes.h"
#include "storage/format/external_ids.h"
#include "storage/format/keyed_hash.h"
#include "storage/format/keys.h"
#include "storage/format/values.h"
#include "tests/storage/harness/dump_reader.h"

namespace emptychair::storage {
namespace {

// Looks from the records to the indexes, and demands that these have nothing else.
class IndexCheck {
 public:
  IndexCheck(const DatabaseDump& dump, std::vector<std::string>& faults)
      : dump_(dump),
        faults_(faults),
        records_(RecordsOf(dump, faults)),
        counters_(MetaMessage<store::v1::StoredCounters>(dump, CountersKey(), faults)) {}

  void Run() {
    CheckExternalIds();
    CheckCustomers();
    CheckSeries();
    CheckCounters();
    CheckImports();
    CheckChanges();
  }

 private:
  void Fault(const std::string& text) { faults_.push_back(text); }

  KeyedHash Hash() {
    const auto identity = MetaMessage<store::v1::StoredIdentity>(dump_, IdentityKey(), faults_);
    KeyedHash::Secret secret{};
    identity.hash_secret().copy(reinterpret_cast<char*>(secret.data()), secret.size());
    return KeyedHash(secret);
  }

  // The entries by key, those of erased records left out, and the keys of these records.
  std::map<std::string, std::vector<ExternalIdEntry>> ExternalIdEntries(
      std::set<std::string>& erased) {
    std::map<std::string, std::vector<ExternalIdEntry>> entries;
    for (const auto& [key, value] : FamilyOf(dump_, "feedback_by_external_id")) {
      const auto decoded_key = ExternalIdKey::Decode(key);
      const auto decoded = DecodeExternalIdEntries(value);
      if (!decoded_key.has_value() || !decoded.has_value()) {
        Fault("an entry by external id does not decode");
        continue;
      }
      for (const ExternalIdEntry& entry : *decoded) {
        if (entry.kind != ExternalIdEntry::Kind::kErased) {
          entries[key].push_back(entry);
        } else if (Shortened(entry.hash) == decoded_key->external_id_hash) {
          erased.insert(FeedbackKey{decoded_key->survey_number, entry.feedback_id}.Encode());
        } else {
          Fault("an erased external id is under another hash");
        }
      }
    }
    return entries;
  }

  static bool IsAnonymized(const std::string& value) {
    store::v1::StoredFeedback body;
    return DecodeFeedbackBody(value, body) && body.is_anonymized();
  }

  void CheckExternalIds() {
    const KeyedHash hash = Hash();
    const auto surveys = SurveysOf(dump_, faults_);
    std::map<std::string, std::vector<ExternalIdEntry>> wanted;
    std::set<std::pair<uint32_t, std::string>> ids;
    for (const DumpedRecord& record : records_) {
      const std::string& id = record.body.external_id();
      if (id.empty()) {
        continue;
      }
      if (!ids.emplace(record.key.survey_number, id).second) {
        Fault(absl::StrCat("two records have the external id ", id));
      }
      const auto survey = surveys.find(record.key.survey_number);
      const ExternalIdKey key{record.key.survey_number,
                              Shortened(hash(HashPurpose::kExternalId, id))};
      wanted[key.Encode()].push_back(
          ExternalIdEntryOf(hash, survey == surveys.end() ? "" : survey->second.survey_id(), id,
                            record.key.feedback_id));
    }
    std::set<std::string> erased;
    auto entries = ExternalIdEntries(erased);
    for (const std::string& key : erased) {
      const auto& records = FamilyOf(dump_, "feedback");
      const auto found = records.find(key);
      const auto survey = surveys.find(FeedbackKey::Decode(key)->survey_number);
      // Of a deleted survey records are removed first.
      const bool is_purged =
          found == records.end() && survey != surveys.end() && survey->second.delete_time_ms() != 0;
      if (!is_purged &&
          (found == records.end() ||
           !(DecodeFeedbackHeader(found->second)->is_erased || IsAnonymized(found->second)))) {
        Fault("an external id is erased, but not its record");
      }
    }
    const auto sort = [](auto& by_key) {
      for (auto& [key, list] : by_key) {
        std::sort(list.begin(), list.end(), [](const auto& a, const auto& b) {
          return EncodeExternalIdEntries({a}) < EncodeExternalIdEntries({b});
        });
      }
    };
    sort(entries);
    sort(wanted);
    if (entries != wanted) {
      Fault("the index by external id is not what the records make");
    }
  }

  void CheckCustomers() {
    std::map<std::string, std::string> wanted;
    for (const DumpedRecord& record : records_) {
      if (record.header.customer_ordinal != kAnonymous) {
        wanted[FeedbackByCustomerKey{record.header.customer_ordinal,
                                     StartOf(record.key.feedback_id), record.key.survey_number}
                   .Encode()] = "";
      }
      if (record.header.customer_ordinal > counters_.last_customer_ordinal()) {
        Fault(absl::StrCat("customer ", record.header.customer_ordinal, " was never given out"));
      }
    }
    if (FamilyOf(dump_, "feedback_by_customer") != wanted) {
      Fault("the index by customer is not what the records make");
    }
    const KeyedHash hash = Hash();
    const auto& customers = FamilyOf(dump_, "customer");
    size_t numbers = 0;
    for (const auto& [key, value] : customers) {
      const auto ordinals = DecodeOrdinals(value);
      numbers += !DecodeCustomerByIdKey(key).has_value() ? 1
                 : ordinals.has_value()                  ? ordinals->size()
                                                         : 0;
    }
    // Erased ones cannot be found by id.
    if (numbers + counters_.erased_customer_count() !=
        2 * size_t{counters_.last_customer_ordinal()}) {
      Fault(
          absl::StrCat(numbers, " numbers for ", counters_.last_customer_ordinal(), " customers"));
    }
    uint32_t erased = 0;
    for (uint32_t ordinal = 1; ordinal <= counters_.last_customer_ordinal(); ++ordinal) {
      const auto by_ordinal = customers.find(CustomerByOrdinalKey(ordinal));
      store::v1::StoredCustomer customer;
      const bool is_there =
          by_ordinal != customers.end() && DecodeMessage(by_ordinal->second, customer);
      if (is_there && customer.customer_id().empty()) {
        ++erased;
        CheckErased(ordinal, customer);
        continue;
      }
      const auto by_id =
          customers.find(CustomerByIdKey(hash(HashPurpose::kCustomerId, customer.customer_id())));
      const auto ordinals = by_id == customers.end() ? std::nullopt : DecodeOrdinals(by_id->second);
      if (!is_there || !ordinals.has_value() ||
          std::find(ordinals->begin(), ordinals->end(), ordinal) == ordinals->end()) {
        Fault(absl::StrCat("customer ", ordinal, " cannot be found from number to id and back"));
      }
    }
    if (erased != counters_.erased_customer_count()) {
      Fault(absl::StrCat(erased, " customers are erased, but ", counters_.erased_customer_count(),
                         " counted"));
    }
  }

  // Nothing but what is anonymized is left of an erased customer whose erasure is through.
  void CheckErased(uint32_t ordinal, const store::v1::StoredCustomer& customer) {
    if (customer.attributes_size() != 0 || customer.sequence() != 0) {
      Fault(absl::StrCat("the erased customer ", ordinal, " has attributes"));
    }
    if (FamilyOf(dump_, "meta").count(ErasureKey(ordinal)) != 0) {
      return;
    }
    for (const DumpedRecord& record : records_) {
      if (record.header.customer_ordinal == ordinal && !record.body.is_anonymized()) {
        Fault(absl::StrCat("the erased customer ", ordinal, " has an answer"));
      }
    }
  }

  void CheckSeries() {
    const auto surveys = SurveysOf(dump_, faults_);
    if (!surveys.empty() && surveys.rbegin()->first > counters_.last_survey_number()) {
      Fault(absl::StrCat("survey ", surveys.rbegin()->first, " was never given out"));
    }
    std::map<uint32_t, std::map<uint32_t, std::string>> series;
    for (const auto& [key, value] : FamilyOf(dump_, "series")) {
      store::v1::StoredSeries stored;
      const auto decoded = SeriesKey::Decode(key);
      if (!decoded.has_value() || !DecodeMessage(value, stored)) {
        Fault("a series does not decode");
        continue;
      }
      series[decoded->survey_number][decoded->series] = value;
      const auto& meta = FamilyOf(dump_, "meta");
      const auto copy = meta.find(SeriesCopyKey(*decoded));
      if (copy == meta.end() || copy->second != value) {
        Fault(absl::StrCat("series ", decoded->series, " has no equal copy"));
      }
    }
    for (const auto& [key, value] : FamilyOf(dump_, "meta")) {
      const auto copy = DecodeSeriesCopyKey(key);
      // Of a deleted survey the first copies are removed first.
      const auto survey = copy.has_value() ? surveys.find(copy->survey_number) : surveys.end();
      const bool is_deleted = survey != surveys.end() && survey->second.delete_time_ms() != 0;
      if (copy.has_value() && !is_deleted && FamilyOf(dump_, "series").count(copy->Encode()) == 0) {
        Fault(absl::StrCat("series ", copy->series, " is a copy alone"));
      }
    }
    for (const auto& [number, survey] : surveys) {
      std::set<std::string> combinations;
      uint32_t next = 1;
      for (const auto& [series_number, value] : series[number]) {
        if (series_number != next++ || !combinations.insert(value).second) {
          Fault(absl::StrCat("survey ", number, ": series ", series_number,
                             " is out of line or there twice"));
        }
      }
    }
    for (const DumpedRecord& record : records_) {
      if (!record.header.is_erased) {
        CheckSeriesOf(record, surveys, series);
      }
    }
  }

  // The record's series is the combination of its labels, or (other) for one without a number. A
  // value can be absent although the record has the label: its dimension was retired before, or
  // answers are still sliced by it anew, which can also find room for what is (other).
  void CheckSeriesOf(const DumpedRecord& record,
                     const std::map<uint32_t, store::v1::StoredSurvey>& surveys,
                     std::map<uint32_t, std::map<uint32_t, std::string>>& series) {
    const auto survey = surveys.find(record.key.survey_number);
    if (survey == surveys.end()) {
      Fault("a record belongs to no survey");
      return;
    }
    const auto& numbers = series[record.key.survey_number];
    const auto found = numbers.find(record.header.series);
    store::v1::StoredSeries own;
    if (found != numbers.end()) {
      DecodeMessage(found->second, own);
    }
    store::v1::StoredSeries wanted;
    for (const std::string& dimension : survey->second.dimensions()) {
      // What its series says, the record leaves out.
      const int position = wanted.values_size();
      std::string value = position < own.values_size() ? own.values(position) : "";
      const bool is_said = !value.empty();
      for (const auto& label : record.body.labels()) {
        if (label.key() == dimension) {
          if (is_said) {
            Fault("a record has a label that its series says");
          }
          value = label.value();
        }
      }
      wanted.add_values(value);
    }
    if (record.header.series != kOtherSeries
            ? found == numbers.end() || !IsSeriesOf(found->second, wanted, survey->second)
            : numbers.size() < survey->second.max_series() && !survey->second.has_reslice()) {
      Fault(absl::StrCat("record ", record.key.feedback_id.ToString(), " is in the wrong series"));
    }
  }

  static bool IsSeriesOf(const std::string& series, const store::v1::StoredSeries& wanted,
                         const store::v1::StoredSurvey& survey) {
    store::v1::StoredSeries stored;
    if (!DecodeMessage(series, stored) || stored.values_size() > wanted.values_size()) {
      return false;
    }
    const auto lists = [](const auto& keys, const std::string& key) {
      return std::find(keys.begin(), keys.end(), key) != keys.end();
    };
    for (int i = 0; i < wanted.values_size(); ++i) {
      const std::string& key = survey.dimensions(i);
      const std::string value = i < stored.values_size() ? stored.values(i) : "";
      const bool may_lack =
          lists(survey.retired_dimensions(), key) || lists(survey.reslice().dimensions(), key);
      if (value != wanted.values(i) && !(may_lack && value.empty())) {
        return false;
      }
    }
    return true;
  }

  void CheckCounters() {
    size_t count = 0;
    for (const DumpedRecord& record : records_) {
      count += record.header.is_erased ? 0 : 1;
    }
    if (counters_.feedback_count() != count) {
      Fault(absl::StrCat(count, " records, but ", counters_.feedback_count(), " counted"));
    }
    std::set<uint64_t> sequences;
    for (const DumpedRecord& record : records_) {
      sequences.insert(record.header.sequence);
    }
    for (const auto& [number, survey] : SurveysOf(dump_, faults_)) {
      sequences.insert(survey.sequence());
    }
    // Each is the newest change to one record or survey.
    if (sequences.size() != records_.size() + SurveysOf(dump_, faults_).size() ||
        (!sequences.empty() && *sequences.rbegin() > counters_.sequence())) {
      Fault(absl::StrCat(sequences.size(), " sequence numbers up to ", counters_.sequence()));
    }
  }

  // A record's import is one of its survey; none outlives its survey. Those of activity kinds are
  // none of this.
  void CheckImports() {
    const auto surveys = SurveysOf(dump_, faults_);
    std::map<uint32_t, store::v1::StoredImport> imports;
    for (const auto& [key, value] : FamilyOf(dump_, "meta")) {
      if (!absl::StartsWith(key, "import/")) {
        continue;
      }
      const auto number = DecodeImportKey(key);
      store::v1::StoredImport import;
      if (DecodeMessage(value, import) && import.kind_number() != 0) {
        continue;
      }
      if (!number.has_value() || !DecodeMessage(value, import) || import.import_id().empty() ||
          surveys.count(import.survey_number()) == 0 || *number > counters_.last_import_number()) {
        Fault(absl::StrCat("import ", absl::BytesToHexString(key), " is damaged"));
        continue;
      }
      imports[*number] = import;
    }
    for (const DumpedRecord& record : records_) {
      const uint32_t number = record.body.import_number();
      if (number != 0 && imports[number].survey_number() != record.key.survey_number) {
        Fault(absl::StrCat("record ", record.key.feedback_id.ToString(), " is of import ", number,
                           ", which its survey does not have"));
      }
    }
  }

  // The log has every number from where it begins, and the newest change of each record and survey
  // where that says it is.
  void CheckChanges() {
    std::map<uint64_t, ChangeLogEntry> changes;
    for (const auto& [key, value] : FamilyOf(dump_, "change")) {
      const auto first = DecodeChangeKey(key);
      const auto decoded = DecodeChanges(value);
      if (!first.has_value() || !decoded.has_value()) {
        Fault("an entry of the change log does not decode");
        continue;
      }
      for (size_t i = 0; i < decoded->size(); ++i) {
        changes[*first + i] = (*decoded)[i];
      }
    }
    if (changes.empty()) {
      return;
    }
    const uint64_t begin = changes.begin()->first;
    if (changes.rbegin()->first != counters_.sequence() ||
        changes.size() != counters_.sequence() + 1 - begin) {
      Fault(absl::StrCat("the change log has ", changes.size(), " changes from ", begin, " to ",
                         changes.rbegin()->first, " of ", counters_.sequence()));
    }
    for (const DumpedRecord& record : records_) {
      const ChangeLogEntry& change = changes[record.header.sequence];
      if (record.header.sequence >= begin &&
          (change.entity != Entity::kFeedback || change.number != record.key.survey_number ||
           change.id != record.key.feedback_id ||
           (change.kind == ChangeKind::kErased) != record.header.is_erased)) {
        Fault(absl::StrCat("change ", record.header.sequence, " is not that of its record"));
      }
    }
    for (const auto& [number, survey] : SurveysOf(dump_, faults_)) {
      const ChangeLogEntry& change = changes[survey.sequence()];
      if (survey.sequence() >= begin &&
          (change.entity != Entity::kSurvey || change.number != number ||
           (change.kind == ChangeKind::kDeleted) != (survey.delete_time_ms() != 0))) {
        Fault(absl::StrCat("change ", survey.sequence(), " is not that of its survey"));
      }
    }
  }

  const DatabaseDump& dump_;
  std::vector<std::string>& faults_;
  const std::vector<DumpedRecord> records_;
  const store::v1::StoredCounters counters_;
};

}  // namespace

void RecountIndexes(const DatabaseDump& dump, std::vector<std::string>& faults) {
  IndexCheck(dump, faults).Run();
}

}  // namespace emptychair::storage
