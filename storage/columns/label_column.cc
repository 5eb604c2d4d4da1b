#include "storage/columns/label_column.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "storage/columns/column_scan.h"
#include "storage/read/record_labels.h"

namespace emptychair::storage {
namespace {

// What a value takes beside its text, twice: in the array and in the map.
constexpr int64_t kValueBytes = 2 * static_cast<int64_t>(sizeof(std::string)) + 16;

RowPlace PlaceOf(const ColumnRow& row) { return {row.time_ms, row.tie}; }

// The places of a block's keys: to the start of the next.
std::optional<RowPlace> EndOf(const SurveyColumns& columns, size_t block) {
  return block + 1 < columns.blocks.size()
             ? std::optional<RowPlace>(PlaceOf(columns.blocks[block + 1]->RowAt(0)))
             : std::nullopt;
}

absl::string_view ValueOf(const store::v1::StoredFeedback& body, absl::string_view key) {
  for (const store::v1::StoredLabel& label : body.labels()) {
    if (label.key() == key) {
      return label.value();
    }
  }
  return {};
}

}  // namespace

LabelDictionary::LabelDictionary(uint64_t number, std::string key,
                                 std::shared_ptr<ColumnMemory> memory)
    : number_(number), key_(std::move(key)), memory_(std::move(memory)) {
  texts_.Append("");
}

// Nobody else has it any more.
LabelDictionary::~LabelDictionary() ABSL_NO_THREAD_SAFETY_ANALYSIS { memory_->Remove(bytes_); }

uint32_t LabelDictionary::CodeOf(absl::string_view value) {
  if (value.empty()) {
    return kNoLabel;
  }
  const auto [code, is_new] = codes_.try_emplace(value, static_cast<uint32_t>(texts_.size()));
  if (is_new) {
    texts_.Append(std::string(value));
    const int64_t bytes = kValueBytes + 2 * static_cast<int64_t>(value.size());
    bytes_ += bytes;
    memory_->Add(bytes);
  }
  return code->second;
}

size_t LabelDictionary::Fill(const Engine& engine, const View& view, const SurveyView& survey,
                             const SurveyColumns& columns, const SurveyColumns::BlockRange& blocks,
                             MakeRoom make_room) {
  absl::MutexLock lock(&mutex_);
  for (size_t block = blocks.begin; block < blocks.end; ++block) {
    if (columns.blocks[block]->LabelsOf(number_) == nullptr &&
        !FillBlock(engine, view, survey, columns, block, make_room)) {
      return 0;
    }
  }
  return texts_.size();
}

bool LabelDictionary::FillBlock(const Engine& engine, const View& view, const SurveyView& survey,
                                const SurveyColumns& columns, size_t block_index,
                                MakeRoom make_room) {
  const ColumnBlock& block = *columns.blocks[block_index];
  const bool series_may_tell = survey.DimensionOf(key_).has_value();
  store::v1::StoredFeedback body;
  bool decode = true;
  std::vector<std::pair<ColumnRow, uint32_t>> rows;
  rows.reserve(block.size());
  const absl::Status status =
      ScanRows(engine, view, survey.number(), PlaceOf(block.RowAt(0)), EndOf(columns, block_index),
               [&](const Uuid& feedback_id, const FeedbackHeader* header, absl::string_view value) {
                 mutex_.AssertHeld();
                 if (header == nullptr) {
                   return true;
                 }
                 decode = series_may_tell ? DecodeBody(survey.all_series(), *header, value, body)
                                          : DecodeFeedbackBody(value, body);
                 if (decode) {
                   rows.emplace_back(RowOf(feedback_id, *header, survey.definition->scale().min()),
                                     CodeOf(ValueOf(body, key_)));
                 }
                 return decode && texts_.size() <= kValuesMax;
               });
  if (!status.ok() || !decode || rows.size() != block.size() || texts_.size() > kValuesMax) {
    return false;
  }
  // Rows that are alike stay in the order of their ids, the same for each label.
  std::stable_sort(rows.begin(), rows.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<uint32_t> codes;
  codes.reserve(rows.size());
  for (size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].first != block.RowAt(i)) {
      return false;
    }
    codes.push_back(rows[i].second);
  }
  if (!make_room(static_cast<int64_t>(rows.size() * sizeof(uint32_t)))) {
    return false;
  }
  block.SetLabels(number_, codes);
  return true;
}

}  // namespace emptychair::storage
