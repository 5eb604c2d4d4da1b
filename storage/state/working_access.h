// Keys and certificates as the committer works on them.
#ifndef EMPTYCHAIR_STORAGE_STATE_WORKING_ACCESS_H_
#define EMPTYCHAIR_STORAGE_STATE_WORKING_ACCESS_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "emptychair/store/v1/value.pb.h"
#include "storage/engine/engine.h"
#include "storage/read/access_table.h"

namespace emptychair::storage {

// For one thread.
class WorkingAccess {
 public:
  using Stored = store::v1::StoredAccess;

  // Errors: STORE_DAMAGED.
  absl::Status Load(const Engine& engine);

  // Null when there is none.
  const Stored* Find(uint64_t id) const;
  // The same among those that are not revoked.
  const Stored* FindNamed(absl::string_view name) const;
  const Stored* FindCertificate(absl::string_view san) const;
  // The one that was revoked first; null when none is.
  const Stored* FirstRevoked() const;

  void Put(Stored stored);
  void Forget(uint64_t id);

  size_t size() const { return entries_.size(); }

  // As calls are to see them. The same object as before while nothing changed.
  std::shared_ptr<const AccessTable> Published();

 private:
  template <typename Matches>
  const Stored* FindActive(Matches matches) const;

  std::map<uint64_t, AccessEntry> entries_;
  std::shared_ptr<const AccessTable> published_;
  bool changed_ = true;
};

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_STATE_WORKING_ACCESS_H_
