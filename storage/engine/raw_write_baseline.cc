#include "storage/engine/raw_write_baseline.h"

#include <sodium.h>

#include <utility>

#include "common/base/status_macros.h"
#include "rocksdb/write_batch.h"
#include "storage/engine/engine.h"
#include "storage/format/external_ids.h"
#include "storage/format/keyed_hash.h"
#include "storage/format/keys.h"

namespace emptychair::storage {

absl::StatusOr<std::unique_ptr<RawWriteBaseline>> RawWriteBaseline::Open(
    const std::string& directory) {
  if (sodium_init() < 0) {
    return absl::InternalError("libsodium cannot be initialised");
  }
  Engine::Options options;
  options.directory = directory;
  ASSIGN_OR_RETURN(std::unique_ptr<Engine> engine, Engine::Open(options));
  return std::unique_ptr<RawWriteBaseline>(new RawWriteBaseline(std::move(engine)));
}

RawWriteBaseline::RawWriteBaseline(std::unique_ptr<Engine> engine) : engine_(std::move(engine)) {}

RawWriteBaseline::~RawWriteBaseline() = default;

absl::Status RawWriteBaseline::Write(absl::Span<const RawRecord> records) {
  // Any secret gives hashes of the same size.
  const KeyedHash hash(KeyedHash::Secret{});
  rocksdb::WriteBatch batch;
  const auto put = [this, &batch](Family family, const std::string& key, const std::string& value) {
    return FromRocksDb(batch.Put(engine_->handle(family), ToSlice(key), ToSlice(value)),
                       "filling a batch");
  };
  for (const RawRecord& record : records) {
    RETURN_IF_ERROR(put(Family::kFeedback,
                        FeedbackKey{record.survey_number, record.feedback_id}.Encode(),
                        EncodeFeedback(record.header, record.body)));
    if (record.header.customer_ordinal != kAnonymous) {
      const FeedbackByCustomerKey key{record.header.customer_ordinal, StartOf(record.feedback_id),
                                      record.survey_number};
      RETURN_IF_ERROR(put(Family::kFeedbackByCustomer, key.Encode(), ""));
    }
    if (const std::string& external_id = record.body.external_id(); !external_id.empty()) {
      const ExternalIdKey key{record.survey_number,
                              Shortened(hash(HashPurpose::kExternalId, external_id))};
      RETURN_IF_ERROR(put(Family::kFeedbackByExternalId, key.Encode(),
                          EncodeExternalIdEntries({{.feedback_id = record.feedback_id}})));
    }
  }
  rocksdb::WriteOptions options;
  options.sync = true;
  return FromRocksDb(engine_->db()->Write(options, &batch), "writing a batch");
}

}  // namespace emptychair::storage
