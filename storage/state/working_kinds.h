// Activity kinds as the committer works on them.
#ifndef EMPTYCHAIR_STORAGE_STATE_WORKING_KINDS_H_
#define EMPTYCHAIR_STORAGE_STATE_WORKING_KINDS_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "emptychair/store/v1/value.pb.h"
#include "storage/engine/engine.h"
#include "storage/read/activity_kinds.h"

namespace emptychair::storage {

// A subscription by the number of its kind, and of those that it is made of.
struct SubscriptionKinds {
  uint32_t number = 0;
  uint32_t start = 0;
  uint32_t end = 0;
};

struct WorkingKind {
  std::shared_ptr<const store::v1::StoredActivityKind> definition;
  std::shared_ptr<ImportTable> imports = std::make_shared<ImportTable>();
  bool has_activities = false;  // Has or had; erased ones and those taken back count.
  std::vector<SubscriptionKinds> subscriptions;  // Made of this kind, without deleted ones.

  uint32_t number() const { return definition->kind_number(); }
  bool is_deleted() const { return definition->delete_time_ms() != 0; }
  bool is_subscription() const { return definition->start_kind_number() != 0; }
  SubscriptionKinds as_subscription() const {
    return {number(), definition->start_kind_number(), definition->end_kind_number()};
  }
};

// For one thread.
class WorkingKinds {
 public:
  // Reads the kinds, but not their imports. Errors: STORE_DAMAGED.
  absl::Status Load(const Engine& engine);
  // Reads which kinds have activities; after their imports. Errors: STORE_DAMAGED.
  absl::Status LoadWhetherUsed(const Engine& engine);

  // Null when there is none, or when it was deleted.
  WorkingKind* Find(uint32_t kind_number);
  WorkingKind* Find(absl::string_view kind);
  // Null when there is none, deleted or not.
  WorkingKind* FindAny(uint32_t kind_number);

  // Adds a kind, or gives one a new definition.
  WorkingKind& Put(store::v1::StoredActivityKind definition);
  void Forget(uint32_t kind_number) { kinds_.erase(kind_number); }

  // With those that are deleted but not purged.
  size_t size() const { return kinds_.size(); }
  std::vector<uint32_t> Deleted() const;
  // Subscriptions whose sets are being built.
  std::vector<std::shared_ptr<const store::v1::StoredActivityKind>> Unbuilt() const;

  // Kinds as queries are to see them. What did not change is the same object as before.
  std::shared_ptr<const ActivityKinds> Published();

 private:
  void PutSubscription(const WorkingKind& kind);

  absl::flat_hash_map<uint32_t, WorkingKind> kinds_;
  absl::flat_hash_map<std::string, uint32_t> numbers_;  // Without those that were deleted.
  std::shared_ptr<const ActivityKinds> published_;
  bool changed_ = true;
};

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_STATE_WORKING_KINDS_H_
