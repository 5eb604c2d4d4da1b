#include "storage/restore/inspect.h"

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "rocksdb/env.h"
#include "storage/engine/engine.h"
#include "storage/engine/opening_guard.h"

namespace emptychair::storage {

absl::StatusOr<InspectedStore> InspectStore(const std::string& data_directory) {
  rocksdb::Env* const env = rocksdb::Env::Default();
  const std::string database = data_directory + "/db";
  if (!env->FileExists(database + "/CURRENT").ok()) {
    return absl::FailedPreconditionError(
        absl::StrCat(Quoted(data_directory, 256), " holds no store"));
  }
  ASSIGN_OR_RETURN(StoreFacts facts, Engine::ReadFactsIn(env, database));
  return InspectedStore{facts.format_version, std::move(facts.identity), std::move(facts.counters)};
}

}  // namespace emptychair::storage
