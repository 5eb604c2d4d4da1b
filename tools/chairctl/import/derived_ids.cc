#include "tools/chairctl/import/derived_ids.h"

#include <sodium.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "common/base/timestamp.h"

namespace emptychair {
namespace {

using Hash = std::array<char, 16>;

Hash Blake2b(absl::string_view text) {
  Hash hash;
  crypto_generichash(reinterpret_cast<unsigned char*>(hash.data()), hash.size(),
                     reinterpret_cast<const unsigned char*>(text.data()), text.size(), nullptr, 0);
  return hash;
}

absl::string_view AsText(const Hash& hash) { return {hash.data(), hash.size()}; }

// Lengths keep apart texts that would be the same when put together.
void AppendWithLength(std::string& out, absl::string_view text) {
  absl::StrAppend(&out, text.size(), ":", text);
}

}  // namespace

std::string DerivedIds::Prefix(absl::string_view purpose) const {
  std::string content(purpose);
  AppendWithLength(content, survey_id_);
  AppendWithLength(content, source_);
  return content;
}

std::string DerivedIds::OfAnswer(const v1::Feedback& feedback) {
  std::string content = Prefix("answer ");
  if (feedback.has_occur_time()) {
    absl::StrAppend(&content, "t", absl::ToUnixMillis(FromTimestamp(feedback.occur_time())));
  }
  if (feedback.has_score()) {
    absl::StrAppend(&content, "s", feedback.score());
  }
  if (!feedback.customer_id().empty()) {
    content.push_back('c');
    AppendWithLength(content, feedback.customer_id());
  }
  if (!feedback.comment().empty()) {
    content.push_back('w');
    AppendWithLength(content, feedback.comment());
  }
  return OfContent(content);
}

std::string DerivedIds::OfActivity(const v1::Activity& activity) {
  std::string content = Prefix("activity ");
  AppendWithLength(content, activity.kind());
  if (activity.has_occur_time()) {
    absl::StrAppend(&content, "t", absl::ToUnixMillis(FromTimestamp(activity.occur_time())));
  }
  content.push_back('c');
  AppendWithLength(content, activity.customer_id());
  if (activity.has_amount()) {
    absl::StrAppend(&content, "a", activity.amount().units(), ",", activity.amount().nanos(),
                    activity.amount().currency_code());
  }
  return OfContent(content);
}

// The id of a content, and of how often it was there before.
std::string DerivedIds::OfContent(absl::string_view content) {
  const Hash hash = Blake2b(content);
  uint64_t key = 0;
  std::memcpy(&key, hash.data(), sizeof(key));
  const int64_t before = seen_.insert(key).second ? 0 : ++repeats_[key];
  const Hash id = Blake2b(absl::StrCat(AsText(hash), before));
  return absl::StrCat(source_, "-", absl::BytesToHexString(AsText(id)));
}

std::string DerivedIds::OfKeys(const std::vector<std::string>& keys) const {
  std::string content = Prefix("keys ");
  for (const std::string& key : keys) {
    AppendWithLength(content, key);
  }
  return absl::StrCat(source_, "-", absl::BytesToHexString(AsText(Blake2b(content))));
}

std::string DerivedIds::OfRejectedRow(int64_t line, const std::vector<std::string>& row) const {
  std::string content = Prefix("row ");
  absl::StrAppend(&content, line, ";");
  for (const std::string& cell : row) {
    AppendWithLength(content, cell);
  }
  return absl::StrCat(source_, "-row-", absl::BytesToHexString(AsText(Blake2b(content))));
}

bool DerivedIds::IsDerived(absl::string_view id) const {
  constexpr size_t kHexDigits = 32;
  return absl::ConsumePrefix(&id, source_) && absl::ConsumePrefix(&id, "-") &&
         id.size() == kHexDigits && std::all_of(id.begin(), id.end(), [](char c) {
           return absl::ascii_isxdigit(static_cast<unsigned char>(c));
         });
}

}  // namespace emptychair
