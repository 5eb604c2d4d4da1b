// Collects the errors of RocksDB's background jobs.
#ifndef EMPTYCHAIR_STORAGE_ENGINE_BACKGROUND_ERRORS_H_
#define EMPTYCHAIR_STORAGE_ENGINE_BACKGROUND_ERRORS_H_

#include <functional>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "rocksdb/listener.h"

namespace emptychair::storage {

// Reports the first error of a flush, a compaction or a write to the MANIFEST. Suppresses RocksDB's
// own error recovery, which would stall writes while RocksDB tries again: after a failed sync
// nobody knows what is on the disk. Thread-safe.
class BackgroundErrors final : public rocksdb::EventListener {
 public:
  using OnError = std::function<void(const absl::Status&)>;

  // From now on `on_error` is called with the first error, at once when there was one already, else
  // on one of RocksDB's threads; it must not block. Null: nobody any more.
  void Listen(OnError on_error) ABSL_LOCKS_EXCLUDED(mutex_);

  void OnBackgroundError(rocksdb::BackgroundErrorReason reason, rocksdb::Status* error) override
      ABSL_LOCKS_EXCLUDED(mutex_);
  void OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason reason, rocksdb::Status error,
                            bool* auto_recovery) override;

 private:
  absl::Mutex mutex_;
  OnError on_error_ ABSL_GUARDED_BY(mutex_);
  absl::Status first_error_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_ENGINE_BACKGROUND_ERRORS_H_
