// The window of a query as flags give it: `--window`, `--from` with `--to`, or `--last`.
#ifndef EMPTYCHAIR_TOOLS_CHAIRCTL_BASE_WINDOW_H_
#define EMPTYCHAIR_TOOLS_CHAIRCTL_BASE_WINDOW_H_

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "tools/chairctl/base/written_time.h"

namespace emptychair {

// The flags as given; absent ones were not.
struct WindowFlags {
  // `2024`, `2024-Q1`, `2024-W05` (weeks of ISO 8601, from Monday), `2024-01`, `2024-01-31`: that
  // calendar unit. `A..B`: from A to B, each a unit, which stands for its first instant, or a time;
  // so B is not included.
  std::optional<std::string> window;
  // A unit (its first instant) or a time. Inclusive.
  std::optional<std::string> from;
  // A unit (its first instant) or a time. Exclusive.
  std::optional<std::string> to;
  // N and one of d, w, m, q, y, N from 1 to 10,000: the last N calendar days, weeks, months,
  // quarters or years. The current one is the last of them, whole: the window ends where it does.
  std::optional<std::string> last;
  // Where the weeks of `last` begin.
  absl::Weekday week_start = absl::Weekday::monday;
  // The flag that `window` came from, which errors name.
  std::string window_flag = "--window";
  // The same of `to`.
  std::string to_flag = "--to";
};

// A span of time, `[start, end)`; an absent edge is open.
struct Interval {
  std::optional<absl::Time> start;
  std::optional<absl::Time> end;
};

// A unit as in `WindowFlags::window`, which stands for its first instant, or a time. FIELD_INVALID
// names `flag`.
absl::StatusOr<WrittenTime> ParseUnitOrTime(absl::string_view flag, absl::string_view text);

// A window that was read and waits for its zone. Immutable.
class Window {
 public:
  // FIELD_INVALID names the flag: a text that is no window, two ways to give one, an end that is
  // not after the start.
  static absl::StatusOr<Window> Parse(const WindowFlags& flags);

  // Whether the answer of `Resolve` depends on its zone.
  bool needs_zone() const;

  // The window in `zone` at the time `now`. FIELD_INVALID when it ends before it starts, which a
  // window that mixes instants and local times shows only here.
  absl::StatusOr<Interval> Resolve(absl::TimeZone zone, absl::Time now) const;

 private:
  struct Last {
    int count;
    char unit;
    absl::Weekday week_start;
  };

  static absl::StatusOr<Last> ParseLast(absl::string_view text, absl::Weekday week_start);

  std::optional<WrittenTime> start_;
  std::optional<WrittenTime> end_;
  std::optional<Last> last_;
};

}  // namespace emptychair

#endif  // EMPTYCHAIR_TOOLS_CHAIRCTL_BASE_WINDOW_H_
