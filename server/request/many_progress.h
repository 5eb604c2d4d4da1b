// How far a change of many records has come.
#ifndef EMPTYCHAIR_SERVER_REQUEST_MANY_PROGRESS_H_
#define EMPTYCHAIR_SERVER_REQUEST_MANY_PROGRESS_H_

#include <cstdint>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"

namespace emptychair {

struct ManyProgress {
  int64_t done = 0;     // Records looked at.
  int64_t changed = 0;  // Those that are another way now.
  int64_t total = 0;    // At most so many are looked at.
  uint64_t sequence = 0;
};

// Gets the progress after each step; an error ends the change with it, and what was changed stays.
using OnManyProgress = absl::FunctionRef<absl::Status(const ManyProgress&)>;

// Called once all that is asked for was found to be sound, before anything is changed. An error
// ends the task.
using BeforeWork = absl::FunctionRef<absl::Status()>;

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_REQUEST_MANY_PROGRESS_H_
