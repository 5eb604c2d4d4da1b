#include "tests/storage/harness/recount.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "emptychair/store/v1/value.pb.h"
#include "storage/format/cube_row.h"
#include "storage/format/keys.h"
#include "storage/format/values.h"
#include "tests/storage/harness/activity_recount.h"
#include "tests/storage/harness/dump_reader.h"
#include "tests/storage/harness/index_recount.h"

namespace emptychair::storage {
namespace {

constexpr size_t kReportedFaultsMax = 20;

std::string ToText(const CubeCell& cell) {
  const auto& [survey, unit, bucket, series, state, bin] = cell;
  return absl::StrCat("survey ", survey, " unit ", unit, " bucket ", bucket, " series ", series,
                      " state ", state, " bin ", bin);
}

}  // namespace

CubeCells StoredCube(const DatabaseDump& dump, std::vector<std::string>& faults) {
  CubeCells cells;
  for (const auto& [key, value] : FamilyOf(dump, "cell")) {
    const auto row_key = CubeRowKey::Decode(key);
    const auto counts = DecodeCubeRow(value);
    if (!row_key.has_value() || !counts.has_value()) {
      faults.push_back(absl::StrCat("row ", absl::BytesToHexString(key), " does not decode"));
      continue;
    }
    for (const CubeCount& count : *counts) {
      cells[{row_key->survey_number, static_cast<int>(row_key->unit), row_key->bucket,
             row_key->chunk * kSeriesPerChunk + count.series, count.disposition, count.bin}] =
          count.count;
    }
  }
  return cells;
}

CubeCells RecountedCube(const DatabaseDump& dump, std::vector<std::string>& faults) {
  const auto surveys = SurveysOf(dump, faults);
  CubeCells cells;
  for (const DumpedRecord& record : RecordsOf(dump, faults)) {
    if (record.header.is_erased) {
      continue;
    }
    const auto survey = surveys.find(record.key.survey_number);
    const int scale_min = survey == surveys.end() ? 0 : survey->second.scale().min();
    const absl::Time time = absl::FromUnixMillis(record.key.feedback_id.UnixMs());
    const absl::CivilSecond local =
        absl::FixedTimeZone(record.header.zone_offset_seconds).At(time).cs;
    const absl::CivilHour utc_hour(absl::UTCTimeZone().At(time).cs);
    const int bin = record.header.score.has_value() ? *record.header.score - scale_min + 1 : 0;
    const int64_t buckets[] = {utc_hour - absl::CivilHour(1970),
                               absl::CivilDay(local) - absl::CivilDay(1970),
                               absl::CivilMonth(local) - absl::CivilMonth(1970)};
    for (int unit = 1; unit <= 3; ++unit) {
      ++cells[{record.key.survey_number, unit, buckets[unit - 1], record.header.series,
               record.header.exclusion_reason, bin}];
    }
  }
  return cells;
}

std::vector<std::string> FindFaults(const DatabaseDump& dump) {
  std::vector<std::string> faults;
  RecountIndexes(dump, faults);
  RecountActivities(dump, faults);
  const CubeCells stored = StoredCube(dump, faults);
  const CubeCells recounted = RecountedCube(dump, faults);
  for (const auto& [cell, count] : recounted) {
    const auto found = stored.find(cell);
    if (found == stored.end() || found->second != count) {
      faults.push_back(absl::StrCat(ToText(cell), ": ", count, " records, but ",
                                    found == stored.end() ? 0 : found->second, " in the cube"));
    }
  }
  for (const auto& [cell, count] : stored) {
    if (recounted.count(cell) == 0) {
      faults.push_back(absl::StrCat(ToText(cell), ": no records, but ", count, " in the cube"));
    }
  }
  if (faults.size() > kReportedFaultsMax) {
    const size_t left_out = faults.size() - kReportedFaultsMax;
    faults.resize(kReportedFaultsMax);
    faults.push_back(absl::StrCat("and ", left_out, " more"));
  }
  return faults;
}

}  // namespace emptychair::storage
