#include "server/api/reply_handle.h"

#include <cassert>

namespace emptychair {

ReplyHandle::~ReplyHandle() {
  if (pending_ != nullptr) {
    pending_->ReplyForHandler(absl::InternalError(kNoReply));
  }
}

void ReplyHandle::operator()(const absl::Status& status) {
  assert(pending_ != nullptr);
  std::exchange(pending_, nullptr)->ReplyForHandler(status);
}

}  // namespace emptychair
