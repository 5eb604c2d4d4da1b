#include "tools/chairctl/text/loyalty_text.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/base/timestamp.h"
#include "tools/chairctl/base/enum_flag.h"
#include "tools/chairctl/base/written_time.h"
#include "tools/chairctl/text/metric_output.h"
#include "tools/chairctl/text/metric_text.h"

namespace emptychair {

std::string BasisText(const v1::LoyaltyMethodInfo& info) {
  return absl::StrCat("as of ",
                      LocalTimeText(info.has_as_of(), info.as_of(), ZoneOrUtc(info.time_zone())),
                      ", in ", info.time_zone(), ", ", IntervalsText(info),
                      info.positive_amounts_only() ? ", positive amounts only" : "");
}

std::string IntervalsText(const v1::LoyaltyMethodInfo& info) {
  return absl::StrFormat("%.0f %% intervals", 100 * info.confidence());
}

std::string LengthText(const v1::LoyaltyMethodInfo& info) {
  return info.rolling_days() > 0 ? absl::StrCat("by ", info.rolling_days(), " days")
                                 : absl::StrCat("by ", EnumFlag(info.granularity()));
}

std::string PeriodName(const v1::TimeInterval& period, const v1::LoyaltyMethodInfo& info) {
  v1::MethodInfo bucket;
  bucket.set_granularity(info.rolling_days() > 0 ? v1::GRANULARITY_DAY : info.granularity());
  bucket.set_week_start(info.week_start());
  bucket.set_time_zone(info.time_zone());
  return BucketName(FromTimestamp(period.start_time()), bucket);
}

absl::string_view PeriodHeading(const v1::LoyaltyMethodInfo& info) {
  return info.rolling_days() > 0 ? "from" : "period";
}

void AddEdges(const v1::TimeInterval& period, std::vector<CsvCell>& line) {
  line.push_back(TimestampText(period.has_start_time(), period.start_time()));
  line.push_back(TimestampText(period.has_end_time(), period.end_time()));
}

std::string ClassName(v1::NpsClass nps_class) {
  return nps_class == v1::NPS_CLASS_NONE ? "no answer" : absl::StrCat(EnumFlag(nps_class), "s");
}

std::string ClassDifferenceText(const v1::ClassDifference& difference,
                                const v1::LoyaltyMethodInfo& info) {
  std::string text;
  switch (difference.verdict()) {
    case v1::VERDICT_HIGHER:
      text = "Promoters come back more often than detractors";
      break;
    case v1::VERDICT_LOWER:
      text = "Promoters come back less often than detractors";
      break;
    case v1::VERDICT_NO_CLEAR_CHANGE:
      text = "No clear difference in how often promoters and detractors come back";
      break;
    default:
      return "Too few promoters or detractors to tell whether promoters come back more often.";
  }
  absl::StrAppendFormat(&text, ": %s points (%s at %.0f %%)", SignedText(difference.delta(), 1),
                        SignedIntervalText(difference.delta_low(), difference.delta_high(), 1),
                        100 * info.confidence());
  if (difference.has_p_value()) {
    absl::StrAppendFormat(&text, ", p = %.3g", difference.p_value());
  }
  return absl::StrCat(text, ".");
}

std::string ClassDifferenceBasis(const v1::ClassDifference& difference) {
  return absl::StrCat("Over all periods ", difference.promoters_returning(), " of ",
                      difference.promoters_at_start(), " promoters and ",
                      difference.detractors_returning(), " of ", difference.detractors_at_start(),
                      " detractors came back. Customers who are active in several periods count in "
                      "each, so the interval is narrower than customers are.");
}

IntervalMark MarkOf(const v1::RetentionPoint& point) {
  IntervalMark mark;
  if (point.has_retention()) {
    mark.value = point.retention();
  }
  if (point.has_retention_low() && point.has_retention_high()) {
    mark.low = point.retention_low();
    mark.high = point.retention_high();
  }
  return mark;
}

}  // namespace emptychair
