// A server in a test's own memory that takes a writer's streams.
#ifndef EMPTYCHAIR_TESTS_CLIENT_WRITER_SCRIPTED_SERVER_H_
#define EMPTYCHAIR_TESTS_CLIENT_WRITER_SCRIPTED_SERVER_H_

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "client/writer/sender.h"
#include "emptychair/v1/feedback_service.pb.h"

namespace emptychair {

// Stores records once, by their ids, as the service does. What it answers can be changed.
// Thread-safe.
class ScriptedServer {
 public:
  // What becomes of a batch.
  struct Answer {
    // Not OK: ends the stream, after the answers to the batches before.
    absl::Status error;
    // The stream ends without those answers.
    bool ends_at_once = false;
    // Stored all the same: the answer is lost.
    bool is_stored = false;
    // No answer until Release.
    bool is_held = false;
    v1::StreamFeedbackResponse response;
  };
  // `batch` came over stream number `stream`, from 1.
  using Script = std::function<Answer(int stream, const v1::StreamFeedbackRequest& batch)>;

  // From now on batches are answered so; without one they are stored.
  void SetScript(Script script) ABSL_LOCKS_EXCLUDED(mutex_);
  // Answers what is held, as if it were stored.
  void Release() ABSL_LOCKS_EXCLUDED(mutex_);

  // For a writer.
  Sender::OpenStream OpenStream();

  // The records of all batches that came, as "STREAM: ID ID"; ids without what a UUID has behind
  // its first 13 characters.
  std::vector<std::string> received() const ABSL_LOCKS_EXCLUDED(mutex_);
  // The bytes of the batches, without their numbers.
  std::vector<std::string> batches() const ABSL_LOCKS_EXCLUDED(mutex_);
  // The stored records by id.
  std::map<std::string, v1::Feedback> stored() const ABSL_LOCKS_EXCLUDED(mutex_);

  // What is stored of the batch, and its acknowledgement.
  v1::StreamFeedbackResponse Store(const v1::StreamFeedbackRequest& batch)
      ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  class Stream;

  Answer AnswerTo(int stream, const EncodedFeedbackBatch& batch) ABSL_LOCKS_EXCLUDED(mutex_);

  mutable absl::Mutex mutex_;
  Script script_ ABSL_GUARDED_BY(mutex_);
  bool is_released_ ABSL_GUARDED_BY(mutex_) = false;
  int streams_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<std::string> received_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::string> batches_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, v1::Feedback> stored_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_TESTS_CLIENT_WRITER_SCRIPTED_SERVER_H_
