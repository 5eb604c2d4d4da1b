#include "storage/columns/column_scan.h"

#include <memory>

#include "storage/format/keys.h"

namespace emptychair::storage {
namespace {

std::string KeyAt(uint32_t survey_number, const RowPlace& place) {
  Uuid id = Uuid::LowestAt(place.time_ms);
  id.bytes[6] = static_cast<uint8_t>(place.tie >> 8);
  id.bytes[7] = static_cast<uint8_t>(place.tie);
  return FeedbackKey{survey_number, id}.Encode();
}

}  // namespace

absl::Status ScanRows(const Engine& engine, const View& view, uint32_t survey_number,
                      const RowPlace& begin, const std::optional<RowPlace>& end,
                      OnRecordRow on_record) {
  const std::string first = KeyAt(survey_number, begin);
  const std::string past = end.has_value() ? KeyAt(survey_number, *end)
                                           : FeedbackKey{survey_number + 1, Uuid()}.Encode();
  const rocksdb::Slice upper_bound = ToSlice(past);
  rocksdb::ReadOptions options;
  options.snapshot = view.snapshot->get();
  options.fill_cache = false;
  options.iterate_upper_bound = &upper_bound;
  std::unique_ptr<rocksdb::Iterator> it(
      engine.db()->NewIterator(options, engine.handle(Family::kFeedback)));
  FeedbackHeader header;
  for (it->Seek(ToSlice(first)); it->Valid(); it->Next()) {
    // Bytes that are no key stand where their own start says.
    std::string bytes = it->key().ToString();
    const bool is_key = bytes.size() == past.size();
    bytes.resize(past.size());
    const std::optional<FeedbackKey> key = FeedbackKey::Decode(bytes);
    header = {};
    const bool decodes = is_key && DecodeFeedbackHeader(ToView(it->value()), header);
    if (decodes && header.is_erased) {
      continue;
    }
    if (!on_record(key->feedback_id, decodes ? &header : nullptr, ToView(it->value()))) {
      break;
    }
  }
  return FromRocksDb(it->status(), "reading records into columns");
}

}  // namespace emptychair::storage
