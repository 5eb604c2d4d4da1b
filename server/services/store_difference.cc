#include "server/services/store_difference.h"

namespace emptychair {
namespace {

v1::DifferenceKind ToApi(storage::DifferenceKind kind) {
  switch (kind) {
    case storage::DifferenceKind::kUndecodable:
      return v1::DIFFERENCE_KIND_UNDECODABLE;
    case storage::DifferenceKind::kUnknownSurvey:
      return v1::DIFFERENCE_KIND_UNKNOWN_SURVEY;
    case storage::DifferenceKind::kRecord:
      return v1::DIFFERENCE_KIND_RECORD;
    case storage::DifferenceKind::kZoneOffset:
      return v1::DIFFERENCE_KIND_ZONE_OFFSET;
    case storage::DifferenceKind::kZoneChanged:
      return v1::DIFFERENCE_KIND_ZONE_CHANGED;
    case storage::DifferenceKind::kCellCount:
      return v1::DIFFERENCE_KIND_CELL_COUNT;
    case storage::DifferenceKind::kIndexEntryMissing:
      return v1::DIFFERENCE_KIND_INDEX_ENTRY_MISSING;
    case storage::DifferenceKind::kIndexEntryExtra:
      return v1::DIFFERENCE_KIND_INDEX_ENTRY_EXTRA;
    case storage::DifferenceKind::kCustomer:
      return v1::DIFFERENCE_KIND_CUSTOMER;
    case storage::DifferenceKind::kSeries:
      return v1::DIFFERENCE_KIND_SERIES;
    case storage::DifferenceKind::kChangeLog:
      return v1::DIFFERENCE_KIND_CHANGE_LOG;
    case storage::DifferenceKind::kColumnMismatch:
      return v1::DIFFERENCE_KIND_COLUMN_MISMATCH;
    case storage::DifferenceKind::kCustomerSet:
      return v1::DIFFERENCE_KIND_CUSTOMER_SET;
    case storage::DifferenceKind::kAccessEntry:
      return v1::DIFFERENCE_KIND_ACCESS_ENTRY;
    case storage::DifferenceKind::kAccessIndex:
      return v1::DIFFERENCE_KIND_ACCESS_INDEX;
    case storage::DifferenceKind::kAuditChain:
      return v1::DIFFERENCE_KIND_AUDIT_CHAIN;
    case storage::DifferenceKind::kAuditHead:
      return v1::DIFFERENCE_KIND_AUDIT_HEAD;
    case storage::DifferenceKind::kCounter:
      return v1::DIFFERENCE_KIND_COUNTER;
  }
  return v1::DIFFERENCE_KIND_UNSPECIFIED;
}

}  // namespace

v1::StoreDifference ToStoreDifference(const storage::Difference& difference) {
  v1::StoreDifference told;
  told.set_kind(ToApi(difference.kind));
  told.set_survey_id(difference.survey_id);
  told.set_where(difference.where);
  told.set_stored(difference.stored);
  told.set_expected(difference.expected);
  return told;
}

v1::VerifySummary ToVerifySummary(const storage::VerifySummary& summary) {
  v1::VerifySummary told;
  told.set_sequence(static_cast<int64_t>(summary.sequence));
  told.set_records(summary.records);
  told.set_index_entries(summary.index_entries);
  told.set_cube_cells(summary.cube_cells);
  told.set_difference_count(summary.difference_count);
  told.set_zone_change_count(summary.zone_changes);
  return told;
}

}  // namespace emptychair
