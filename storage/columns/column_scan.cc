#include "storage/columns/column_scan.h"

#include <memory>
#include <utility>

#include "common/base/status_macros.h"
#include "storage/format/keys.h"

namespace emptychair::storage {
namespace {

std::string KeyAt(uint32_t survey_number, const RowPlace& place) {
  Uuid id = Uuid::LowestAt(place.time_ms);
  id.bytes[6] = static_cast<uint8_t>(place.tie >> 8);
  id.bytes[7] = static_cast<uint8_t>(place.tie);
  return FeedbackKey{survey_number, id}.Encode();
}

// Walks the keys of a survey from one to before another.
class KeyRange {
 public:
  KeyRange(const Engine& engine, const View& view, std::string first, std::string past)
      : first_(std::move(first)),
        past_(std::move(past)),
        lower_bound_(ToSlice(first_)),
        upper_bound_(ToSlice(past_)) {
    rocksdb::ReadOptions options;
    options.snapshot = view.snapshot->get();
    options.fill_cache = false;
    options.iterate_lower_bound = &lower_bound_;
    options.iterate_upper_bound = &upper_bound_;
    it_.reset(engine.db()->NewIterator(options, engine.handle(Family::kFeedback)));
  }
  KeyRange(const KeyRange&) = delete;
  KeyRange& operator=(const KeyRange&) = delete;

  rocksdb::Iterator& it() { return *it_; }
  absl::Status status() const { return FromRocksDb(it_->status(), "reading records into columns"); }

  // The key here. Bytes that are none stand where their own start says.
  FeedbackKey Key(bool& is_key) const {
    if (const std::optional<FeedbackKey> key = FeedbackKey::Decode(ToView(it_->key()))) {
      is_key = true;
      return *key;
    }
    is_key = false;
    std::string bytes = it_->key().ToString();
    bytes.resize(first_.size());
    return *FeedbackKey::Decode(bytes);
  }

 private:
  const std::string first_;
  const std::string past_;
  const rocksdb::Slice lower_bound_;
  const rocksdb::Slice upper_bound_;
  std::unique_ptr<rocksdb::Iterator> it_;
};

std::string FirstKeyOf(uint32_t survey_number) {
  return FeedbackKey{survey_number, Uuid()}.Encode();
}

}  // namespace

absl::StatusOr<std::optional<int64_t>> MiddleTime(const Engine& engine, const View& view,
                                                  uint32_t survey_number) {
  KeyRange keys(engine, view, FirstKeyOf(survey_number), FirstKeyOf(survey_number + 1));
  keys.it().SeekToFirst();
  RETURN_IF_ERROR(keys.status());
  if (!keys.it().Valid()) {
    return std::nullopt;
  }
  bool is_key = false;
  const int64_t first_ms = keys.Key(is_key).feedback_id.UnixMs();
  keys.it().SeekToLast();
  RETURN_IF_ERROR(keys.status());
  return keys.it().Valid() ? first_ms + (keys.Key(is_key).feedback_id.UnixMs() - first_ms) / 2
                           : first_ms;
}

absl::Status ScanRows(const Engine& engine, const View& view, uint32_t survey_number,
                      const RowPlace& begin, const std::optional<RowPlace>& end,
                      OnRecordRow on_record) {
  KeyRange keys(engine, view, KeyAt(survey_number, begin),
                end.has_value() ? KeyAt(survey_number, *end) : FirstKeyOf(survey_number + 1));
  FeedbackHeader header;
  for (keys.it().SeekToFirst(); keys.it().Valid(); keys.it().Next()) {
    const absl::string_view value = ToView(keys.it().value());
    bool is_key = false;
    const FeedbackKey key = keys.Key(is_key);
    header = {};
    const bool decodes = is_key && DecodeFeedbackHeader(value, header);
    if (decodes && header.is_erased) {
      continue;
    }
    if (!on_record(key.feedback_id, decodes ? &header : nullptr, value)) {
      break;
    }
  }
  return keys.status();
}

}  // namespace emptychair::storage
