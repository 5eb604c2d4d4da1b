// Sums up how commands ended, so that two stores can be compared by sixteen bytes.
#ifndef EMPTYCHAIR_STORAGE_APPLY_OUTCOME_DIGEST_H_
#define EMPTYCHAIR_STORAGE_APPLY_OUTCOME_DIGEST_H_

#include <cstdint>

#include "storage/format/keys.h"
#include "storage/state/command_result.h"

namespace emptychair::storage {

// The digest behind the command `index`, which ended with `result`, when the one behind the command
// before is `before`: a hash over these. Of an outcome its code counts, not its words. No secret,
// and no protection against who makes outcomes up. docs/storage_format.md has the bytes.
IdHash DigestOf(const IdHash& before, uint64_t index, const CommandResult& result);

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_APPLY_OUTCOME_DIGEST_H_
