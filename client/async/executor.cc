#include "emptychair/client/executor.h"

#include <deque>
#include <memory>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace emptychair {
namespace {

// What waits for the thread, which shares it, so that it can end after the executor has.
class TaskQueue {
 public:
  void Add(std::function<void()> task) ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    tasks_.push_back(std::move(task));
  }

  // After what is there, Run returns.
  void Close() ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    is_closed_ = true;
  }

  void Run() ABSL_LOCKS_EXCLUDED(mutex_) {
    while (std::function<void()> task = Take()) {
      task();
    }
  }

 private:
  // Waits for a task. Null: there are no more.
  std::function<void()> Take() ABSL_LOCKS_EXCLUDED(mutex_) {
    const auto is_ready = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
      return is_closed_ || !tasks_.empty();
    };
    absl::MutexLock lock(&mutex_, absl::Condition(&is_ready));
    if (tasks_.empty()) {
      return nullptr;
    }
    std::function<void()> task = std::move(tasks_.front());
    tasks_.pop_front();
    return task;
  }

  absl::Mutex mutex_;
  std::deque<std::function<void()>> tasks_ ABSL_GUARDED_BY(mutex_);
  bool is_closed_ ABSL_GUARDED_BY(mutex_) = false;
};

class TaskThread {
 public:
  TaskThread() = default;
  TaskThread(const TaskThread&) = delete;
  TaskThread& operator=(const TaskThread&) = delete;

  ~TaskThread() {
    queue_->Close();
    if (!thread_.joinable()) {
      return;
    }
    if (thread_.get_id() == std::this_thread::get_id()) {
      thread_.detach();
    } else {
      thread_.join();
    }
  }

  void Add(std::function<void()> task) ABSL_LOCKS_EXCLUDED(mutex_) {
    queue_->Add(std::move(task));
    absl::MutexLock lock(&mutex_);
    if (!thread_.joinable()) {
      thread_ = std::thread([queue = queue_] { queue->Run(); });
    }
  }

 private:
  const std::shared_ptr<TaskQueue> queue_ = std::make_shared<TaskQueue>();
  absl::Mutex mutex_;
  std::thread thread_;  // Guarded by mutex_ until the destructor.
};

}  // namespace

CallbackExecutor MakeThreadExecutor() {
  return [thread = std::make_shared<TaskThread>()](std::function<void()> task) {
    thread->Add(std::move(task));
  };
}

}  // namespace emptychair
