#include "client/api_key.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"

namespace emptychair {
namespace {

constexpr char kFileOption[] = "api_key_file";
constexpr char kSourceOption[] = "api_key_source";

// A key has 66 characters; blanks around it do not count.
constexpr size_t kKeyBytesMax = 256;
constexpr size_t kFileBytesMax = 1'024;

absl::Status Invalid(absl::string_view option, absl::string_view description) {
  return FieldError(v1::ERROR_REASON_FIELD_INVALID, option, description);
}

absl::Status CannotRead(const std::string& path, int error) {
  return Invalid(
      kFileOption,
      absl::StrCat(Quoted(path, 256), " cannot be read: ", std::generic_category().message(error)));
}

absl::StatusOr<std::string> ReadKeyFile(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) {
    return CannotRead(path, errno);
  }
  struct stat status {};
  if (fstat(fd, &status) == 0 && S_ISDIR(status.st_mode)) {
    close(fd);
    return CannotRead(path, EISDIR);
  }
  // One more, to see that there is more.
  std::string text(kFileBytesMax + 1, '\0');
  size_t size = 0;
  ssize_t count = 1;
  while (count != 0 && size < text.size()) {
    count = read(fd, text.data() + size, text.size() - size);
    if (count < 0 && errno != EINTR) {
      const int error = errno;
      close(fd);
      return CannotRead(path, error);
    }
    size += static_cast<size_t>(std::max<ssize_t>(count, 0));
  }
  close(fd);
  text.resize(size);
  return text;
}

// `text` as it can stand in metadata: visible ASCII alone.
absl::StatusOr<std::string> ParseKey(absl::string_view option, const std::string& where,
                                     absl::string_view text) {
  const absl::string_view key = absl::StripAsciiWhitespace(text);
  const bool is_visible =
      std::all_of(key.begin(), key.end(), [](unsigned char c) { return absl::ascii_isgraph(c); });
  if (key.empty() || key.size() > kKeyBytesMax || !is_visible) {
    return Invalid(option, absl::StrCat(where, " holds no key; wanted eck_… on one line"));
  }
  return std::string(key);
}

absl::StatusOr<std::string> KeyOfFile(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string text, ReadKeyFile(path));
  return ParseKey(kFileOption, Quoted(path, 256), text);
}

}  // namespace

absl::StatusOr<std::shared_ptr<ApiKey>> ApiKey::Read(const ClientOptions& options) {
  if (!options.api_key_file.empty() && options.api_key_source != nullptr) {
    return Invalid(kFileOption, "is given beside api_key_source; wanted one of them");
  }
  Source source;
  if (!options.api_key_file.empty()) {
    source = [path = options.api_key_file] { return KeyOfFile(path); };
  } else if (options.api_key_source != nullptr) {
    source = [inner = options.api_key_source]() -> absl::StatusOr<std::string> {
      ASSIGN_OR_RETURN(const std::string text, inner());
      return ParseKey(kSourceOption, "what was given", text);
    };
  } else {
    return nullptr;
  }
  ASSIGN_OR_RETURN(std::string text, source());
  return std::shared_ptr<ApiKey>(new ApiKey(std::move(source), std::move(text)));
}

std::string ApiKey::text() const {
  absl::MutexLock lock(&mutex_);
  return text_;
}

bool ApiKey::RenewAfter(absl::string_view refused) {
  absl::StatusOr<std::string> text = source_();
  absl::MutexLock lock(&mutex_);
  if (text.ok()) {
    text_ = *std::move(text);
  }
  return text_ != refused;
}

std::string CallKey::Authorization() {
  if (key_ == nullptr) {
    return "";
  }
  sent_ = key_->text();
  return absl::StrCat("Bearer ", sent_);
}

bool CallKey::RenewAfter(const absl::Status& status) {
  if (key_ == nullptr || is_renewed_ || !absl::IsUnauthenticated(status)) {
    return false;
  }
  is_renewed_ = true;
  return key_->RenewAfter(sent_);
}

}  // namespace emptychair
