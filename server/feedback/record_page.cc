#include "server/feedback/record_page.h"

#include <utility>

#include "absl/status/statusor.h"
#include "server/feedback/feedback.h"

namespace emptychair {
namespace {

using storage::RecordPosition;

constexpr int64_t kLookedAtMax = 20'000;
constexpr size_t kPageBytesMax = size_t{1} << 20;

}  // namespace

std::string EncodePosition(const RecordPosition& position) {
  std::string bytes(position.feedback_id.AsBytes());
  for (int shift = 0; shift < 32; shift += 8) {
    bytes.push_back(static_cast<char>(position.survey_number >> shift));
  }
  return bytes;
}

std::optional<RecordPosition> DecodePosition(absl::string_view bytes) {
  if (bytes.size() != Uuid::kSize + 4) {
    return std::nullopt;
  }
  RecordPosition position;
  position.feedback_id = *Uuid::FromBytes(bytes.substr(0, Uuid::kSize));
  for (int i = 0; i < 4; ++i) {
    position.survey_number |= static_cast<uint32_t>(static_cast<uint8_t>(bytes[Uuid::kSize + i]))
                              << (8 * i);
  }
  return position;
}

bool RecordPage::IsFull() const {
  return taken_ == page_size_ || looked_at_ >= kLookedAtMax || bytes_ >= kPageBytesMax;
}

void RecordPage::LookAt(const RecordPosition& position) {
  CountLookedAt();
  last_ = position;
}

void RecordPage::KnowCustomer(uint32_t ordinal, std::string customer_id) {
  customer_ids_[ordinal] = std::move(customer_id);
}

std::optional<storage::FeedbackRecord> RecordPage::Decode(const storage::ScannedRecord& scanned) {
  absl::StatusOr<storage::FeedbackRecord> record = storage::DecodeFeedbackRecord(
      scanned.position.survey_number, scanned.position.feedback_id, scanned.value);
  if (!record.ok()) {
    store_.CountUndecodable();
    return std::nullopt;
  }
  return *std::move(record);
}

std::optional<v1::Feedback> RecordPage::Take(storage::FeedbackRecord record,
                                             const storage::SurveyView& survey) {
  const uint32_t ordinal = record.header.customer_ordinal;
  auto known = customer_ids_.find(ordinal);
  if (known == customer_ids_.end()) {
    absl::StatusOr<std::string> id = store_.records().CustomerId(view_, ordinal);
    if (!id.ok()) {
      store_.CountUndecodable();
      return std::nullopt;
    }
    known = customer_ids_.emplace(ordinal, *std::move(id)).first;
  }
  record.customer_id = known->second;
  v1::Feedback feedback;
  FillFeedback(record, survey, feedback);
  ++taken_;
  bytes_ += feedback.ByteSizeLong();
  return feedback;
}

}  // namespace emptychair
