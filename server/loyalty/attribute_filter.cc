#include "server/loyalty/attribute_filter.h"

#include <map>
#include <optional>
#include <set>
#include <string>

#include "absl/algorithm/container.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "server/request/selection.h"
#include "server/request/unmatched_filters.h"
#include "server/request/validation.h"

namespace emptychair {
namespace {

using storage::CustomerSetRow;
using Attributes = google::protobuf::RepeatedPtrField<store::v1::StoredLabel>;

// The value of the attribute, or the name reserved for none.
absl::string_view ValueOf(const Attributes& attributes, absl::string_view key) {
  for (const store::v1::StoredLabel& attribute : attributes) {
    if (attribute.key() == key) {
      return attribute.value();
    }
  }
  return kNoneValue;
}

// The filters, with their values found at once.
class PreparedFilters {
 public:
  explicit PreparedFilters(absl::Span<const v1::LabelFilter> filters) {
    for (const v1::LabelFilter& filter : filters) {
      filters_.push_back(
          {filter.key(), {filter.values().begin(), filter.values().end()}, filter.negate()});
    }
  }

  bool LetThrough(const Attributes& attributes) const {
    return absl::c_all_of(filters_, [&](const Filter& filter) {
      return filter.values.contains(ValueOf(attributes, filter.key)) != filter.negate;
    });
  }

 private:
  // Views of the request's.
  struct Filter {
    absl::string_view key;
    absl::flat_hash_set<absl::string_view> values;
    bool negate = false;
  };
  std::vector<Filter> filters_;
};

// Finds the keys and values that no customer has.
class UnmatchedAttributes {
 public:
  explicit UnmatchedAttributes(absl::Span<const v1::LabelFilter> filters) {
    for (const v1::LabelFilter& filter : filters) {
      Key& key = keys_[filter.key()];
      for (const std::string& value : filter.values()) {
        if (value != kNoneValue) {
          key.unseen.insert(value);
        }
      }
    }
  }

  void See(const Attributes& attributes) {
    for (const store::v1::StoredLabel& attribute : attributes) {
      AddKnownName(attribute.key(), known_keys_);
      if (const auto asked = keys_.find(attribute.key()); asked != keys_.end()) {
        asked->second.is_seen = true;
        asked->second.unseen.erase(attribute.value());
        AddKnownName(attribute.value(), asked->second.known_values);
      }
    }
  }

  std::vector<v1::UnmatchedFilter> Take() const {
    std::vector<v1::UnmatchedFilter> unmatched;
    for (const auto& [key, asked] : keys_) {
      if (!asked.is_seen) {
        unmatched.push_back(MakeUnmatched(key, std::nullopt, known_keys_));
        continue;
      }
      const std::set<std::string> values(asked.unseen.begin(), asked.unseen.end());
      for (const std::string& value : values) {
        unmatched.push_back(MakeUnmatched(key, value, asked.known_values));
      }
    }
    if (unmatched.size() > kUnmatchedMax) {
      unmatched.resize(kUnmatchedMax);
    }
    return unmatched;
  }

 private:
  struct Key {
    bool is_seen = false;
    absl::flat_hash_set<std::string> unseen;  // Values.
    std::set<std::string> known_values;
  };
  std::map<std::string, Key> keys_;
  std::set<std::string> known_keys_;
};

}  // namespace

absl::Status CheckAttributeFilters(
    const google::protobuf::RepeatedPtrField<v1::LabelFilter>& filters) {
  RETURN_IF_ERROR(CheckFilters(filters));
  for (int i = 0; i < filters.size(); ++i) {
    const std::string field = absl::StrCat("filters[", i, "]");
    if (filters[i].key() == kSurveyIdKey) {
      return FieldError(v1::ERROR_REASON_FIELD_INVALID, absl::StrCat(field, ".key"),
                        absl::StrCat("got \"", kSurveyIdKey, "\", wanted a customer's attribute"));
    }
    const auto& values = filters[i].values();
    if (const auto other = absl::c_find(values, kOtherValue); other != values.end()) {
      return FieldError(v1::ERROR_REASON_FIELD_INVALID,
                        absl::StrCat(field, ".values[", other - values.begin(), "]"),
                        absl::StrCat("got \"", kOtherValue, "\", which no attribute is"));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<AttributeFilter> AttributeFilter::Read(const storage::CustomerSetReader& reader,
                                                      const storage::View& view,
                                                      absl::Span<const v1::LabelFilter> filters) {
  const PreparedFilters prepared(filters);
  UnmatchedAttributes unmatched(filters);
  AttributeFilter filter;
  if (prepared.LetThrough({})) {
    for (uint32_t member = 0; member < storage::kCustomersPerChunk; ++member) {
      filter.others_.Add(static_cast<uint16_t>(member));
    }
  }
  RETURN_IF_ERROR(reader.ForEachCustomer(
      view, [&](uint32_t ordinal, const store::v1::StoredCustomer& customer) {
        ++filter.customers_read_;
        unmatched.See(customer.attributes());
        filter.Set(ordinal, prepared.LetThrough(customer.attributes()));
      }));
  filter.unmatched_ = unmatched.Take();
  return filter;
}

void AttributeFilter::Set(uint32_t customer, bool passes) {
  const size_t chunk = customer / storage::kCustomersPerChunk;
  while (rows_.size() <= chunk) {
    rows_.push_back(others_);
  }
  const auto member = static_cast<uint16_t>(customer % storage::kCustomersPerChunk);
  if (passes) {
    rows_[chunk].Add(member);
  } else {
    rows_[chunk].Remove(member);
  }
}

}  // namespace emptychair
