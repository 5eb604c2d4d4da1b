// Times of a file.
#ifndef EMPTYCHAIR_TOOLS_CHAIRCTL_IMPORT_TIME_READER_H_
#define EMPTYCHAIR_TOOLS_CHAIRCTL_IMPORT_TIME_READER_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace emptychair {

// Reads times, either as ParseWrittenTime does or by a format. Thread-safe.
class TimeReader {
 public:
  // `zone` is that of times without an offset. `format` is empty, `epoch-ms`, or what
  // absl::ParseTime takes; an offset may stand behind what it reads. FIELD_INVALID for a format
  // that would read the name of a zone and pay it no regard: %Z, or a literal Z, UTC or GMT.
  static absl::StatusOr<TimeReader> Create(absl::TimeZone zone, absl::string_view format);

  // The instant, cut to milliseconds. FIELD_INVALID names `field`: no such time, or
  // 1970-01-01T00:00Z, which is what a time looks like that was never set.
  absl::StatusOr<absl::Time> Read(absl::string_view field, absl::string_view text) const;
  // The same without regard to the format.
  absl::StatusOr<absl::Time> ReadWritten(absl::string_view field, absl::string_view text) const;

 private:
  TimeReader(absl::TimeZone zone, absl::string_view format);

  absl::StatusOr<absl::Time> ReadByFormat(absl::string_view field, absl::string_view text) const;
  bool ParseLocal(absl::string_view text, absl::TimeZone zone, absl::Time& time) const;

  absl::TimeZone zone_;
  std::string format_;
  bool is_epoch_ms_ = false;
  // The format reads an offset or an instant itself.
  bool is_instant_ = false;
  // The format reads a time of day, behind which an offset can stand.
  bool has_time_of_day_ = false;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_TOOLS_CHAIRCTL_IMPORT_TIME_READER_H_
