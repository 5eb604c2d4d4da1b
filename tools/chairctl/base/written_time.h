// Times as people write them, in flags and in files, and as the service takes them.
#ifndef EMPTYCHAIR_TOOLS_CHAIRCTL_BASE_WRITTEN_TIME_H_
#define EMPTYCHAIR_TOOLS_CHAIRCTL_BASE_WRITTEN_TIME_H_

#include <optional>
#include <string>
#include <variant>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "common/base/timestamp.h"
#include "google/protobuf/timestamp.pb.h"

namespace emptychair {

// A time without an offset: it is an instant only in a zone.
struct LocalTime {
  absl::CivilSecond second;
  absl::Duration subsecond;

  friend bool operator==(const LocalTime&, const LocalTime&) = default;
};

// A parsed time: an instant, a local time, or a day, which stands for its first instant.
using WrittenTime = std::variant<absl::Time, LocalTime, absl::CivilDay>;

// Reads RFC 3339 or `YYYY-MM-DD[ HH:MM[:SS[.f…]]]`, with ' ' or 'T' between date and time; spaces
// around it do not count. An offset behind it can be `Z`, `+01:00`, `+0100`, `+01`, `UTC`, `GMT`,
// `GMT+1` or `UTC-05:30`, in any case and after a space or none. FIELD_INVALID names `field`.
absl::StatusOr<WrittenTime> ParseWrittenTime(absl::string_view field, absl::string_view text);

// Takes such an offset off the end of `text`, with the blanks before it; false when there is none.
bool ConsumeOffsetSuffix(absl::string_view& text, absl::Duration& offset);

// The day `YYYY-MM-DD`; nothing for any other text and for days that no calendar has.
std::optional<absl::CivilDay> ParseDay(absl::string_view text);

// `text` as a number of exactly `digits` decimal digits.
std::optional<int> ParseDigits(absl::string_view text, size_t digits);

bool NeedsZone(const WrittenTime& time);

// The instant that `time` is in `zone`. A local time that the zone skipped is the moment of the
// change; of one that it had twice, the first.
absl::Time InZone(const WrittenTime& time, absl::TimeZone zone);

// The zone of an IANA name. FIELD_INVALID when this machine's time-zone database does not have it.
absl::StatusOr<absl::TimeZone> FindZone(absl::string_view name);

// The same, and UTC when the database does not have it: for times that are shown with their offset.
absl::TimeZone ZoneOrUtc(const std::string& name);

// RFC 3339 with the offset that applies in `zone`; only as many digits of a second as are needed.
std::string FormatInstant(absl::Time time, absl::TimeZone zone);

// A timestamp of an answer for programs, in RFC 3339, UTC and with three digits of milliseconds;
// empty when it is not `present`.
std::string TimestampText(bool present, const google::protobuf::Timestamp& timestamp);

// Appends a timestamp in RFC 3339 and UTC, always with three digits of a second: so a column of
// times has one form, and its order as text is that of time.
void AppendTimestampText(const google::protobuf::Timestamp& timestamp, std::string& out);
// The same in `zone`, with the offset that applies there; in UTC as above.
void AppendTimestampText(const google::protobuf::Timestamp& timestamp, absl::TimeZone zone,
                         std::string& out);

// A timestamp of an answer for tables and pages, as `FormatInstant` has it; a dash when it is not
// `present`.
std::string LocalTimeText(bool present, const google::protobuf::Timestamp& timestamp,
                          absl::TimeZone zone);

}  // namespace emptychair

#endif  // EMPTYCHAIR_TOOLS_CHAIRCTL_BASE_WRITTEN_TIME_H_
