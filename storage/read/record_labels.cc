#include "storage/read/record_labels.h"

#include <algorithm>

namespace emptychair::storage {
namespace {

using store::v1::StoredLabel;

bool ComesBefore(const StoredLabel& label, absl::string_view key) { return label.key() < key; }

// Visits key and value of each label that the series says.
template <typename Visit>
void ForEachLabel(const SurveySeries& survey, uint32_t series, Visit visit) {
  if (series == kOtherSeries) {
    return;
  }
  for (int i = 0; i < survey.definition->dimensions_size(); ++i) {
    const auto dimension = static_cast<size_t>(i);
    const ValueCode code = survey.table->CodeOf(series, dimension);
    if (code != kNoneCode) {
      visit(survey.definition->dimensions(i), survey.table->TextOf(dimension, code));
    }
  }
}

void RemoveSeriesLabels(const SurveySeries& survey, uint32_t series,
                        store::v1::StoredFeedback& body) {
  auto& labels = *body.mutable_labels();
  ForEachLabel(survey, series, [&](const std::string& key, const std::string&) {
    const auto found = std::lower_bound(labels.begin(), labels.end(), key, ComesBefore);
    if (found != labels.end() && found->key() == key) {
      labels.erase(found);
    }
  });
}

}  // namespace

bool AddSeriesLabels(const SurveySeries& survey, uint32_t series, store::v1::StoredFeedback& body) {
  if (series >= survey.count) {
    return false;
  }
  auto& labels = *body.mutable_labels();
  const int stored = labels.size();
  ForEachLabel(survey, series, [&](const std::string& key, const std::string& value) {
    StoredLabel& label = *labels.Add();
    label.set_key(key);
    label.set_value(value);
  });
  if (labels.size() == stored) {
    return true;
  }
  const auto by_key = [](const StoredLabel& a, const StoredLabel& b) { return a.key() < b.key(); };
  std::sort(labels.begin(), labels.end(), by_key);
  return std::adjacent_find(labels.begin(), labels.end(),
                            [](const StoredLabel& a, const StoredLabel& b) {
                              return a.key() == b.key();
                            }) == labels.end();
}

bool DecodeBody(const SurveySeries& survey, const FeedbackHeader& header, absl::string_view value,
                store::v1::StoredFeedback& body) {
  return DecodeFeedbackBody(value, body) &&
         (header.is_erased || AddSeriesLabels(survey, header.series, body));
}

std::string EncodeRecord(const SurveySeries& survey, const FeedbackHeader& header,
                         store::v1::StoredFeedback& body) {
  RemoveSeriesLabels(survey, header.series, body);
  return EncodeFeedback(header, body);
}

}  // namespace emptychair::storage
