// Has the audit know of a feed before anything of it is read.
#ifndef EMPTYCHAIR_SERVER_SERVICES_AUDITED_FEED_H_
#define EMPTYCHAIR_SERVER_SERVICES_AUDITED_FEED_H_

#include <memory>
#include <utility>

#include "absl/status/statusor.h"
#include "common/base/status_macros.h"
#include "common/base/waiter.h"
#include "storage/state/command.h"
#include "storage/store.h"

namespace emptychair {

// A source of messages, as a feed reads it, whose call is put down before the first: no event, no
// work. For one thread at a time.
template <typename Source, typename Response>
class AuditedFeed {
 public:
  // `note` puts the event down. `store` must outlive the feed.
  AuditedFeed(storage::Store* store, storage::CommandPtr note, Source source)
      : store_(store), note_(std::move(note)), source_(std::move(source)) {}

  absl::StatusOr<bool> Next(Response& response) {
    if (note_ != nullptr) {
      RETURN_IF_ERROR(store_->CarryOut(std::move(note_)).error);
    }
    return source_.Next(response);
  }
  bool IsOver() const { return source_.IsOver(); }
  bool NotifyWhenMore(const std::shared_ptr<Waiter>& waiter) {
    return source_.NotifyWhenMore(waiter);
  }
  void Unsubscribe(const std::shared_ptr<Waiter>& waiter) { source_.Unsubscribe(waiter); }

 private:
  storage::Store* store_;
  storage::CommandPtr note_;
  Source source_;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_SERVICES_AUDITED_FEED_H_
