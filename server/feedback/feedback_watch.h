// The changes of records as they happen.
#ifndef EMPTYCHAIR_SERVER_FEEDBACK_FEEDBACK_WATCH_H_
#define EMPTYCHAIR_SERVER_FEEDBACK_FEEDBACK_WATCH_H_

#include <cstdint>
#include <memory>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"
#include "common/base/waiter.h"
#include "emptychair/v1/feedback_service.pb.h"
#include "server/request/view_source.h"
#include "storage/format/changes.h"
#include "storage/store.h"

namespace emptychair {

// Cursor of one caller in the change log. Movable; for one thread at a time.
class FeedbackWatch {
 public:
  // Errors: FIELD_REQUIRED, FIELD_INVALID, SURVEY_NOT_FOUND, STORE_CHANGED. `store` must outlive
  // the watch.
  static absl::StatusOr<FeedbackWatch> Prepare(storage::Store* store, ViewSource views,
                                               const v1::WatchFeedbackRequest& request);

  // Fills in the next message; false when there is none now. Reads a page from disk. Errors:
  // SEQUENCE_TRIMMED, STORE_DAMAGED, SURVEY_NOT_FOUND (the caller may use one of the surveys no
  // more).
  absl::StatusOr<bool> Next(v1::WatchFeedbackResponse& response);

  // Has `waiter` notified once when Next may have a message. False, and it is not notified, if it
  // may now.
  bool NotifyWhenMore(const std::shared_ptr<Waiter>& waiter) const;
  void Unsubscribe(const std::shared_ptr<Waiter>& waiter) const;

 private:
  FeedbackWatch(storage::Store* store, ViewSource views, uint64_t position)
      : store_(store), views_(std::move(views)), position_(position), told_position_(position) {}

  absl::Status CheckSurveys(const storage::View& view);
  bool Watches(uint32_t survey_number) const;
  // Null for a survey that is not there any more.
  const storage::SurveyView* FindSurvey(const storage::View& view, uint32_t number);
  void Add(const storage::View& view, uint64_t sequence, const storage::ChangeLogEntry& change,
           v1::WatchFeedbackResponse& response);
  void AddRecord(const storage::View& view, uint64_t sequence,
                 const storage::ChangeLogEntry& change, v1::WatchFeedbackResponse& response);

  storage::Store* store_;
  ViewSource views_;
  absl::flat_hash_set<uint32_t> surveys_;  // Empty: all.
  uint64_t position_;                      // Up to here everything was looked at,
  uint64_t told_position_;                 // and up to here the caller knows.
  bool has_told_of_start_ = false;         // That it has all that had happened by then.
  // The surveys of `catalog_` by number.
  std::shared_ptr<const storage::Catalog> catalog_;
  absl::flat_hash_map<uint32_t, const storage::SurveyView*> by_number_;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_FEEDBACK_FEEDBACK_WATCH_H_
