// Which long task runs, and how far it is.
#ifndef EMPTYCHAIR_SERVER_SERVICES_MAINTENANCE_STATUS_H_
#define EMPTYCHAIR_SERVER_SERVICES_MAINTENANCE_STATUS_H_

#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "common/base/clock.h"
#include "emptychair/v1/admin_service.pb.h"
#include "storage/check/maintenance.h"

namespace emptychair {

// Thread-safe.
class MaintenanceStatus {
 public:
  // Nothing when no task runs.
  std::optional<v1::MaintenanceTask> Get() const {
    absl::MutexLock lock(&mutex_);
    return task_;
  }

 private:
  friend class RunningTask;

  mutable absl::Mutex mutex_;
  std::optional<v1::MaintenanceTask> task_ ABSL_GUARDED_BY(mutex_);
};

// Shows a task while it exists. One at a time.
class RunningTask {
 public:
  RunningTask(MaintenanceStatus* status, const std::string& name, absl::Time now)
      : status_(status) {
    absl::MutexLock lock(&status_->mutex_);
    v1::MaintenanceTask& task = status_->task_.emplace();
    task.set_name(name);
    const int64_t now_ms = absl::ToUnixMillis(now);
    task.mutable_start_time()->set_seconds(now_ms / 1'000);
    task.mutable_start_time()->set_nanos(static_cast<int32_t>(now_ms % 1'000 * 1'000'000));
  }
  RunningTask(const RunningTask&) = delete;
  RunningTask& operator=(const RunningTask&) = delete;
  ~RunningTask() {
    absl::MutexLock lock(&status_->mutex_);
    status_->task_.reset();
  }

  void Show(const storage::TaskProgress& progress) {
    absl::MutexLock lock(&status_->mutex_);
    status_->task_->set_part(progress.part);
    status_->task_->set_done(progress.done);
    status_->task_->set_total(progress.total);
  }

 private:
  MaintenanceStatus* const status_;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_SERVICES_MAINTENANCE_STATUS_H_
