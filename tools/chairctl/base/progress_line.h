// A line on a terminal that is written over and over.
#ifndef EMPTYCHAIR_TOOLS_CHAIRCTL_BASE_PROGRESS_LINE_H_
#define EMPTYCHAIR_TOOLS_CHAIRCTL_BASE_PROGRESS_LINE_H_

#include <cstddef>
#include <cstdint>
#include <ostream>
#include <string>

#include "absl/strings/string_view.h"

namespace emptychair {

// Not thread-safe.
class ProgressLine {
 public:
  // Shows nothing unless `is_terminal`.
  ProgressLine(std::ostream* out, bool is_terminal) : out_(out), is_terminal_(is_terminal) {}
  ~ProgressLine() { Clear(); }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  bool is_shown() const { return is_terminal_; }

  // `text` in the place of what was shown before.
  void Show(absl::string_view text);

  // Takes the line away, before anything else is written there.
  void Clear();

 private:
  std::ostream* const out_;
  const bool is_terminal_;
  size_t width_ = 0;
};

// "records  [#####.....]  50 %"; without a total the part alone.
std::string ProgressBar(absl::string_view part, int64_t done, int64_t total);

}  // namespace emptychair

#endif  // EMPTYCHAIR_TOOLS_CHAIRCTL_BASE_PROGRESS_LINE_H_
