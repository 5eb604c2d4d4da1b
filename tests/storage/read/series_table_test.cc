#include "storage/read/series_table.h"

#include <map>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "gtest/gtest.h"
#include "tests/helpers/seed.h"

namespace emptychair::storage {
namespace {

using Values = std::vector<absl::string_view>;

TEST(SeriesTable, HasTheSeriesOtherFromTheStart) {
  SeriesTable table;
  EXPECT_EQ(table.size(), 1u);
  for (size_t dimension = 0; dimension < kDimensionsMax; ++dimension) {
    EXPECT_EQ(table.CodeOf(kOtherSeries, dimension), kOtherCode);
    EXPECT_EQ(table.TextOf(dimension, kOtherCode), "");
    EXPECT_EQ(table.TextOf(dimension, kNoneCode), "");
  }
  EXPECT_EQ(table.Find(Values{"a"}), std::nullopt);
  EXPECT_EQ(table.Find(Values{}), std::nullopt);
}

TEST(SeriesTable, NumbersCombinationsDenselyAndFindsThemAgain) {
  SeriesTable table;
  EXPECT_EQ(table.Add(Values{"email", "gold"}), 1u);
  EXPECT_EQ(table.Add(Values{"email", ""}), 2u);
  EXPECT_EQ(table.Add(Values{"", "gold"}), 3u);
  EXPECT_EQ(table.Add(Values{"", ""}), 4u);
  EXPECT_EQ(table.Add(Values{"gold", "email"}), 5u);
  EXPECT_EQ(table.size(), 6u);
  EXPECT_EQ(table.Find(Values{"email", "gold"}), 1u);
  EXPECT_EQ(table.Find(Values{"email", ""}), 2u);
  EXPECT_EQ(table.Find(Values{"", "gold"}), 3u);
  EXPECT_EQ(table.Find(Values{"", ""}), 4u);
  EXPECT_EQ(table.Find(Values{"gold", "email"}), 5u);
  EXPECT_EQ(table.Find(Values{"gold", ""}), std::nullopt);
  EXPECT_EQ(table.Find(Values{"phone", "gold"}), std::nullopt);
}

TEST(SeriesTable, HasACodeForEachValueOfADimension) {
  SeriesTable table;
  table.Add(Values{"email", "gold"});
  table.Add(Values{"phone", "gold"});
  table.Add(Values{"", "email"});
  EXPECT_EQ(table.CodeOf(1, 1), table.CodeOf(2, 1));
  EXPECT_NE(table.CodeOf(1, 0), table.CodeOf(2, 0));
  EXPECT_EQ(table.CodeOf(3, 0), kNoneCode);
  EXPECT_EQ(table.TextOf(0, table.CodeOf(1, 0)), "email");
  EXPECT_EQ(table.TextOf(0, table.CodeOf(2, 0)), "phone");
  EXPECT_EQ(table.TextOf(1, table.CodeOf(2, 1)), "gold");
  EXPECT_EQ(table.TextOf(1, table.CodeOf(3, 1)), "email");
  // A dimension that the combination does not reach.
  EXPECT_EQ(table.CodeOf(1, 7), kNoneCode);
}

TEST(SeriesTable, TakesTextsThatLookLikeItsMarks) {
  SeriesTable table;
  EXPECT_EQ(table.Add(Values{"(none)"}), 1u);
  EXPECT_EQ(table.Add(Values{"(other)"}), 2u);
  EXPECT_GT(table.CodeOf(1, 0), kOtherCode);
  EXPECT_GT(table.CodeOf(2, 0), kOtherCode);
}

TEST(SeriesTable, AnswersLikeAMap) {
  std::mt19937_64 random(testing::SeedFromEnvOrRandom());
  SeriesTable table;
  std::map<std::vector<std::string>, uint32_t> model;
  for (int i = 0; i < 20'000; ++i) {
    std::vector<std::string> texts(kDimensionsMax);
    for (std::string& text : texts) {
      text = random() % 3 == 0 ? absl::StrCat("v", random() % 3) : "";
    }
    const Values values(texts.begin(), texts.end());
    const auto known = model.find(texts);
    if (known != model.end()) {
      ASSERT_EQ(table.Find(values), known->second);
    } else {
      ASSERT_EQ(table.Find(values), std::nullopt);
      const uint32_t number = table.Add(values);
      ASSERT_EQ(number, model.size() + 1);
      model[texts] = number;
    }
  }
  for (const auto& [texts, number] : model) {
    for (size_t i = 0; i < texts.size(); ++i) {
      EXPECT_EQ(table.TextOf(i, table.CodeOf(number, i)), texts[i]);
    }
  }
}

TEST(SeriesTable, CanBeReadWhileAnotherThreadAdds) {
  SeriesTable table;
  absl::Mutex mutex;
  uint32_t published = 1;
  constexpr uint32_t kCount = 5'000;
  std::thread writer([&] {
    for (uint32_t i = 1; i < kCount; ++i) {
      const std::string a = absl::StrCat("a", i);
      const std::string b = absl::StrCat("b", i % 97);
      const Values values{a, b};
      if (!table.Find(values).has_value()) {
        table.Add(values);
      }
      absl::MutexLock lock(&mutex);
      published = i + 1;
    }
  });
  for (uint32_t checked = 1; checked < kCount;) {
    uint32_t size = 0;
    {
      absl::MutexLock lock(&mutex);
      size = published;
    }
    for (; checked < size; ++checked) {
      ASSERT_EQ(table.TextOf(0, table.CodeOf(checked, 0)), absl::StrCat("a", checked));
      ASSERT_EQ(table.TextOf(1, table.CodeOf(checked, 1)), absl::StrCat("b", checked % 97));
    }
  }
  writer.join();
}

}  // namespace
}  // namespace emptychair::storage
