#include "storage/read/append_only.h"

#include <string>
#include <thread>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "gtest/gtest.h"

namespace emptychair::storage {
namespace {

TEST(AppendOnly, KeepsEveryElementInItsPlace) {
  AppendOnly<std::string> sequence;
  std::vector<const std::string*> places;
  // Past several segments, which end at 64, 192, 448, ...
  constexpr size_t kCount = 20'000;
  for (size_t i = 0; i < kCount; ++i) {
    EXPECT_EQ(sequence.size(), i);
    sequence.Append(std::to_string(i));
    places.push_back(&sequence[i]);
  }
  EXPECT_EQ(sequence.size(), kCount);
  for (size_t i = 0; i < kCount; ++i) {
    EXPECT_EQ(sequence[i], std::to_string(i));
    EXPECT_EQ(&sequence[i], places[i]);
  }
}

TEST(AppendOnly, CanBeReadWhileAnotherThreadAppends) {
  AppendOnly<std::string> sequence;
  absl::Mutex mutex;
  size_t published = 0;
  constexpr size_t kCount = 20'000;
  std::thread appender([&] {
    for (size_t i = 0; i < kCount; ++i) {
      sequence.Append(std::to_string(i));
      absl::MutexLock lock(&mutex);
      published = i + 1;
    }
  });
  std::vector<std::thread> readers;
  for (int reader = 0; reader < 2; ++reader) {
    readers.emplace_back([&, reader] {
      size_t checked = 0;
      while (checked < kCount) {
        size_t size = 0;
        {
          absl::MutexLock lock(&mutex);
          size = published;
        }
        // All that is new, and something old.
        for (; checked < size; ++checked) {
          ASSERT_EQ(sequence[checked], std::to_string(checked));
        }
        if (size > 0) {
          const size_t old = (size * (reader + 3)) / 7;
          ASSERT_EQ(sequence[old], std::to_string(old));
        }
      }
    });
  }
  appender.join();
  for (std::thread& reader : readers) {
    reader.join();
  }
}

}  // namespace
}  // namespace emptychair::storage
