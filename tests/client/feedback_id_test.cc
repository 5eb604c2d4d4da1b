#include "emptychair/client/feedback_id.h"

#include <set>
#include <string>
#include <thread>
#include <vector>

#include "common/base/uuid.h"
#include "gtest/gtest.h"

namespace emptychair {
namespace {

TEST(NewFeedbackId, IsAVersion7UuidOfTheTime) {
  for (const int64_t unix_ms :
       {int64_t{0}, int64_t{1}, int64_t{1706700000123}, (int64_t{1} << 48) - 1}) {
    const std::string text = NewFeedbackId(absl::FromUnixMillis(unix_ms));
    EXPECT_EQ(text.size(), 36u);
    const std::optional<Uuid> uuid = Uuid::Parse(text);
    ASSERT_TRUE(uuid.has_value()) << text;
    EXPECT_TRUE(uuid->IsV7()) << text;
    EXPECT_EQ(uuid->UnixMs(), unix_ms);
    EXPECT_EQ(uuid->ToString(), text);
  }
}

TEST(NewFeedbackId, CutsToMilliseconds) {
  const std::string text = NewFeedbackId(absl::FromUnixMicros(1999));
  EXPECT_EQ(Uuid::Parse(text)->UnixMs(), 1);
}

TEST(NewFeedbackId, ReadsATimeOutsideAsTheNearerEnd) {
  EXPECT_EQ(Uuid::Parse(NewFeedbackId(absl::InfinitePast()))->UnixMs(), 0);
  EXPECT_EQ(Uuid::Parse(NewFeedbackId(absl::InfiniteFuture()))->UnixMs(), (int64_t{1} << 48) - 1);
}

TEST(NewFeedbackId, NeverRepeatsFromSeveralThreads) {
  constexpr int kThreads = 4;
  constexpr int kIds = 2000;
  std::vector<std::vector<std::string>> made(kThreads);
  std::vector<std::thread> threads;
  for (std::vector<std::string>& ids : made) {
    threads.emplace_back([&ids] {
      for (int i = 0; i < kIds; ++i) {
        ids.push_back(NewFeedbackId(absl::UnixEpoch()));
      }
    });
  }
  std::set<std::string> all;
  for (int i = 0; i < kThreads; ++i) {
    threads[i].join();
    all.insert(made[i].begin(), made[i].end());
  }
  EXPECT_EQ(all.size(), static_cast<size_t>(kThreads) * kIds);
}

}  // namespace
}  // namespace emptychair
