#include "tools/chairctl/base/progress_line.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "tools/chairctl/base/output.h"

namespace emptychair {
namespace {

constexpr int64_t kBarWidth = 30;

}  // namespace

void ProgressLine::Show(absl::string_view text) {
  if (!is_terminal_) {
    return;
  }
  Clear();
  width_ = DisplayWidth(text);
  *out_ << text << std::flush;
}

void ProgressLine::Clear() {
  if (width_ > 0) {
    *out_ << "\r" << std::string(width_, ' ') << "\r" << std::flush;
    width_ = 0;
  }
}

std::string ProgressBar(absl::string_view part, int64_t done, int64_t total) {
  if (total <= 0) {
    return std::string(part);
  }
  const double share = std::clamp(static_cast<double>(done) / static_cast<double>(total), 0.0, 1.0);
  const auto filled = static_cast<size_t>(share * kBarWidth);
  return absl::StrCat(part, "  [", std::string(filled, '#'), std::string(kBarWidth - filled, '.'),
                      "]  ", static_cast<int>(share * 100), " %");
}

}  // namespace emptychair
