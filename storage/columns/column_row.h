// What counting needs of a record, as rows of columns in memory.
#ifndef EMPTYCHAIR_STORAGE_COLUMNS_COLUMN_ROW_H_
#define EMPTYCHAIR_STORAGE_COLUMNS_COLUMN_ROW_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "common/base/uuid.h"
#include "storage/format/cube_row.h"
#include "storage/format/values.h"

namespace emptychair::storage {

// One record of a survey. Rows are ordered by all of their fields, so that those of one instant
// have one order whatever came first. Between records of one customer, which is where queries
// depend on the order, that is the order of ids unless `time_ms` and `tie` are equal, too.
struct ColumnRow {
  int64_t time_ms = 0;
  uint16_t tie = 0;  // The bits of the id behind its time.
  uint32_t customer = kAnonymous;
  uint32_t series = kOtherSeries;
  uint8_t bin = kUnscoredBin;
  uint8_t disposition = kCountedDisposition;

  friend bool operator==(const ColumnRow&, const ColumnRow&) = default;
  friend auto operator<=>(const ColumnRow&, const ColumnRow&) = default;
};

// The bits of an id behind its time.
inline uint16_t TieOf(const Uuid& feedback_id) {
  return static_cast<uint16_t>(feedback_id.bytes[6] << 8 | feedback_id.bytes[7]);
}

// Whether two rows, of one survey or of two, may be answers of one customer that only their whole
// ids put in order.
inline bool IsTie(const ColumnRow& a, const ColumnRow& b) {
  return a.customer == b.customer && a.customer != kAnonymous && a.time_ms == b.time_ms &&
         a.tie == b.tie;
}

// A row that a change of a record adds, or takes away.
struct ColumnChange {
  Uuid feedback_id;
  uint32_t customer = kAnonymous;
  uint32_t series = kOtherSeries;
  uint8_t bin = kUnscoredBin;
  uint8_t disposition = kCountedDisposition;
  bool is_added = true;

  ColumnRow row() const {
    return {feedback_id.UnixMs(), TieOf(feedback_id), customer, series, bin, disposition};
  }
};

inline ColumnChange ColumnChangeOf(const Uuid& feedback_id, const FeedbackHeader& header,
                                   int32_t scale_min, bool is_added) {
  return {feedback_id,
          header.customer_ordinal,
          header.series,
          BinOf(header.score, scale_min),
          header.exclusion_reason,
          is_added};
}

// The row of a record. The survey's scale starts at `scale_min`.
inline ColumnRow RowOf(const Uuid& feedback_id, const FeedbackHeader& header, int32_t scale_min) {
  return ColumnChangeOf(feedback_id, header, scale_min, true).row();
}

// What a group of commands changes, by survey, in the order of the changes. Not thread-safe.
class ColumnChanges {
 public:
  using Changes = std::vector<ColumnChange>;

  struct OfSurvey {
    uint32_t survey_number = 0;
    std::shared_ptr<Changes> changes = std::make_shared<Changes>();
    bool is_dropped = false;  // All of its records go.
  };

  void Add(uint32_t survey_number, const ColumnChange& change) {
    Of(survey_number).changes->push_back(change);
  }
  void Drop(uint32_t survey_number) { Of(survey_number).is_dropped = true; }

  const std::vector<OfSurvey>& surveys() const { return surveys_; }

 private:
  // Changes of one survey come together, most often.
  OfSurvey& Of(uint32_t survey_number) {
    for (size_t i = surveys_.size(); i > 0; --i) {
      if (surveys_[i - 1].survey_number == survey_number) {
        std::swap(surveys_[i - 1], surveys_.back());
        return surveys_.back();
      }
    }
    surveys_.push_back({.survey_number = survey_number});
    return surveys_.back();
  }

  std::vector<OfSurvey> surveys_;
};

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_COLUMNS_COLUMN_ROW_H_
