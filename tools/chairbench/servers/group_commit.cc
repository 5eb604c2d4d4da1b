#include "tools/chairbench/servers/group_commit.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"

namespace emptychair::bench {

absl::StatusOr<std::unique_ptr<GroupCommit>> GroupCommit::Open(const std::string& path) {
  ASSIGN_OR_RETURN(std::unique_ptr<SyncedFile> file, SyncedFile::Open(path));
  return std::unique_ptr<GroupCommit>(new GroupCommit(std::move(file)));
}

GroupCommit::GroupCommit(std::unique_ptr<SyncedFile> file)
    : file_(std::move(file)), writer_([this] { Run(); }) {}

GroupCommit::~GroupCommit() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  writer_.join();
}

void GroupCommit::Append(std::string bytes, absl::AnyInvocable<void(const absl::Status&)> done) {
  absl::MutexLock lock(&mutex_);
  queue_.push_back({std::move(bytes), std::move(done)});
}

std::vector<GroupCommit::Pending> GroupCommit::TakeGroup() {
  absl::MutexLock lock(&mutex_);
  mutex_.Await(absl::Condition(this, &GroupCommit::HasWork));
  return std::exchange(queue_, {});
}

void GroupCommit::Run() {
  for (std::vector<Pending> group = TakeGroup(); !group.empty(); group = TakeGroup()) {
    std::string bytes;
    for (const Pending& pending : group) {
      absl::StrAppend(&bytes, pending.bytes);
    }
    const absl::Status status = file_->Append(bytes);
    groups_.fetch_add(1, std::memory_order_relaxed);
    for (Pending& pending : group) {
      pending.done(status);
    }
  }
}

}  // namespace emptychair::bench
