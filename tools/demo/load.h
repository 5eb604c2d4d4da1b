// Brings the demonstration into a running server.
#ifndef EMPTYCHAIR_TOOLS_DEMO_LOAD_H_
#define EMPTYCHAIR_TOOLS_DEMO_LOAD_H_

#include <cstdint>
#include <ostream>

#include "absl/status/statusor.h"
#include "emptychair/client/client.h"

namespace emptychair::demo {

enum class LoadResult {
  // The demonstration is there now.
  kLoaded,
  // It was there already; nothing was sent.
  kWasComplete,
  // The database holds surveys or activity kinds that are not the demonstration's; nothing was
  // changed.
  kDatabaseInUse,
};

// Loads the demonstration into an empty database, or the rest of it where an earlier load
// was interrupted. Can be called again after any error: what is stored already is not stored twice.
// Tells on `progress` what it loads.
absl::StatusOr<LoadResult> Load(Client& client, std::ostream& progress);

}  // namespace emptychair::demo

#endif  // EMPTYCHAIR_TOOLS_DEMO_LOAD_H_
