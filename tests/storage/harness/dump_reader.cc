#include "tests/storage/harness/dump_reader.h"

#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"

namespace emptychair::storage {

const std::map<std::string, std::string>& FamilyOf(const DatabaseDump& dump,
                                                   const std::string& family) {
  static const auto* const kEmpty = new std::map<std::string, std::string>();
  const auto found = dump.find(family);
  return found == dump.end() ? *kEmpty : found->second;
}

std::vector<DumpedRecord> RecordsOf(const DatabaseDump& dump, std::vector<std::string>& faults) {
  std::vector<DumpedRecord> records;
  for (const auto& [key, value] : FamilyOf(dump, "feedback")) {
    const auto decoded_key = FeedbackKey::Decode(key);
    const auto header = DecodeFeedbackHeader(value);
    DumpedRecord record;
    if (!decoded_key.has_value() || !header.has_value() ||
        !DecodeFeedbackBody(value, record.body)) {
      faults.push_back(absl::StrCat("record ", absl::BytesToHexString(key), " does not decode"));
      continue;
    }
    record.key = *decoded_key;
    record.header = *header;
    records.push_back(std::move(record));
  }
  return records;
}

std::map<uint32_t, store::v1::StoredSurvey> SurveysOf(const DatabaseDump& dump,
                                                      std::vector<std::string>& faults) {
  std::map<uint32_t, store::v1::StoredSurvey> surveys;
  for (const auto& [key, value] : FamilyOf(dump, "meta")) {
    if (!absl::StartsWith(key, "survey/")) {
      continue;
    }
    store::v1::StoredSurvey survey;
    const auto number = DecodeSurveyKey(key);
    if (!number.has_value() || !DecodeMessage(value, survey) || survey.survey_number() != *number) {
      faults.push_back(absl::StrCat("survey ", absl::BytesToHexString(key), " is damaged"));
      continue;
    }
    surveys[*number] = survey;
  }
  return surveys;
}

}  // namespace emptychair::storage
