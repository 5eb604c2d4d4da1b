#include "server/feedback/record_page.h"

#include <algorithm>
#include <utility>

#include "server/feedback/feedback.h"
#include "server/request/page_token.h"

namespace emptychair {
namespace {

using storage::RecordPosition;

// What a record takes in an answer beyond what is stored of it: ids as text, times.
constexpr size_t kFixedBytes = 160;

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
  return taken_.size() + counted_ == static_cast<size_t>(page_size_) ||
         looked_at_ >= kPageLookedAtMax || bytes_ >= kPageBytesMax;
}

void RecordPage::LookAt(const RecordPosition& position) {
  CountLookedAt();
  last_ = position;
}

void RecordPage::KnowCustomer(uint32_t ordinal, std::string customer_id) {
  customer_ids_[ordinal] = std::move(customer_id);
}

bool RecordPage::Decode(const storage::ScannedRecord& scanned, const storage::SurveyView& survey,
                        storage::FeedbackRecord& record) const {
  record.survey_number = scanned.position.survey_number;
  record.feedback_id = scanned.position.feedback_id;
  record.header = scanned.header;
  if (!storage::DecodeBody(survey.all_series(), scanned.header, scanned.value, record.body)) {
    store_.CountUndecodable();
    return false;
  }
  return true;
}

void RecordPage::Take(const storage::ScannedRecord& scanned, const storage::FeedbackRecord& record,
                      const storage::SurveyView& survey, v1::Feedback& feedback) {
  FillFeedback(record, survey, feedback);
  taken_.push_back({&feedback, record.header.customer_ordinal});
  bytes_ += scanned.value.size() + kFixedBytes;
}

absl::flat_hash_set<const v1::Feedback*> RecordPage::FillCustomers(CustomerNames& names) {
  std::vector<uint32_t> unknown;
  for (const Taken& taken : taken_) {
    if (taken.customer_ordinal != storage::kAnonymous &&
        !customer_ids_.contains(taken.customer_ordinal)) {
      unknown.push_back(taken.customer_ordinal);
    }
  }
  std::sort(unknown.begin(), unknown.end());
  unknown.erase(std::unique(unknown.begin(), unknown.end()), unknown.end());
  std::vector<std::optional<std::string>> ids = names.Find(view_, unknown);
  for (size_t i = 0; i < unknown.size(); ++i) {
    if (ids[i].has_value()) {
      customer_ids_[unknown[i]] = *std::move(ids[i]);
    }
  }
  absl::flat_hash_set<const v1::Feedback*> damaged;
  for (const Taken& taken : taken_) {
    if (taken.customer_ordinal == storage::kAnonymous) {
      continue;
    }
    if (auto known = customer_ids_.find(taken.customer_ordinal); known != customer_ids_.end()) {
      taken.feedback->set_customer_id(known->second);
    } else {
      store_.CountUndecodable();
      damaged.insert(taken.feedback);
    }
  }
  return damaged;
}

}  // namespace emptychair
