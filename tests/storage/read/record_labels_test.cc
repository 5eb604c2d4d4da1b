#include "storage/read/record_labels.h"

#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/helpers/seed.h"

namespace emptychair::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

using Labels = std::vector<std::pair<std::string, std::string>>;

store::v1::StoredFeedback BodyOf(const Labels& labels) {
  store::v1::StoredFeedback body;
  body.set_comment("words");
  body.set_import_number(3);
  for (const auto& [key, value] : labels) {
    store::v1::StoredLabel& label = *body.add_labels();
    label.set_key(key);
    label.set_value(value);
  }
  return body;
}

Labels LabelsOf(const store::v1::StoredFeedback& body) {
  Labels labels;
  for (const store::v1::StoredLabel& label : body.labels()) {
    labels.emplace_back(label.key(), label.value());
  }
  return labels;
}

class RecordLabelsTest : public ::testing::Test {
 protected:
  RecordLabelsTest() {
    definition_.add_dimensions("region");
    definition_.add_dimensions("channel");
    table_.Add({"eu", "web"});
    table_.Add({"eu"});  // As one that is older than the second dimension.
  }

  SurveySeries Survey() const {
    return {&definition_, &table_, static_cast<uint32_t>(table_.size())};
  }

  // The labels of the stored form, and of what is read of it.
  Labels Stored(uint32_t series, const Labels& labels) {
    store::v1::StoredFeedback body = BodyOf(labels);
    const std::string value = EncodeRecord(Survey(), {.series = series}, body);
    store::v1::StoredFeedback stored;
    EXPECT_TRUE(DecodeFeedbackBody(value, stored));
    EXPECT_EQ(stored.comment(), "words");
    EXPECT_EQ(stored.import_number(), 3u);
    store::v1::StoredFeedback read;
    EXPECT_TRUE(DecodeBody(Survey(), {.series = series}, value, read));
    EXPECT_EQ(LabelsOf(read), labels);
    return LabelsOf(stored);
  }

  store::v1::StoredSurvey definition_;
  SeriesTable table_;
};

TEST_F(RecordLabelsTest, AreLeftOutWhereTheSeriesSaysThem) {
  const Labels labels = {{"agent", "7"}, {"channel", "web"}, {"plan", "pro"}, {"region", "eu"}};
  EXPECT_THAT(Stored(1, labels), ElementsAre(std::pair("agent", "7"), std::pair("plan", "pro")));
  EXPECT_THAT(Stored(2, labels), ElementsAre(std::pair("agent", "7"), std::pair("channel", "web"),
                                             std::pair("plan", "pro")));
  EXPECT_EQ(Stored(kOtherSeries, labels), labels);
  EXPECT_THAT(Stored(1, {{"channel", "web"}, {"region", "eu"}}), IsEmpty());
}

TEST_F(RecordLabelsTest, OfAnUnknownSeriesAreDamaged) {
  store::v1::StoredFeedback body = BodyOf({});
  EXPECT_FALSE(AddSeriesLabels(Survey(), 3, body));
  EXPECT_FALSE(AddSeriesLabels({&definition_, &table_, 2}, 2, body));
  EXPECT_TRUE(AddSeriesLabels(Survey(), kOtherSeries, body));
}

TEST_F(RecordLabelsTest, ThatAreThereTwiceAreDamaged) {
  store::v1::StoredFeedback body = BodyOf({{"region", "us"}});
  EXPECT_FALSE(AddSeriesLabels(Survey(), 1, body));
}

TEST_F(RecordLabelsTest, ComeBackWhateverTheyAre) {
  const uint64_t seed = emptychair::testing::SeedFromEnvOrRandom();
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  for (int i = 0; i < 6; ++i) {
    definition_.add_dimensions(absl::StrCat("d", i));
  }
  for (int round = 0; round < 500; ++round) {
    Labels labels;
    std::vector<std::string> values(8);
    for (const char* key : {"a", "channel", "d0", "d1", "d2", "d3", "d4", "d5", "e", "region"}) {
      if (random() % 2 == 0) {
        continue;
      }
      labels.emplace_back(key, absl::StrCat("v", random() % 3));
      for (int i = 0; i < definition_.dimensions_size(); ++i) {
        // Some dimensions did not count when the series was made.
        if (definition_.dimensions(i) == key && random() % 3 != 0) {
          values[static_cast<size_t>(i)] = labels.back().second;
        }
      }
    }
    const std::vector<absl::string_view> views(values.begin(), values.end());
    const std::optional<uint32_t> known = table_.Find(views);
    const uint32_t series = known.has_value() ? *known : table_.Add(views);
    EXPECT_LE(Stored(series, labels).size(), labels.size());
  }
}

}  // namespace
}  // namespace emptychair::storage
