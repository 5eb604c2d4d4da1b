// Labels that a record's series says, and that its stored form therefore leaves out.
#ifndef EMPTYCHAIR_STORAGE_READ_RECORD_LABELS_H_
#define EMPTYCHAIR_STORAGE_READ_RECORD_LABELS_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "emptychair/store/v1/value.pb.h"
#include "storage/format/values.h"
#include "storage/read/series_table.h"

namespace emptychair::storage {

// The series of a survey, up to a number.
struct SurveySeries {
  const store::v1::StoredSurvey* definition = nullptr;
  const SeriesTable* table = nullptr;
  uint32_t count = 0;
};

// Puts the labels that series `series` says into a record's body, in order of their keys. False
// when there is no such series, or when the body has a label that its series says.
bool AddSeriesLabels(const SurveySeries& survey, uint32_t series, store::v1::StoredFeedback& body);

// A record's body with all its labels. False for bytes that are no record.
bool DecodeBody(const SurveySeries& survey, const FeedbackHeader& header, absl::string_view value,
                store::v1::StoredFeedback& body);

// The value of a record, whose labels that its series says are taken out of `body`. Where a series
// has a value, the label of each of its records is that value.
std::string EncodeRecord(const SurveySeries& survey, const FeedbackHeader& header,
                         store::v1::StoredFeedback& body);

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_READ_RECORD_LABELS_H_
