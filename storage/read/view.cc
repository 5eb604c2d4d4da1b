#include "storage/read/view.h"

#include <algorithm>

#include "rocksdb/db.h"

namespace emptychair::storage {

std::optional<size_t> SurveyView::DimensionOf(absl::string_view key) const {
  const auto& dimensions = definition->dimensions();
  auto found = std::find(dimensions.begin(), dimensions.end(), key);
  if (found == dimensions.end()) {
    return std::nullopt;
  }
  return static_cast<size_t>(found - dimensions.begin());
}

std::optional<size_t> SurveyView::SlicedDimensionOf(absl::string_view key) const {
  const auto lists = [key](const google::protobuf::RepeatedPtrField<std::string>& keys) {
    return std::find(keys.begin(), keys.end(), key) != keys.end();
  };
  return lists(definition->retired_dimensions()) || lists(definition->reslice().dimensions())
             ? std::nullopt
             : DimensionOf(key);
}

Snapshot::Snapshot(rocksdb::DB* db) : db_(db), snapshot_(db->GetSnapshot()) {}

Snapshot::~Snapshot() { db_->ReleaseSnapshot(snapshot_); }

const SurveyView* View::FindSurvey(absl::string_view survey_id) const {
  auto found = catalog->find(survey_id);
  return found == catalog->end() ? nullptr : found->second.get();
}

const ActivityKindView* View::FindKind(absl::string_view kind) const {
  const auto found = kinds->find(kind);
  return found == kinds->end() ? nullptr : found->second.get();
}

}  // namespace emptychair::storage
