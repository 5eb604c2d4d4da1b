#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "storage/check/verify_parts.h"
#include "storage/format/effects.h"
#include "storage/format/keys.h"
#include "storage/read/series_table.h"

namespace emptychair::storage {
// What was computed behind the writes is of a state that is past, so it is not computed again.
absl::Status CheckDerived(VerifyRun& run) {
  RETURN_IF_ERROR(run.steps.Begin("derived"));
  return ScanFamily(
      run.engine, run.view, Family::kDerived, [&](absl::string_view key, absl::string_view value) {
        RETURN_IF_ERROR(run.steps.Step());
        const std::optional<RepeatEffectsKey> of = RepeatEffectsKey::Decode(key);
        store::v1::StoredRepeatEffects effects;
        if (!of.has_value() || of->dimension > kDimensionsMax ||
            !DecodeRepeatEffects(value, effects)) {
          return run.Report([&] {
            return Undecodable("derived", key, of.has_value() ? run.NameOf(of->survey_number) : "");
          });
        }
        if (run.surveys.count(of->survey_number) == 0) {
          return run.Report([&] {
            return Difference{
                DifferenceKind::kUnknownSurvey, "",
                absl::StrCat("derived: design effects of survey ", run.NameOf(of->survey_number)),
                "an entry", ""};
          });
        }
        return absl::OkStatus();
      });
}

}  // namespace emptychair::storage
