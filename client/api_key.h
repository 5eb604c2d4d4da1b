// The key that calls send, and its renewal.
#ifndef EMPTYCHAIR_CLIENT_API_KEY_H_
#define EMPTYCHAIR_CLIENT_API_KEY_H_

#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "emptychair/client/options.h"

namespace emptychair {

// The key of a connection, as its file or source last had it. No error has its text. Thread-safe.
class ApiKey {
 public:
  // Reads the key that `options` name; null when they name none. FIELD_INVALID names the option and
  // the file.
  static absl::StatusOr<std::shared_ptr<ApiKey>> Read(const ClientOptions& options);

  std::string text() const;

  // Reads again, after the server did not take `refused`. Whether there is another key now; one
  // that cannot be read is none.
  bool RenewAfter(absl::string_view refused);

 private:
  using Source = std::function<absl::StatusOr<std::string>()>;

  ApiKey(Source source, std::string text) : source_(std::move(source)), text_(std::move(text)) {}

  const Source source_;
  mutable absl::Mutex mutex_;
  std::string text_ ABSL_GUARDED_BY(mutex_);
};

// The key in one call, attempt by attempt. For one thread.
class CallKey {
 public:
  // Without a key.
  CallKey() = default;
  // `key` can be null.
  explicit CallKey(std::shared_ptr<ApiKey> key) : key_(std::move(key)) {}

  // What the next attempt sends as `authorization`; empty: nothing.
  std::string Authorization();

  // Whether the last attempt, which ended with `status`, is worth another because there is another
  // key. Once until Begin.
  bool RenewAfter(const absl::Status& status);

  // Something begins, or has gone well.
  void Begin() { is_renewed_ = false; }

 private:
  std::shared_ptr<ApiKey> key_;
  std::string sent_;
  bool is_renewed_ = false;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_CLIENT_API_KEY_H_
