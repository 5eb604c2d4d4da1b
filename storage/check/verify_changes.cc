#include <optional>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "storage/check/verify_parts.h"
#include "storage/format/changes.h"

namespace emptychair::storage {
namespace {

absl::Status ReportGap(VerifyRun& run, uint64_t first, uint64_t last) {
  return run.Report([&] {
    return Difference{DifferenceKind::kChangeLog, "",
                      absl::StrCat("change: the changes ", first, " to ", last), "", "entries"};
  });
}

}  // namespace

// The log may begin anywhere, because its oldest tables are dropped, but has no gaps behind that.
absl::Status CheckChanges(VerifyRun& run) {
  RETURN_IF_ERROR(run.steps.Begin("change log"));
  const uint64_t last = run.view.counters.sequence();
  std::optional<uint64_t> next;
  RETURN_IF_ERROR(ScanFamily(
      run.engine, run.view, Family::kChange, [&](absl::string_view key, absl::string_view value) {
        RETURN_IF_ERROR(run.steps.Step());
        const std::optional<uint64_t> first = DecodeChangeKey(key);
        const std::optional<std::vector<ChangeLogEntry>> changes = DecodeChanges(value);
        if (!first.has_value() || !changes.has_value()) {
          return run.Report([&] { return Undecodable("change", key); });
        }
        if (next.has_value() && *first > *next) {
          RETURN_IF_ERROR(ReportGap(run, *next, *first - 1));
        }
        const uint64_t end = *first + changes->size();
        if ((next.has_value() && *first < *next) || *first == 0 || end > last + 1) {
          RETURN_IF_ERROR(run.Report([&] {
            return Difference{DifferenceKind::kChangeLog, "",
                              absl::StrCat("change: the changes ", *first, " to ", end - 1),
                              "an entry",
                              absl::StrCat("numbers from ", next.value_or(1), " to ", last)};
          }));
        }
        next = end;
        return absl::OkStatus();
      }));
  return next.has_value() && *next <= last ? ReportGap(run, *next, last) : absl::OkStatus();
}

}  // namespace emptychair::storage
