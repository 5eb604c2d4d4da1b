#include "emptychair/client/feedback_id.h"

#include <sodium.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>

#include "common/base/uuid.h"

namespace emptychair {

std::string NewFeedbackId(absl::Time occur_time) {
  // Makes the random source safe to use from several threads. It fails only where the system has
  // no random numbers at all.
  static const bool kSodiumReady = sodium_init() >= 0;
  if (!kSodiumReady) {
    std::abort();
  }
  constexpr int64_t kUnixMsMax = (int64_t{1} << 48) - 1;
  std::array<uint8_t, 10> entropy;
  randombytes_buf(entropy.data(), entropy.size());
  return Uuid::MakeV7(std::clamp<int64_t>(absl::ToUnixMillis(occur_time), 0, kUnixMsMax), entropy)
      .ToString();
}

}  // namespace emptychair
