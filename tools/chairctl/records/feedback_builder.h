// Records for the service out of rows of a file.
#ifndef EMPTYCHAIR_TOOLS_CHAIRCTL_RECORDS_FEEDBACK_BUILDER_H_
#define EMPTYCHAIR_TOOLS_CHAIRCTL_RECORDS_FEEDBACK_BUILDER_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "emptychair/v1/feedback_service.pb.h"
#include "tools/chairctl/records/import_reader.h"

namespace emptychair {

// The integer that `text` is, also when written `9.0`; nothing when it is blank. Spaces around it
// do not count. FIELD_INVALID for all else.
absl::StatusOr<std::optional<int32_t>> ParseScore(absl::string_view text);

// Makes the records of one file, whose rows are given in their order. Not thread-safe.
//
// A row without ids of its own gets an `external_id` that depends on the survey, on its fields with
// their values, and on how many equal rows came before it: equal rows stay two, and the same file
// read again gives the same ids. Memory grows by some 40 bytes for each such row.
class FeedbackBuilder {
 public:
  // `zone` is that of times without an offset. `time_format`, if not empty, is what all times are
  // read by, as absl::ParseTime has it.
  FeedbackBuilder(std::string survey_id, absl::TimeZone zone, std::string time_format);

  // The record of `row`. FIELD_INVALID for a value that cannot be read; ID_REQUIRED for a row with
  // neither an id nor a time.
  absl::StatusOr<v1::Feedback> Build(const Row& row);

 private:
  std::string DeriveExternalId(const Row& row);
  absl::StatusOr<absl::Time> ParseTime(absl::string_view text) const;

  const std::string survey_id_;
  const absl::TimeZone zone_;
  const std::string time_format_;
  // How many rows have been seen, by the hash of their content.
  absl::flat_hash_map<std::array<char, 16>, int64_t> equal_rows_;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_TOOLS_CHAIRCTL_RECORDS_FEEDBACK_BUILDER_H_
