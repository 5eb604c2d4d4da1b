#include "client/writer/record_batch.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "emptychair/v1/feedback_service.pb.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace emptychair {
namespace {

std::string Serialized(size_t comment_size) {
  v1::Feedback feedback;
  feedback.set_comment(std::string(comment_size, 'x'));
  return feedback.SerializeAsString();
}

RecordBatch BatchOf(int records) {
  RecordBatch batch;
  for (int i = 0; i < records; ++i) {
    batch.Add({.number = static_cast<uint64_t>(i), .context = i}, absl::StrCat("record ", i));
  }
  return batch;
}

TEST(RecordBatch, HasTheBytesThatARequestWouldHave) {
  v1::StreamFeedbackRequest request;
  RecordBatch batch;
  size_t bytes = 0;
  // Around the sizes at which a length takes a byte more.
  for (size_t size : {0, 1, 100, 125, 126, 127, 128, 129, 16'380, 16'381, 16'382, 16'383, 16'384}) {
    const std::string record = Serialized(size);
    ASSERT_TRUE(request.add_feedback()->ParseFromString(record));
    batch.Add({}, record);
    bytes += RecordBatch::EncodedSize(record.size());
    EXPECT_EQ(batch.bytes(), bytes);
    EXPECT_EQ(batch.Serialized(batch.size() - 1), record);
  }
  EXPECT_EQ(batch.TakeBytes(), request.SerializeAsString());
}

TEST(RecordBatch, KnowsItsRecordsWithoutItsBytes) {
  RecordBatch batch = BatchOf(3);
  batch.RemoveFirst();
  const size_t size = batch.bytes();
  const std::string bytes = batch.TakeBytes();
  EXPECT_EQ(batch.bytes(), size);
  EXPECT_EQ(batch.Serialized(0, bytes), "record 1");
  EXPECT_EQ(batch.Serialized(1, bytes), "record 2");
  EXPECT_EQ(bytes.size() - batch.begin(), size);
  batch.PutBytes(bytes);
  EXPECT_EQ(batch.Serialized(0), "record 1");
}

TEST(RecordBatch, IsHalvedUntilARecordIsAlone) {
  for (int removed = 0; removed < 3; ++removed) {
    RecordBatch batch = BatchOf(7);
    batch.attempts = 4;
    for (int i = 0; i < removed; ++i) {
      batch.RemoveFirst();
    }
    int number = 6;
    while (batch.size() > 1) {
      const RecordBatch half = batch.TakeSecondHalf();
      EXPECT_EQ(half.attempts, 4);
      for (size_t i = half.size(); i-- > 0; --number) {
        EXPECT_EQ(half.Serialized(i), absl::StrCat("record ", number));
        EXPECT_EQ(half.info(i).number, static_cast<uint64_t>(number));
        EXPECT_EQ(std::any_cast<int>(half.info(i).context), number);
      }
    }
    EXPECT_EQ(number, removed);
    EXPECT_EQ(batch.Serialized(0), absl::StrCat("record ", removed));
  }
}

TEST(RecordBatch, MovesItsFirstToAnother) {
  RecordBatch batch = BatchOf(3);
  RecordBatch other;
  batch.MoveFirstTo(other);
  batch.MoveFirstTo(other);
  EXPECT_EQ(batch.size(), 1u);
  EXPECT_EQ(batch.bytes(), RecordBatch::EncodedSize(8));
  ASSERT_EQ(other.size(), 2u);
  EXPECT_EQ(other.Serialized(1), "record 1");
  EXPECT_EQ(std::any_cast<int>(other.info(1).context), 1);
}

}  // namespace
}  // namespace emptychair
