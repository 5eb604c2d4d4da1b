// A writer with a spool: what is not answered outlives it.
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/client/writer/writer_harness.h"
#include "tests/helpers/temp_dir.h"

namespace emptychair {
namespace {

using ::emptychair::testing::StatusIs;
using ::emptychair::testing::TempDir;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

using Answer = ScriptedServer::Answer;

class SpooledWriterTest : public WriterTest {
 protected:
  SpooledWriterTest() {
    options_.batch_records = 2;
    options_.spool.directory = folder_.Join("spool");
  }

  void SendNothing() {
    server_.SetScript(
        [](int, const auto&) { return Answer{.error = absl::UnavailableError("away")}; });
  }
  void SendAgain() { server_.SetScript(nullptr); }

  size_t Files() const {
    size_t files = 0;
    for (const auto& entry : std::filesystem::directory_iterator(options_.spool.directory)) {
      files += entry.path().extension() == ".spool" ? 1 : 0;
    }
    return files;
  }

  TempDir folder_;
};

TEST_F(SpooledWriterTest, SendsWhatAnEarlierWriterCouldNot) {
  SendNothing();
  Start();
  AddAll({"a", "b", "c"});
  EXPECT_THAT(writer_->Close(absl::ZeroDuration()), StatusIs(absl::StatusCode::kDeadlineExceeded));
  EXPECT_THAT(results(), IsEmpty());  // Nothing is given up.
  writer_.reset();
  EXPECT_EQ(Files(), 1u);

  Start();
  EXPECT_EQ(writer_->counters().queued_records, 3);
  SendAgain();
  AwaitResults(3, absl::Seconds(1));
  AddAll({"d"});
  EXPECT_OK(writer_->Close(kLong));
  EXPECT_THAT(results(), ElementsAre("a stored", "b stored", "c stored", "d stored"));
  writer_.reset();
  EXPECT_EQ(Files(), 0u);
  Start();
  EXPECT_EQ(writer_->counters().queued_records, 0);
}

TEST_F(SpooledWriterTest, WhatHasNoRoomInMemoryWaitsOnDisk) {
  SendNothing();
  options_.queue_bytes = 1'000;  // Half of it for records: 20 or so, half for contexts.
  Start();
  for (int i = 0; i < 300; ++i) {
    EXPECT_OK(writer_->Add(Record(absl::StrCat("record ", i)), {}));
  }
  EXPECT_EQ(writer_->counters().queued_records, 300);
  // A context is kept with it, as long as there is room.
  AddAll({"with a context"});
  SendAgain();
  AwaitResults(301, absl::Seconds(1));
  EXPECT_THAT(server_.stored(), SizeIs(301));
  for (int i = 0; i < 300; ++i) {
    EXPECT_EQ(results()[static_cast<size_t>(i)], absl::StrCat("record ", i, " stored"));
  }
  EXPECT_OK(writer_->Close(kLong));
  EXPECT_EQ(writer_->counters().queued_bytes, 0);
}

TEST_F(SpooledWriterTest, IsFullWhenTheSpoolOrTheRoomForContextsIs) {
  SendNothing();
  options_.queue_bytes = 1'000;
  options_.spool.bytes_max = 5'000;
  Start();
  int with_context = 0;
  while (writer_->Add(Record(absl::StrCat("c", with_context)), with_context).ok()) {
    ++with_context;
  }
  EXPECT_LT(with_context, 100);
  int without = 0;
  absl::Status full;
  while (full.ok()) {
    full = writer_->Add(Record(absl::StrCat("r", without)), {});
    without += full.ok() ? 1 : 0;
  }
  EXPECT_THAT(full, StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("of 5000 bytes")));
  SendAgain();
  AwaitResults(static_cast<size_t>(with_context + without), absl::Seconds(1));
  AddAll({"more"});
  EXPECT_OK(writer_->Close(kLong));
}

TEST_F(SpooledWriterTest, DropsTheOldestOfTheSpool) {
  server_.SetScript([](int, const auto&) { return Answer{.is_held = true}; });
  options_.when_full = WhenFull::kDropOldest;
  options_.batch_records = 1;
  options_.in_flight_batches = 1;
  options_.spool.bytes_max = 3 * 13;
  Start();
  AddAll({"a"});
  AwaitBatches(1);
  AddAll({"b", "c"});
  EXPECT_EQ(writer_->counters().queued_bytes, 3 * 10);
  AddAll({"d", "e"});
  AwaitResults(2);
  server_.Release();
  EXPECT_OK(writer_->Close(kLong));
  EXPECT_THAT(results(), ElementsAre("b gave up: QUEUE_FULL", "c gave up: QUEUE_FULL", "a stored",
                                     "d stored", "e stored"));
  writer_.reset();
  EXPECT_EQ(Files(), 0u);
}

TEST_F(SpooledWriterTest, KeepsItAllOnDiskBeforeAddReturns) {
  for (const SpoolOptions::Sync sync :
       {SpoolOptions::Sync::kInterval, SpoolOptions::Sync::kAlways}) {
    options_.spool.sync = sync;
    SendNothing();
    Start();
    AddAll({"a", "b"});
    const std::string copy = folder_.Join(absl::StrCat("copy ", static_cast<int>(sync)));
    std::filesystem::create_directory(copy);
    for (const auto& entry : std::filesystem::directory_iterator(options_.spool.directory)) {
      std::filesystem::copy(entry.path(), copy / entry.path().filename());
    }
    EXPECT_FALSE(writer_->Close(absl::ZeroDuration()).ok());
    writer_.reset();
    const std::string original = std::exchange(options_.spool.directory, copy);
    SendAgain();
    const size_t before = results().size();
    Start();
    EXPECT_OK(writer_->Close(kLong));
    writer_.reset();
    EXPECT_EQ(results().size(), before + 2);
    std::filesystem::remove_all(original);
    options_.spool.directory = original;
  }
}

TEST_F(SpooledWriterTest, TellsOfADamagedFileAndGoesOnWithoutIt) {
  SendNothing();
  Start();
  AddAll({"a", "b"});
  EXPECT_FALSE(writer_->Close(absl::ZeroDuration()).ok());
  writer_.reset();
  const std::string path = absl::StrCat(options_.spool.directory, "/0000000000000000.spool");
  std::filesystem::resize_file(path, 20);
  std::filesystem::resize_file(path, 100);  // Zeros behind a part of a record.
  EXPECT_THAT(WriterCore::Start(options_, &clock_, server_.OpenStream()),
              StatusIs(absl::StatusCode::kDataLoss));
  Start();
  SendAgain();
  AddAll({"c"});
  EXPECT_OK(writer_->Close(kLong));
  EXPECT_THAT(results(), ElementsAre("c stored"));
}

}  // namespace
}  // namespace emptychair
