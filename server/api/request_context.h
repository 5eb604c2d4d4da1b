// Describes a call to whoever handles it, whatever transport brought it.
#ifndef EMPTYCHAIR_SERVER_API_REQUEST_CONTEXT_H_
#define EMPTYCHAIR_SERVER_API_REQUEST_CONTEXT_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/base/method.h"
#include "common/base/trace_parent.h"
#include "emptychair/v1/access_types.pb.h"
#include "server/api/permission_set.h"

namespace emptychair {

// Names one call in logs and to its caller. A value without parts on the heap: every call has one.
class RequestId {
 public:
  static constexpr size_t kBytesMax = 64;

  // Empty.
  RequestId() = default;

  // Takes the id that a caller chose. Nothing unless `text` has 1 to `kBytesMax` bytes, all visible
  // ASCII: the id goes into logs.
  static std::optional<RequestId> FromCaller(absl::string_view text);

  // Makes the 16 hexadecimal digits of `number`.
  static RequestId FromNumber(uint64_t number);

  absl::string_view text() const { return {text_.data(), size_}; }

 private:
  std::array<char, kBytesMax> text_;
  uint8_t size_ = 0;
};

// Makes ids for calls whose callers chose none: no two alike, and random from one process to the
// next. Thread-safe.
class RequestIds {
 public:
  // `first` should be random.
  explicit RequestIds(uint64_t first) : next_(first) {}

  RequestId Next() { return RequestId::FromNumber(next_.fetch_add(1, std::memory_order_relaxed)); }

 private:
  std::atomic<uint64_t> next_;
};

// Identifies the caller of a call, and says what it may do.
struct Caller {
  // How the caller proved who it is.
  enum class Kind : uint8_t { kAnonymous, kAdminSocket, kKey, kCertificate };

  Kind kind = Kind::kAnonymous;
  // The caller's address as the transport writes it, for example "ipv4:127.0.0.1:51234".
  std::string peer;
  // Of a key or certificate; else 0.
  uint64_t key_id = 0;
  // The hash of the key's text, by which it is told which of two texts this is; else all zero.
  std::array<uint8_t, 32> text_hash{};
  v1::Role role = v1::ROLE_UNSPECIFIED;
  PermissionSet permissions;
  // May use all surveys; else those that the key's entry names, which can change while it calls.
  bool has_all_surveys = false;

  bool May(v1::Permission permission) const { return permissions.Has(permission); }
};

class Gatekeeper;

// Tells when a caller has gone away. Thread-safe.
class Cancellation {
 public:
  virtual bool IsCancelled() const = 0;

 protected:
  ~Cancellation() = default;
};

// Holds what a handler may know of its call. Lives until the call is answered. Thread-safe.
struct RequestContext {
  // Never null in a call.
  const Method* method = nullptr;
  Caller caller;
  absl::Time deadline = absl::InfiniteFuture();
  RequestId request_id;
  // The trace of the caller's that the call belongs to, if it named one.
  std::optional<TraceParent> trace;
  // Null: the caller never goes away.
  const Cancellation* cancellation = nullptr;
  // Where AdmitRecords counts; null: nobody wants to know.
  std::atomic<int64_t>* record_count = nullptr;
  // Says whether records are let in; null: all are.
  Gatekeeper* gatekeeper = nullptr;

  // Counts records that the caller sent in, whatever becomes of them, and lets them in. By whoever
  // reads them from a request, before anything is made of them. Errors: RATE_LIMITED,
  // QUOTA_EXCEEDED.
  absl::Status AdmitRecords(int64_t records) const;

  // True once the caller has gone away. Cheap: fit for inner loops.
  bool IsCancelled() const { return cancellation != nullptr && cancellation->IsCancelled(); }

  // OK while somebody waits for the answer. Errors: DEADLINE_EXCEEDED, CANCELLED.
  absl::Status CheckAwaited(absl::Time now) const;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_API_REQUEST_CONTEXT_H_
