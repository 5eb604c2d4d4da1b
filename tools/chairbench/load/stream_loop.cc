#include "tools/chairbench/load/stream_loop.h"

#include <optional>
#include <utility>

namespace emptychair::bench {

FeedbackStreams MakeFeedbackStreams(Target& target, const BenchOptions& options,
                                    AnswerSource answers) {
  const auto open = [client = target.client()](FeedbackStream::OnAcknowledged on_acknowledged) {
    return client.StreamFeedback(std::move(on_acknowledged));
  };
  const auto next = [answers = std::move(answers), size = options.batch_size](
                        size_t stream, v1::StreamFeedbackRequest& batch) {
    batch.mutable_feedback()->Reserve(size);
    while (batch.feedback_size() < size) {
      const std::optional<BenchAnswer> answer = answers(stream);
      if (!answer.has_value()) {
        break;
      }
      FillFeedback(*answer, *batch.add_feedback());
    }
    return !batch.feedback().empty();
  };
  return FeedbackStreams({open, next}, static_cast<size_t>(options.streams));
}

absl::StatusOr<LoopResult> LoadByStreams(Target& target, const BenchOptions& options,
                                         AnswerSource answers) {
  constexpr absl::Duration kLoadMax = absl::Hours(24);
  return MakeFeedbackStreams(target, options, std::move(answers)).Run(kLoadMax);
}

}  // namespace emptychair::bench
