// Keeps the scored answers of a survey by customer, or those of a part of the customers when there
// are many.
#ifndef EMPTYCHAIR_SERVER_REPEATS_REPEAT_SAMPLE_H_
#define EMPTYCHAIR_SERVER_REPEATS_REPEAT_SAMPLE_H_

#include <cstddef>
#include <cstdint>
#include <vector>

namespace emptychair {

struct SampledAnswer {
  // A customer's ordinal; of an anonymous answer, which is a customer of its own, any bits that
  // tell it from others.
  uint32_t customer = 0;
  uint32_t series = 0;
  uint16_t day = 0;  // From the oldest that is measured.
  uint8_t bin = 0;   // Of its score, see storage::BinOf.
  bool is_anonymous = false;
};

// Holds all answers while they are few; else those of every s-th customer, where s is doubled as
// often as it takes, so that those of any customer are here either all or not at all. Not
// thread-safe.
class RepeatSample {
 public:
  // Takes at most so many bytes, for at least one answer.
  explicit RepeatSample(size_t bytes_max);

  void Add(const SampledAnswer& answer);

  // Sorts the answers: those of customers first, each by day. To be called after the last.
  void Sort();

  const std::vector<SampledAnswer>& answers() const { return answers_; }
  // One of so many customers is here.
  uint64_t step() const { return step_; }

 private:
  bool IsIn(const SampledAnswer& answer) const;

  const size_t answers_max_;
  uint64_t step_ = 1;  // A power of 2.
  std::vector<SampledAnswer> answers_;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_REPEATS_REPEAT_SAMPLE_H_
