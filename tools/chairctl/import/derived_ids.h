// Ids for rows that have no id of their own.
#ifndef EMPTYCHAIR_TOOLS_CHAIRCTL_IMPORT_DERIVED_IDS_H_
#define EMPTYCHAIR_TOOLS_CHAIRCTL_IMPORT_DERIVED_IDS_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/string_view.h"
#include "emptychair/v1/customer_service.pb.h"
#include "emptychair/v1/feedback_service.pb.h"

namespace emptychair {

// Makes the ids of one file, whose rows are given in their order: `SOURCE-`, then 32 hex digits.
// The same file read again gives the same ids. Not thread-safe.
class DerivedIds {
 public:
  // `survey_id` is empty for activities, whose kind each of them has.
  DerivedIds(std::string survey_id, std::string source)
      : survey_id_(std::move(survey_id)), source_(std::move(source)) {}

  // The id of an answer: a hash of survey, source, and what of time, score, customer and comment
  // the record has, and of how many equal ones came before it, so that equal rows stay two. Memory
  // grows by some 20 bytes for each such row.
  std::string OfAnswer(const v1::Feedback& feedback);

  // The id of an activity: the same of kind, source, time, customer and amount.
  std::string OfActivity(const v1::Activity& activity);

  // The id of a row that the values of some columns tell apart: a hash of survey, source and these.
  std::string OfKeys(const std::vector<std::string>& keys) const;

  // The id of a row that was rejected, so that the mended one is a new record: `SOURCE-row-`, then
  // a hash of survey, source, line and the row as it stands in the file.
  std::string OfRejectedRow(int64_t line, const std::vector<std::string>& row) const;

  // Whether `id` is one that all but OfRejectedRow make for this source.
  bool IsDerived(absl::string_view id) const;

 private:
  std::string Prefix(absl::string_view purpose) const;
  std::string OfContent(absl::string_view content);

  const std::string survey_id_;
  const std::string source_;
  // 64 bits of the hashes of the records so far: where two different ones have the same, the
  // second is counted as an equal one, and has an id of its own all the same.
  absl::flat_hash_set<uint64_t> seen_;
  absl::flat_hash_map<uint64_t, int64_t> repeats_;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_TOOLS_CHAIRCTL_IMPORT_DERIVED_IDS_H_
