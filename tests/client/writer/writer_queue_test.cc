#include "client/writer/writer_queue.h"

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/client/writer/fake_writer_clock.h"
#include "tests/helpers/status_matchers.h"
#include "tests/helpers/temp_dir.h"

namespace emptychair {
namespace {

using ::emptychair::testing::TempDir;

// Threads add while another sends: each record is taken once, in the order of the numbers.
void AddAndTake(FeedbackWriterOptions options, Spool* spool) {
  constexpr int kThreads = 3;
  constexpr int kRecords = 1'500;
  options.batch_records = 10;
  options.queue_bytes = 4'000;
  options.when_full = WhenFull::kBlock;
  options.block_timeout = absl::Minutes(1);
  WriterQueue queue(options, WriterClock::System(), spool);
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&queue, t] {
      for (int i = 0; i < kRecords; ++i) {
        EXPECT_OK(
            queue.Add(absl::StrCat("record ", t, " ", i), false, i % 7 == 0 ? i : std::any()));
      }
    });
  }
  std::vector<int> next(kThreads);
  std::thread sender([&] {
    uint64_t number = 0;
    while (number < static_cast<uint64_t>(kThreads) * kRecords) {
      queue.Await(absl::Milliseconds(5), /*wants_batch=*/true);
      std::optional<RecordBatch> batch = queue.TakeReady();
      if (!batch.has_value()) {
        continue;
      }
      WriterQueue::Progress progress;
      for (size_t i = 0; i < batch->size(); ++i) {
        const absl::string_view serialized = batch->Serialized(i);
        EXPECT_EQ(batch->info(i).number, number++);
        const int t = serialized[7] - '0';
        EXPECT_EQ(serialized, absl::StrCat("record ", t, " ", next[t]));
        EXPECT_EQ(batch->info(i).context.has_value(), next[t] % 7 == 0);
        ++next[t];
        ++progress.records;
        ++progress.counted.stored;
        progress.bytes += static_cast<int64_t>(RecordBatch::EncodedSize(serialized.size()));
        progress.serialized_bytes += static_cast<int64_t>(serialized.size());
        if (spool != nullptr) {
          spool->Answered(batch->info(i).number);
        }
      }
      if (spool != nullptr) {
        EXPECT_OK(spool->Commit());
      }
      queue.Tell(progress, {});
    }
  });
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_OK(queue.Flush(absl::Minutes(1)));
  sender.join();
  const FeedbackWriterCounters counters = queue.counters();
  EXPECT_EQ(counters.stored, kThreads * kRecords);
  EXPECT_EQ(counters.queued_records, 0);
  EXPECT_EQ(counters.queued_bytes, 0);
}

TEST(WriterQueue, ManyAddWhileOneSends) { AddAndTake({}, nullptr); }

TEST(WriterQueue, ManyAddWhileOneSendsFromTheSpool) {
  TempDir folder;
  FeedbackWriterOptions options;
  options.spool.directory = folder.Join("spool");
  ASSERT_OK_AND_ASSIGN(const std::unique_ptr<Spool> spool,
                       Spool::Open(options.spool, WriterClock::System(), /*file_bytes=*/2'000));
  AddAndTake(options, spool.get());
}

}  // namespace
}  // namespace emptychair
