// Checks that everything stored agrees with the records.
#ifndef EMPTYCHAIR_STORAGE_CHECK_VERIFY_H_
#define EMPTYCHAIR_STORAGE_CHECK_VERIFY_H_

#include <cstdint>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "storage/check/maintenance.h"
#include "storage/columns/column_cache.h"
#include "storage/engine/engine.h"
#include "storage/format/keyed_hash.h"
#include "storage/read/view.h"

namespace emptychair::storage {

enum class DifferenceKind : uint8_t {
  kUndecodable,        // A key or value that no encoder made. It is left out of all other checks.
  kUnknownSurvey,      // What belongs to no survey, or an activity that belongs to no kind.
  kRecord,             // A record or an activity that says what cannot be.
  kZoneOffset,         // A record counted in a day that its survey's zone never had.
  kZoneChanged,        // No difference: the zone's rules say another day by now.
  kCellCount,          // A count of the cube that is not that of the records.
  kIndexEntryMissing,  // A record or an activity that an index does not lead to.
  kIndexEntryExtra,    // An entry of an index that no record and no activity makes.
  kCustomer,           // A customer that cannot be found from number to id and back.
  kSeries,             // Series that are not numbered from 1 without gaps.
  kChangeLog,          // A change that the log does not have, or has out of line.
  kColumnMismatch,     // Columns in memory that are not the records.
  kCustomerSet,        // A set of customers that is not that of the activities.
  kAccessEntry,        // A key that is not as it is in force.
  kAccessIndex,        // A certificate that is not found by its name, or a name without one.
  kAuditChain,         // An audit event that does not follow from those before it.
  kAuditHead,          // A chain of audit events that does not end where it should.
  kCounter,            // A number of the whole store that is not what the rest makes.
};

// One thing that is not as it should be. `where`, `stored` and `expected` are for people.
struct Difference {
  DifferenceKind kind = DifferenceKind::kUndecodable;
  std::string survey_id;  // Empty: of no survey.
  std::string where;
  std::string stored;    // Empty: nothing.
  std::string expected;  // Empty: nothing.
};

// Most differences that are reported in full, and as many of kind kZoneChanged; later ones are only
// counted.
inline constexpr int64_t kDifferencesMax = 1'000;

// Gets each of the first kDifferencesMax differences. An error ends the task with that error.
using OnDifference = absl::FunctionRef<absl::Status(const Difference&)>;

// Numbers of checked items.
struct VerifySummary {
  uint64_t sequence = 0;  // The state that was judged.
  int64_t records = 0;
  int64_t index_entries = 0;  // By customer and by external id, of activities too.
  int64_t cube_cells = 0;     // Counts that were compared.
  int64_t zone_changes = 0;   // Of kind kZoneChanged; not among the differences.
  int64_t difference_count = 0;
};

// Compares all that is stored at `view` with what its records and activities make: the cube and the
// sets of customers both ways, the indexes both ways, customers, series, counters and sequences;
// and the change log by itself. Columns in memory, too, and drops those that differ. What is left
// of activity kinds that are being purged is not compared. Takes bounded memory whatever is stored
// (customer_set_recount.h has the most), and a few sequential passes; point look-ups only where a
// pass has found the indexes to differ. What cannot be decoded is named and passed over. Errors:
// those of the callbacks, STORE_DAMAGED for tables that cannot be read.
absl::StatusOr<VerifySummary> Verify(const Engine& engine, const KeyedHash& hash,
                                     ColumnCache& columns, const View& view, OnProgress on_progress,
                                     OnDifference on_difference);

// The same of the chain of audit events alone: the summary has the sequence and the differences.
absl::StatusOr<VerifySummary> VerifyAudit(const Engine& engine, const KeyedHash& hash,
                                          ColumnCache& columns, const View& view,
                                          OnProgress on_progress, OnDifference on_difference);

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_STORAGE_CHECK_VERIFY_H_
