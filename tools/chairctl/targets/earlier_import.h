// Whether a file was imported before with ids that were made in another way.
#ifndef EMPTYCHAIR_TOOLS_CHAIRCTL_TARGETS_EARLIER_IMPORT_H_
#define EMPTYCHAIR_TOOLS_CHAIRCTL_TARGETS_EARLIER_IMPORT_H_

#include <vector>

#include "absl/status/statusor.h"
#include "emptychair/client/client.h"
#include "tools/chairctl/import/derived_ids.h"
#include "tools/chairctl/import/import_record.h"

namespace emptychair {

// How many of a file's first records are looked up.
inline constexpr size_t kRecordsLookedUp = 20;

// Looks up the first records of a file, whose ids are all derived, at the service. True when more
// of them are stored under another id of the same source than under their own: answers with the
// same time and score, activities of the same kind, time and customer. Errors of the service as
// they come.
absl::StatusOr<bool> WereAnswersImportedOtherwise(const Client& client, const DerivedIds& ids,
                                                  const std::vector<ImportRecord>& records);
absl::StatusOr<bool> WereActivitiesImportedOtherwise(const Client& client, const DerivedIds& ids,
                                                     const std::vector<ImportRecord>& records);

}  // namespace emptychair

#endif  // EMPTYCHAIR_TOOLS_CHAIRCTL_TARGETS_EARLIER_IMPORT_H_
