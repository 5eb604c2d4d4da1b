// Baseline of ingest: the same bytes written to RocksDB with no lookups and no counting.
#ifndef EMPTYCHAIR_STORAGE_ENGINE_RAW_WRITE_BASELINE_H_
#define EMPTYCHAIR_STORAGE_ENGINE_RAW_WRITE_BASELINE_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "common/base/uuid.h"
#include "emptychair/store/v1/value.pb.h"
#include "storage/format/values.h"

namespace emptychair::storage {

class Engine;

// A record, ready to be encoded.
struct RawRecord {
  uint32_t survey_number = 0;
  Uuid feedback_id;
  FeedbackHeader header;
  store::v1::StoredFeedback body;
};

// Writes records under the keys and with the bytes that the store gives them: the record, its entry
// by customer and, when it has an external id, the entry by external id. Looks up and counts
// nothing: an upper bound for whatever stores the same records. For one thread.
class RawWriteBaseline {
 public:
  // Makes a database with the store's settings in `directory`, which is absent or empty.
  static absl::StatusOr<std::unique_ptr<RawWriteBaseline>> Open(const std::string& directory);
  ~RawWriteBaseline();

  // Writes the records in one batch and syncs it to disk.
  absl::Status Write(absl::Span<const RawRecord> records);

 private:
  explicit RawWriteBaseline(std::unique_ptr<Engine> engine);

  const std::unique_ptr<Engine> engine_;
};

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_ENGINE_RAW_WRITE_BASELINE_H_
