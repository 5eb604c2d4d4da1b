// The server's own events, and the one form of a log line: a JSON object.
#ifndef EMPTYCHAIR_SERVER_TELEMETRY_SERVER_LOG_H_
#define EMPTYCHAIR_SERVER_TELEMETRY_SERVER_LOG_H_

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/base/clock.h"

namespace emptychair {

// Builds one line of log: a JSON object that begins with "time" in RFC 3339, UTC, milliseconds.
class JsonLine {
 public:
  explicit JsonLine(absl::Time time);

  // `key` is a plain ASCII identifier. In `value` bytes that are not UTF-8 become '?'.
  JsonLine& Add(absl::string_view key, absl::string_view value);
  JsonLine& Add(absl::string_view key, int64_t value);

  // The object, without a line end. Once, at the end.
  std::string Finish();

 private:
  std::string text_;
};

// Writes `text` to `fd` whole, as often as it takes. False if the file does not take it.
bool WriteAll(int fd, absl::string_view text);

// Says what happens to the server, one line each, at once:
// {"time":"…","severity":"INFO","event":"listening","address":"127.0.0.1:7443"}
//
// No field may hold a comment, a customer id or a label value. Thread-safe.
class ServerLog {
 public:
  using Fields = std::initializer_list<std::pair<absl::string_view, absl::string_view>>;
  // Takes a line with its end. Called by one thread at a time.
  using Writer = std::function<void(absl::string_view line)>;

  // Writes to stderr.
  explicit ServerLog(const Clock* clock);
  ServerLog(const Clock* clock, Writer writer);

  // `event` names what happened, in a few words.
  void Info(absl::string_view event, Fields fields = {});
  void Warning(absl::string_view event, Fields fields = {});
  void Error(absl::string_view event, Fields fields = {});

 private:
  void Write(absl::string_view severity, absl::string_view event, Fields fields);

  const Clock* const clock_;
  absl::Mutex mutex_;
  const Writer writer_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_TELEMETRY_SERVER_LOG_H_
