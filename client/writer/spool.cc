#include "client/writer/spool.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/writer/spool_format.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"

namespace emptychair {
namespace {

constexpr absl::Duration kSyncInterval = absl::Seconds(1);

absl::Status UnusableError(const absl::Status& why) {
  return FieldError(v1::ERROR_REASON_FIELD_INVALID, "spool.directory", why.message());
}

absl::Status SyncFolder(const std::string& path) {
  ASSIGN_OR_RETURN(const std::unique_ptr<File> folder, File::Open(path, O_RDONLY | O_DIRECTORY));
  return folder->Sync();
}

}  // namespace

absl::StatusOr<std::unique_ptr<Spool>> Spool::Open(const SpoolOptions& options,
                                                   const WriterClock* clock, int64_t file_bytes) {
  if (mkdir(options.directory.c_str(), 0700) != 0 && errno != EEXIST) {
    return UnusableError(SystemError("make", options.directory));
  }
  absl::StatusOr<std::unique_ptr<File>> lock =
      File::Open(absl::StrCat(options.directory, "/lock"), O_RDWR | O_CREAT);
  if (!lock.ok()) {
    return UnusableError(lock.status());
  }
  RETURN_IF_ERROR((*lock)->Lock());
  std::unique_ptr<Spool> spool(
      new Spool(options.directory, options, clock, file_bytes, *std::move(lock)));
  RETURN_IF_ERROR(spool->Load());
  if (options.sync == SpoolOptions::Sync::kInterval) {
    spool->syncer_ = std::thread([spool = spool.get()] { spool->SyncNowAndThen(); });
  }
  return spool;
}

Spool::Spool(std::string directory, const SpoolOptions& options, const WriterClock* clock,
             int64_t file_bytes, std::unique_ptr<File> lock)
    : directory_(std::move(directory)),
      sync_(options.sync),
      clock_(clock),
      file_bytes_(file_bytes),
      lock_(std::move(lock)) {}

Spool::~Spool() {
  if (syncer_.joinable()) {
    {
      absl::MutexLock lock(&mutex_);
      is_closing_ = true;
    }
    closing_.notify_all();
    syncer_.join();
  }
  absl::MutexLock lock(&mutex_);
  DeleteAnswered(/*also_last=*/true);
}

std::string Spool::PathOf(absl::string_view name) const {
  return absl::StrCat(directory_, "/", name);
}

absl::Status Spool::Load() {
  absl::MutexLock lock(&mutex_);
  ASSIGN_OR_RETURN(const std::string acked, ReadFileIfAny(PathOf("acked")));
  // Without it all that is there is sent again, which stores nothing twice.
  acked_ = DecodeAcked(acked).value_or(0);
  ASSIGN_OR_RETURN(const std::vector<std::string> names, ListFolder(directory_));
  std::vector<Segment> found;
  for (const std::string& name : names) {
    if (const std::optional<uint64_t> first = ParseSpoolFileName(name); first.has_value()) {
      found.push_back({.path = PathOf(name), .first = *first});
    }
  }
  std::sort(found.begin(), found.end(),
            [](const Segment& a, const Segment& b) { return a.first < b.first; });
  for (size_t i = 0; i < found.size(); ++i) {
    const bool is_last = i + 1 == found.size();
    if (!is_last && found[i + 1].first <= acked_) {
      unlink(found[i].path.c_str());
      continue;
    }
    RETURN_IF_ERROR(LoadSegment(std::move(found[i]), is_last));
  }
  uint64_t next = acked_;
  for (const Segment& segment : segments_) {
    if (segment.first > next) {
      // What an earlier process set aside, or all that is answered when "acked" is gone.
      answered_.emplace(next, segment.first);
    }
    next = std::max(next, segment.end);
  }
  end_ = next;
  found_end_ = next;
  if (const auto gap = answered_.find(acked_); gap != answered_.end()) {
    acked_ = gap->second;
    answered_.erase(gap);
  }
  return absl::OkStatus();
}

absl::Status Spool::LoadSegment(Segment segment, bool is_last) {
  ASSIGN_OR_RETURN(const std::string bytes, ReadFileIfAny(segment.path));
  const absl::string_view magic = absl::string_view(bytes).substr(0, kSpoolMagic.size());
  if (magic != kSpoolMagic) {
    const bool is_torn =
        is_last && (kSpoolMagic.substr(0, magic.size()) == magic ||
                    std::all_of(bytes.begin(), bytes.end(), [](char c) { return c == 0; }));
    if (!is_torn) {
      return SetAside(segment.path);
    }
    unlink(segment.path.c_str());
    return absl::OkStatus();
  }
  SpoolCursor cursor(absl::string_view(bytes).substr(kSpoolMagic.size()));
  segment.end = segment.first;
  while (cursor.Next() == SpoolCursor::Step::kRecord) {
    if (segment.end >= acked_) {
      ++found_records_;
      found_bytes_ += static_cast<int64_t>(cursor.record().size());
    }
    ++segment.end;
    if (segment.end == acked_) {
      read_offset_ = static_cast<int64_t>(kSpoolMagic.size() + cursor.offset());
    }
  }
  segment.size = static_cast<int64_t>(kSpoolMagic.size() + cursor.offset());
  if (segment.size < static_cast<int64_t>(bytes.size())) {
    if (!is_last || !cursor.IsTorn()) {
      return SetAside(segment.path);
    }
    ++torn_records_;
    ASSIGN_OR_RETURN(const std::unique_ptr<File> file, File::Open(segment.path, O_RDWR));
    RETURN_IF_ERROR(file->Truncate(segment.size));
  }
  if (segment.end <= acked_ || segment.end == segment.first) {
    unlink(segment.path.c_str());
    return absl::OkStatus();
  }
  if (segments_.empty()) {
    read_number_ = std::max(acked_, segment.first);
  }
  segments_.push_back(std::move(segment));
  return absl::OkStatus();
}

absl::Status Spool::SetAside(const std::string& path) {
  const std::string aside = absl::StrCat(path, ".bad");
  if (std::rename(path.c_str(), aside.c_str()) != 0) {
    return SystemError("set aside", path);
  }
  return absl::DataLossError(
      absl::StrCat(path, " has a damaged record; it is set aside as ", aside));
}

absl::StatusOr<uint64_t> Spool::Append(absl::string_view serialized) {
  const std::array<char, kSpoolHeadSize> head = SpoolHead(serialized);
  const auto size = static_cast<int64_t>(head.size() + serialized.size());
  absl::MutexLock lock(&mutex_);
  RETURN_IF_ERROR(broken_);
  if (written_ == nullptr || (segments_.back().size + size > file_bytes_ &&
                              segments_.back().end > segments_.back().first)) {
    RETURN_IF_ERROR(BeginSegment());
  }
  Segment& segment = segments_.back();
  bool is_broken = false;
  if (absl::Status status = written_->Append(absl::string_view(head.data(), head.size()),
                                             serialized, segment.size, is_broken);
      !status.ok()) {
    broken_ = is_broken ? status : absl::OkStatus();
    return status;
  }
  segment.end = ++end_;
  segment.size += size;
  if (unsynced_.empty() || unsynced_.back() != written_) {
    unsynced_.push_back(written_);
  }
  return end_ - 1;
}

absl::Status Spool::BeginSegment() {
  if (written_ != nullptr) {
    // Only the newest file may lack its end after a loss of power.
    RETURN_IF_ERROR(written_->Sync());
  }
  Segment segment{.path = PathOf(SpoolFileName(end_)), .first = end_, .end = end_};
  // One of this name has no records, or it would end later.
  ASSIGN_OR_RETURN(std::unique_ptr<File> file,
                   File::Open(segment.path, O_RDWR | O_CREAT | O_TRUNC));
  bool is_broken = false;
  RETURN_IF_ERROR(file->Append(kSpoolMagic, "", 0, is_broken));
  RETURN_IF_ERROR(SyncFolder(directory_));
  segment.size = static_cast<int64_t>(kSpoolMagic.size());
  segments_.push_back(std::move(segment));
  written_ = std::move(file);
  return absl::OkStatus();
}

void Spool::SkipToEnd() {
  absl::MutexLock lock(&mutex_);
  read_number_ = end_;
  read_offset_ = segments_.empty() ? 0 : segments_.back().size;
}

// The file that has the next record to be read; OUT_OF_RANGE when there is none.
absl::StatusOr<Spool::Segment> Spool::SegmentToRead() {
  for (const Segment& segment : segments_) {
    if (read_number_ < segment.end) {
      if (read_number_ <= segment.first) {
        read_number_ = segment.first;
        read_offset_ = static_cast<int64_t>(kSpoolMagic.size());
      }
      return segment;
    }
  }
  return absl::OutOfRangeError("all is read");
}

absl::Status Spool::Read(
    int records_max, size_t bytes_max,
    const std::function<void(uint64_t number, absl::string_view serialized)>& tell, Lost& lost) {
  Segment segment;
  uint64_t number = 0;
  int64_t offset = 0;
  {
    absl::MutexLock lock(&mutex_);
    absl::StatusOr<Segment> found = SegmentToRead();
    if (!found.ok()) {
      return absl::OkStatus();
    }
    segment = *std::move(found);
    number = read_number_;
    offset = read_offset_;
  }
  const auto left = static_cast<size_t>(segment.size - offset);
  const size_t size = std::min(left, bytes_max + kSpoolHeadSize + kSpoolRecordBytesMax);
  ASSIGN_OR_RETURN(const std::unique_ptr<File> file, File::Open(segment.path, O_RDONLY));
  ASSIGN_OR_RETURN(const std::string bytes, file->Read(offset, size));
  SpoolCursor cursor(bytes);
  size_t told_bytes = 0;
  const uint64_t first = number;
  while (number < segment.end && number - first < static_cast<uint64_t>(records_max)) {
    const auto told_offset = static_cast<int64_t>(cursor.offset());
    if (cursor.Next() != SpoolCursor::Step::kRecord) {
      break;
    }
    told_bytes += kSpoolHeadSize + cursor.record().size();
    if (told_bytes > bytes_max && number > first) {
      absl::MutexLock lock(&mutex_);
      read_number_ = number;
      read_offset_ = offset + told_offset;
      return absl::OkStatus();
    }
    tell(number++, cursor.record());
  }
  absl::MutexLock lock(&mutex_);
  read_number_ = number;
  read_offset_ = offset + static_cast<int64_t>(cursor.offset());
  if (number > first) {
    return absl::OkStatus();
  }
  lost.records = static_cast<int64_t>(segment.end - number);
  lost.bytes = segment.size - offset - lost.records * static_cast<int64_t>(kSpoolHeadSize);
  read_number_ = segment.end;
  answered_.emplace(number, segment.end);
  if (segments_.back().first == segment.first) {
    written_.reset();
  }
  segments_.erase(std::find_if(segments_.begin(), segments_.end(),
                               [&](const Segment& s) { return s.first == segment.first; }));
  return SetAside(segment.path);
}

void Spool::Answered(uint64_t number) {
  absl::MutexLock lock(&mutex_);
  if (number != acked_) {
    // Joined to the range before it, if that ends here: what is answered early comes in runs.
    const auto after = answered_.upper_bound(number);
    if (after != answered_.begin() && std::prev(after)->second == number) {
      ++std::prev(after)->second;
    } else {
      answered_.emplace(number, number + 1);
    }
  } else {
    ++acked_;
  }
  while (!answered_.empty() && answered_.begin()->first <= acked_) {
    acked_ = std::max(acked_, answered_.begin()->second);
    answered_.erase(answered_.begin());
  }
}

absl::Status Spool::Commit() {
  uint64_t acked = 0;
  {
    absl::MutexLock lock(&mutex_);
    acked = acked_;
  }
  const std::string path = PathOf("acked");
  const std::string beside = absl::StrCat(path, ".new");
  {
    ASSIGN_OR_RETURN(const std::unique_ptr<File> file,
                     File::Open(beside, O_WRONLY | O_CREAT | O_TRUNC));
    bool is_broken = false;
    RETURN_IF_ERROR(file->Append(EncodeAcked(acked), "", 0, is_broken));
  }
  if (std::rename(beside.c_str(), path.c_str()) != 0) {
    return SystemError("write", path);
  }
  absl::MutexLock lock(&mutex_);
  DeleteAnswered(/*also_last=*/false);
  return absl::OkStatus();
}

// The last file, which may be written to, only when there will be no more records.
void Spool::DeleteAnswered(bool also_last) {
  while (!segments_.empty() && segments_.front().end <= acked_ &&
         (also_last || segments_.size() > 1)) {
    unlink(segments_.front().path.c_str());
    segments_.pop_front();
  }
}

absl::Status Spool::SyncUpTo(uint64_t end) {
  // Those who wait here find their records written out with those of the one who was first.
  absl::MutexLock sync_lock(&sync_mutex_);
  if (synced_end_ >= end) {
    return absl::OkStatus();
  }
  std::vector<std::shared_ptr<File>> files;
  uint64_t synced_end = 0;
  {
    absl::MutexLock lock(&mutex_);
    files.swap(unsynced_);
    synced_end = end_;
  }
  for (const std::shared_ptr<File>& file : files) {
    if (absl::Status status = file->Sync(); !status.ok()) {
      // What the disk has by now nobody knows.
      absl::MutexLock lock(&mutex_);
      broken_ = status;
      return status;
    }
  }
  synced_end_ = synced_end;
  return absl::OkStatus();
}

void Spool::SyncNowAndThen() {
  bool is_closing = false;
  while (!is_closing) {
    uint64_t end = 0;
    {
      absl::MutexLock lock(&mutex_);
      if (!is_closing_) {
        clock_->Wait(closing_, mutex_, kSyncInterval);
      }
      is_closing = is_closing_;
      end = end_;
    }
    SyncUpTo(end).IgnoreError();  // Kept in `broken_`: Append tells it.
  }
}

}  // namespace emptychair
