#include "tests/client/writer/scripted_server.h"

#include <deque>
#include <iterator>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace emptychair {
namespace {

const std::string& IdOf(const v1::Feedback& feedback) {
  return feedback.external_id().empty() ? feedback.feedback_id() : feedback.external_id();
}

}  // namespace

class ScriptedServer::Stream final : public EncodedFeedbackStream {
 public:
  Stream(ScriptedServer* server, int number, OnAcknowledged on_acknowledged, StreamOptions options)
      : server_(server),
        number_(number),
        on_acknowledged_(std::move(on_acknowledged)),
        options_(std::move(options)) {}

  absl::Status Send(EncodedFeedbackBatch batch) override {
    EXPECT_TRUE(status_.ok()) << status_;
    batch.set_batch_number(++batches_);
    Answer answer = server_->AnswerTo(number_, batch);
    answer.response.set_batch_number(batches_);
    unacknowledged_.push_back({std::move(batch), std::move(answer)});
    return absl::OkStatus();
  }

  absl::Status AwaitAcknowledgement(absl::Duration timeout) override {
    EXPECT_GT(timeout, absl::ZeroDuration());
    EXPECT_FALSE(unacknowledged_.empty());
    const Answer& answer = unacknowledged_.front().answer;
    if (options_.stop.stop_requested()) {
      return status_ = absl::CancelledError("stopped");
    }
    for (const Sent& sent : unacknowledged_) {
      if (sent.answer.ends_at_once) {
        return status_ = sent.answer.error;
      }
    }
    if (answer.is_held) {
      absl::MutexLock lock(&server_->mutex_);
      if (!server_->mutex_.AwaitWithTimeout(absl::Condition(&server_->is_released_),
                                            absl::Milliseconds(1))) {
        return absl::OkStatus();
      }
    }
    if (!answer.error.ok()) {
      return status_ = answer.error;
    }
    const Sent first = std::move(unacknowledged_.front());
    unacknowledged_.pop_front();
    on_acknowledged_(first.batch, first.answer.response);
    return absl::OkStatus();
  }

  std::vector<EncodedFeedbackBatch> TakeUnacknowledged() override {
    std::vector<EncodedFeedbackBatch> batches;
    for (Sent& sent : unacknowledged_) {
      batches.push_back(std::move(sent.batch));
    }
    unacknowledged_.clear();
    return batches;
  }

  absl::Status Finish() override { return absl::UnimplementedError("a writer never does"); }

 private:
  struct Sent {
    EncodedFeedbackBatch batch;
    Answer answer;
  };

  ScriptedServer* const server_;
  const int number_;
  const OnAcknowledged on_acknowledged_;
  const StreamOptions options_;
  int64_t batches_ = 0;
  std::deque<Sent> unacknowledged_;
  absl::Status status_;
};

void ScriptedServer::SetScript(Script script) {
  absl::MutexLock lock(&mutex_);
  script_ = std::move(script);
}

void ScriptedServer::Release() {
  absl::MutexLock lock(&mutex_);
  is_released_ = true;
}

Sender::OpenStream ScriptedServer::OpenStream() {
  return [this](EncodedFeedbackStream::OnAcknowledged on_acknowledged, StreamOptions options) {
    EXPECT_FALSE(options.resends);
    absl::MutexLock lock(&mutex_);
    return std::make_unique<Stream>(this, ++streams_, std::move(on_acknowledged),
                                    std::move(options));
  };
}

ScriptedServer::Answer ScriptedServer::AnswerTo(int stream, const EncodedFeedbackBatch& batch) {
  v1::StreamFeedbackRequest request;
  EXPECT_TRUE(
      request.ParseFromArray(batch.records().data(), static_cast<int>(batch.records().size())));
  Script script;
  {
    absl::MutexLock lock(&mutex_);
    std::string line = absl::StrCat(stream, ":");
    for (const v1::Feedback& feedback : request.feedback()) {
      absl::StrAppend(&line, " ", IdOf(feedback).substr(0, 13));
    }
    received_.push_back(line);
    batches_.emplace_back(batch.records());
    script = script_;
  }
  if (script == nullptr) {
    return {.response = Store(request)};
  }
  Answer answer = script(stream, request);
  if (answer.is_stored || answer.is_held) {
    answer.response = Store(request);
  }
  return answer;
}

v1::StreamFeedbackResponse ScriptedServer::Store(const v1::StreamFeedbackRequest& batch) {
  absl::MutexLock lock(&mutex_);
  v1::StreamFeedbackResponse response;
  for (int i = 0; i < batch.feedback_size(); ++i) {
    if (!stored_.emplace(IdOf(batch.feedback(i)), batch.feedback(i)).second) {
      response.add_already_existed_indexes(i);
    }
  }
  response.set_already_existed_count(response.already_existed_indexes_size());
  response.set_accepted_count(batch.feedback_size() - response.already_existed_count());
  return response;
}

std::vector<std::string> ScriptedServer::received() const {
  absl::MutexLock lock(&mutex_);
  return received_;
}

std::vector<std::string> ScriptedServer::batches() const {
  absl::MutexLock lock(&mutex_);
  return batches_;
}

std::map<std::string, v1::Feedback> ScriptedServer::stored() const {
  absl::MutexLock lock(&mutex_);
  return stored_;
}

}  // namespace emptychair
