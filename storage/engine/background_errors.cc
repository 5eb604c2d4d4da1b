#include "storage/engine/background_errors.h"

#include <utility>

#include "storage/engine/engine.h"

namespace emptychair::storage {

void BackgroundErrors::Listen(OnError on_error) {
  absl::MutexLock lock(&mutex_);
  on_error_ = std::move(on_error);
  if (on_error_ && !first_error_.ok()) {
    on_error_(first_error_);
  }
}

void BackgroundErrors::OnBackgroundError(rocksdb::BackgroundErrorReason /*reason*/,
                                         rocksdb::Status* error) {
  absl::MutexLock lock(&mutex_);
  if (first_error_.ok() && !error->ok()) {
    first_error_ = FromRocksDb(*error, "moving changes into tables");
    if (on_error_) {
      on_error_(first_error_);
    }
  }
}

void BackgroundErrors::OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason /*reason*/,
                                            rocksdb::Status error, bool* auto_recovery) {
  error.PermitUncheckedError();
  *auto_recovery = false;
}

}  // namespace emptychair::storage
