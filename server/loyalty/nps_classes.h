// Tells what class a customer was in when a period began, by what was answered to an NPS survey.
#ifndef EMPTYCHAIR_SERVER_LOYALTY_NPS_CLASSES_H_
#define EMPTYCHAIR_SERVER_LOYALTY_NPS_CLASSES_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "server/loyalty/loyalty_sources.h"
#include "storage/columns/column_row.h"
#include "storage/columns/survey_columns.h"
#include "storage/format/customer_set.h"
#include "storage/read/view.h"

namespace emptychair {

// Promoters, passives, detractors, in this order, and those without a class.
inline constexpr size_t kNpsClasses = 4;
inline constexpr size_t kPromoters = 0;
inline constexpr size_t kDetractors = 2;
inline constexpr size_t kNoClass = 3;

// Finds the NPS survey of a request. Errors: FIELD_INVALID on `field`, also for a survey of another
// kind; SURVEY_NOT_FOUND.
absl::StatusOr<const storage::SurveyView*> FindNpsSurvey(const storage::View& view,
                                                         absl::string_view field,
                                                         absl::string_view survey_id);

// The classes of all customers over some periods. A customer's class in a period is that of the
// latest scored, counted answer before the period starts; of answers of one time that with the
// highest id is the latest. Takes a byte for each customer and six for each change of a class.
class NpsClasses {
 public:
  // Reads the survey once: columns as far as there are any, records for the rest. `starts_ms` are
  // those of the periods, ascending, at least one, at most 65,535; in milliseconds since 1970.
  // Errors: STORE_DAMAGED.
  static absl::StatusOr<NpsClasses> Read(const LoyaltySources& sources, const storage::View& view,
                                         const storage::SurveyView& survey,
                                         std::vector<int64_t> starts_ms);

  // Answers that were read.
  int64_t answers_read() const { return answers_read_; }

  // The customers of one chunk by class, period by period. Must not outlive the classes. Not
  // thread-safe.
  class OfChunk;

 private:
  // From a period on a customer is in a class.
  struct Change {
    uint16_t member = 0;  // Of the chunk.
    uint16_t period = 0;
    uint8_t nps_class = 0;
  };

  explicit NpsClasses(std::vector<int64_t> starts_ms) : starts_ms_(std::move(starts_ms)) {}

  absl::Status ReadRecords(const LoyaltySources& sources, const storage::View& view,
                           const storage::SurveyView& survey, int64_t end_ms);
  absl::Status ReadColumns(const LoyaltySources& sources, const storage::View& view,
                           const storage::SurveyView& survey,
                           const storage::SurveyColumns& columns);
  absl::Status ReadTies(const LoyaltySources& sources, const storage::View& view,
                        const storage::SurveyView& survey, const storage::ColumnRow& row);
  // Takes in answers in the order of time and id.
  void Add(int64_t time_ms, uint32_t customer, uint8_t bin, uint8_t disposition);

  std::vector<int64_t> starts_ms_;
  size_t period_ = 0;                         // The first that starts after the newest answer.
  std::vector<uint8_t> class_of_;             // By customer, after the newest answer.
  std::vector<std::vector<Change>> changes_;  // By chunk, in the order of time.
  int64_t answers_read_ = 0;
};

class NpsClasses::OfChunk {
 public:
  OfChunk(const NpsClasses& classes, uint16_t chunk);

  // Goes on to the classes of a period, which is not before the one at hand.
  void MoveTo(size_t period);

  // Who is in the class, which is not kNoClass, in the period at hand.
  const storage::CustomerSetRow& In(size_t nps_class) const { return rows_[nps_class]; }

  // The changes of one customer's class.
  class History {
   public:
    size_t ClassIn(size_t period) const;

   private:
    friend class OfChunk;
    explicit History(absl::Span<const Change> changes) : changes_(changes) {}
    const absl::Span<const Change> changes_;
  };
  History HistoryOf(uint32_t customer);

 private:
  absl::Span<const Change> changes_;
  size_t next_ = 0;
  std::array<storage::CustomerSetRow, kNoClass> rows_;
  // The same changes by customer, made when first asked for.
  std::vector<Change> by_customer_;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_SERVER_LOYALTY_NPS_CLASSES_H_
