// A batch of records that are serialized already.
#ifndef EMPTYCHAIR_CLIENT_ENCODED_BATCH_H_
#define EMPTYCHAIR_CLIENT_ENCODED_BATCH_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"

namespace emptychair {

// A StreamFeedbackRequest without an import, as bytes: for those who keep many records, which take
// a fraction of the memory so, and send them without making messages of them again.
class EncodedFeedbackBatch {
 public:
  EncodedFeedbackBatch() = default;
  // `bytes` has the records from `begin` on, each as the request has it: the field's tag, its
  // length, and the serialized Feedback.
  explicit EncodedFeedbackBatch(std::string bytes, size_t begin = 0)
      : bytes_(std::move(bytes)), begin_(begin) {}

  int64_t batch_number() const { return batch_number_; }
  void set_batch_number(int64_t batch_number) { batch_number_ = batch_number; }

  absl::string_view records() const { return absl::string_view(bytes_).substr(begin_); }

  // All the bytes that it was made of.
  const std::string& bytes() const& { return bytes_; }
  std::string bytes() && { return std::move(bytes_); }

 private:
  int64_t batch_number_ = 0;
  std::string bytes_;
  size_t begin_ = 0;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_CLIENT_ENCODED_BATCH_H_
