// Records on disk that are not answered yet.
#ifndef EMPTYCHAIR_CLIENT_WRITER_SPOOL_H_
#define EMPTYCHAIR_CLIENT_WRITER_SPOOL_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "client/writer/file.h"
#include "client/writer/writer_clock.h"
#include "emptychair/client/feedback_writer.h"

namespace emptychair {

// A folder with files of records (spool_format.h), the file "acked", and "lock", which the process
// that uses it holds. Records have numbers, which go on where an earlier process stopped; they are
// read in their order, once. Thread-safe, but for Read and Commit, which are for one thread.
class Spool {
 public:
  static constexpr int64_t kFileBytes = int64_t{16} << 20;

  // Takes the folder over: cuts off what a machine that stopped has left of a record. Errors as for
  // FeedbackWriter::Create. `file_bytes`: how long a file becomes before there is another.
  static absl::StatusOr<std::unique_ptr<Spool>> Open(const SpoolOptions& options,
                                                     const WriterClock* clock,
                                                     int64_t file_bytes = kFileBytes);

  // Deletes what is answered.
  ~Spool();
  Spool(const Spool&) = delete;
  Spool& operator=(const Spool&) = delete;

  // What was found: records that are not answered, and the bytes of their records.
  int64_t found_records() const { return found_records_; }
  int64_t found_bytes() const { return found_bytes_; }
  // The number behind the last of them.
  uint64_t found_end() const { return found_end_; }
  // What was cut off.
  int64_t torn_records() const { return torn_records_; }

  // Keeps a record, and answers with its number: the end of this process does not lose it. After an
  // error it is not kept.
  absl::StatusOr<uint64_t> Append(absl::string_view serialized) ABSL_LOCKS_EXCLUDED(mutex_);

  // With Sync::kAlways: returns once no loss of power loses the records up to this number. An error
  // is also that of every Append from then on.
  absl::Status Keep(uint64_t number) ABSL_LOCKS_EXCLUDED(sync_mutex_, mutex_) {
    return sync_ == SpoolOptions::Sync::kAlways ? SyncUpTo(number + 1) : absl::OkStatus();
  }

  // Says that all there is need not be read: someone has it in memory.
  void SkipToEnd() ABSL_LOCKS_EXCLUDED(mutex_);

  struct Lost {
    int64_t records = 0;
    int64_t bytes = 0;
  };
  // Tells the next records: `records_max` and `bytes_max` of the file at most, but one at least
  // unless there are no more. DATA_LOSS when a file has turned out to be damaged: it is set aside,
  // and its records, from the one that was to be read on, count as answered; they are `lost`.
  absl::Status Read(int records_max, size_t bytes_max,
                    const std::function<void(uint64_t number, absl::string_view serialized)>& tell,
                    Lost& lost) ABSL_LOCKS_EXCLUDED(mutex_);

  // The record of this number need not be kept any more.
  void Answered(uint64_t number) ABSL_LOCKS_EXCLUDED(mutex_);
  // Writes down what is answered, and deletes the files of which nothing is left.
  absl::Status Commit() ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  struct Segment {
    std::string path;
    uint64_t first = 0;
    uint64_t end = 0;  // The number behind its last record.
    int64_t size = 0;
  };

  Spool(std::string directory, const SpoolOptions& options, const WriterClock* clock,
        int64_t file_bytes, std::unique_ptr<File> lock);

  std::string PathOf(absl::string_view name) const;
  absl::Status Load() ABSL_LOCKS_EXCLUDED(mutex_);
  absl::Status LoadSegment(Segment segment, bool is_last) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status SetAside(const std::string& path);
  absl::Status BeginSegment() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::StatusOr<Segment> SegmentToRead() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void DeleteAnswered(bool also_last) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status SyncUpTo(uint64_t end) ABSL_LOCKS_EXCLUDED(sync_mutex_, mutex_);
  void SyncNowAndThen() ABSL_LOCKS_EXCLUDED(mutex_);

  const std::string directory_;
  const SpoolOptions::Sync sync_;
  const WriterClock* const clock_;
  const int64_t file_bytes_;
  const std::unique_ptr<File> lock_;
  int64_t found_records_ = 0;
  int64_t found_bytes_ = 0;
  uint64_t found_end_ = 0;
  int64_t torn_records_ = 0;

  absl::Mutex mutex_;
  std::deque<Segment> segments_ ABSL_GUARDED_BY(mutex_);
  // The last of them, once a record was appended.
  std::shared_ptr<File> written_ ABSL_GUARDED_BY(mutex_);
  // Files with what the disk may not have.
  std::vector<std::shared_ptr<File>> unsynced_ ABSL_GUARDED_BY(mutex_);
  absl::Status broken_ ABSL_GUARDED_BY(mutex_);
  uint64_t end_ ABSL_GUARDED_BY(mutex_) = 0;
  // The first that is not answered, and those behind it that are, from first to end.
  uint64_t acked_ ABSL_GUARDED_BY(mutex_) = 0;
  std::map<uint64_t, uint64_t> answered_ ABSL_GUARDED_BY(mutex_);
  // Where to read on.
  uint64_t read_number_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t read_offset_ ABSL_GUARDED_BY(mutex_) = 0;

  absl::Mutex sync_mutex_ ABSL_ACQUIRED_BEFORE(mutex_);
  uint64_t synced_end_ ABSL_GUARDED_BY(sync_mutex_) = 0;

  bool is_closing_ ABSL_GUARDED_BY(mutex_) = false;
  WriterSignal closing_;
  std::thread syncer_;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_CLIENT_WRITER_SPOOL_H_
