// What a dump holds, decoded without the product's readers.
#ifndef EMPTYCHAIR_TESTS_STORAGE_HARNESS_DUMP_READER_H_
#define EMPTYCHAIR_TESTS_STORAGE_HARNESS_DUMP_READER_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "emptychair/store/v1/value.pb.h"
#include "storage/format/keys.h"
#include "storage/format/values.h"
#include "tests/storage/harness/plain_database.h"

namespace emptychair::storage {

// A record as it stands in the dump: without the labels that its series says.
struct DumpedRecord {
  FeedbackKey key;
  FeedbackHeader header;
  store::v1::StoredFeedback body;
};

// The entries of a column family.
const std::map<std::string, std::string>& FamilyOf(const DatabaseDump& dump,
                                                   const std::string& family);

// All records, erased ones too, and all surveys by number. What does not decode is added to
// `faults`.
std::vector<DumpedRecord> RecordsOf(const DatabaseDump& dump, std::vector<std::string>& faults);
std::map<uint32_t, store::v1::StoredSurvey> SurveysOf(const DatabaseDump& dump,
                                                      std::vector<std::string>& faults);

// The message under a key of `meta`.
template <typename Message>
Message MetaMessage(const DatabaseDump& dump, const std::string& key,
                    std::vector<std::string>& faults) {
  Message message;
  const auto& meta = FamilyOf(dump, "meta");
  const auto found = meta.find(key);
  if (found == meta.end() || !DecodeMessage(found->second, message)) {
    faults.push_back(absl::StrCat("meta ", key, " is absent or does not decode"));
  }
  return message;
}

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_TESTS_STORAGE_HARNESS_DUMP_READER_H_
