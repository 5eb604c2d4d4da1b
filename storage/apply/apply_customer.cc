#include "storage/apply/apply_customer.h"

#include <algorithm>
#include <map>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/status_macros.h"
#include "google/protobuf/util/message_differencer.h"
#include "storage/apply/apply_record.h"
#include "storage/format/changes.h"
#include "storage/format/keys.h"
#include "storage/format/values.h"
#include "storage/read/customers.h"

namespace emptychair::storage {
namespace {

using store::v1::StoredCustomer;
using store::v1::StoredLabel;

absl::StatusOr<CustomerLookup> LookUp(const std::string& customer_id, const IdHash& hash,
                                      const WriteGroup& group) {
  return LookUpCustomer(customer_id, hash, [&](const std::string& key, std::string* value) {
    return group.Get(Family::kCustomer, key, value);
  });
}

absl::StatusOr<StoredCustomer> Read(uint32_t customer_ordinal, const WriteGroup& group) {
  return ReadCustomer(customer_ordinal, [&](const std::string& key, std::string* value) {
    return group.Get(Family::kCustomer, key, value);
  });
}

// Gives a customer that is not known its ordinal, with those whose ids share the start of the hash.
KnownCustomer Add(const std::string& customer_id, const IdHash& hash, std::vector<uint32_t> sharing,
                  WorkingState& state, WriteGroup& group) {
  store::v1::StoredCounters& counters = state.counters();
  const KnownCustomer added{.ordinal = counters.last_customer_ordinal() + 1};
  counters.set_last_customer_ordinal(added.ordinal);
  sharing.push_back(added.ordinal);
  StoredCustomer customer;
  customer.set_customer_id(customer_id);
  group.Put(Family::kCustomer, CustomerByIdKey(hash), EncodeOrdinals(sharing));
  group.Put(Family::kCustomer, CustomerByOrdinalKey(added.ordinal), EncodeMessage(customer));
  state.customers().Put(hash, added);
  return added;
}

// What is there under a customer's id.
struct Found {
  IdHash hash;
  std::optional<KnownCustomer> customer;
  // Of those that share the start of the hash, where the customer is not known.
  std::vector<uint32_t> sharing;
};

absl::StatusOr<Found> Find(const std::string& customer_id, WorkingState& state,
                           const WriteGroup& group) {
  Found found{.hash = state.hash()(HashPurpose::kCustomerId, customer_id)};
  found.customer = state.customers().Find(found.hash);
  if (found.customer.has_value()) {
    return found;
  }
  ASSIGN_OR_RETURN(CustomerLookup lookup, LookUp(customer_id, found.hash, group));
  if (lookup.ordinal.has_value()) {
    found.customer = KnownCustomer{*lookup.ordinal, lookup.has_attributes};
    state.customers().Put(found.hash, *found.customer);
  } else {
    found.sharing = std::move(lookup.sharing);
  }
  return found;
}

bool ComesBefore(const StoredLabel& label, absl::string_view key) { return label.key() < key; }

// The customer with the attributes that the command leaves, ordered by key.
StoredCustomer Merge(StoredCustomer customer, const store::v1::UpsertCustomerCommand& command) {
  std::map<std::string, std::string> merged;
  for (const StoredLabel& attribute : customer.attributes()) {
    merged[attribute.key()] = attribute.value();
  }
  for (const StoredLabel& attribute : command.attributes()) {
    if (attribute.value().empty()) {
      merged.erase(attribute.key());
    } else {
      merged[attribute.key()] = attribute.value();
    }
  }
  customer.clear_attributes();
  for (auto& [key, value] : merged) {
    StoredLabel& attribute = *customer.add_attributes();
    attribute.set_key(key);
    attribute.set_value(std::move(value));
  }
  return customer;
}

absl::StatusOr<StoredCustomer> Upsert(const store::v1::UpsertCustomerCommand& command,
                                      WorkingState& state, WriteGroup& group) {
  const IdHash hash = state.hash()(HashPurpose::kCustomerId, command.customer_id());
  ASSIGN_OR_RETURN(CustomerLookup known, LookUp(command.customer_id(), hash, group));
  StoredCustomer before;
  before.set_customer_id(command.customer_id());
  if (known.ordinal.has_value()) {
    ASSIGN_OR_RETURN(before, Read(*known.ordinal, group));
  }
  StoredCustomer customer = Merge(before, command);
  if (customer.attributes_size() > kAttributesMax) {
    return Error(
        v1::ERROR_REASON_LIMIT_REACHED,
        absl::StrCat("customer.attributes: the customer would have ", customer.attributes_size(),
                     " attributes, wanted at most ", kAttributesMax),
        {{"what", "attributes"}, {"limit", absl::StrCat(kAttributesMax)}});
  }
  if (known.ordinal.has_value() &&
      google::protobuf::util::MessageDifferencer::Equals(customer, before)) {
    return customer;
  }
  const ChangeKind kind = known.ordinal.has_value() ? ChangeKind::kChanged : ChangeKind::kCreated;
  const uint32_t ordinal =
      known.ordinal.has_value()
          ? *known.ordinal
          : Add(command.customer_id(), hash, std::move(known.sharing), state, group).ordinal;
  customer.set_sequence(TakeSequence({kind, Entity::kCustomer, ordinal, Uuid()}, state, group));
  group.Put(Family::kCustomer, CustomerByOrdinalKey(ordinal), EncodeMessage(customer));
  state.customers().Put(hash,
                        {.ordinal = ordinal, .has_attributes = !customer.attributes().empty()});
  return customer;
}

}  // namespace

absl::StatusOr<std::optional<KnownCustomer>> FindCustomer(const std::string& customer_id,
                                                          WorkingState& state,
                                                          const WriteGroup& group) {
  ASSIGN_OR_RETURN(const Found found, Find(customer_id, state, group));
  return found.customer;
}

absl::StatusOr<KnownCustomer> FindOrAddCustomer(const std::string& customer_id, WorkingState& state,
                                                WriteGroup& group) {
  if (customer_id.empty()) {
    return KnownCustomer{.ordinal = kAnonymous};
  }
  ASSIGN_OR_RETURN(Found found, Find(customer_id, state, group));
  return found.customer.has_value()
             ? *found.customer
             : Add(customer_id, found.hash, std::move(found.sharing), state, group);
}

namespace {

// Takes away what there is of a customer, one of those that share the start of the hash.
void Forget(uint32_t ordinal, const IdHash& hash, std::vector<uint32_t> sharing,
            WorkingState& state, WriteGroup& group) {
  sharing.erase(std::remove(sharing.begin(), sharing.end(), ordinal), sharing.end());
  if (sharing.empty()) {
    group.Delete(Family::kCustomer, CustomerByIdKey(hash));
  } else {
    group.Put(Family::kCustomer, CustomerByIdKey(hash), EncodeOrdinals(sharing));
  }
  group.Put(Family::kCustomer, CustomerByOrdinalKey(ordinal), EncodeMessage(StoredCustomer()));
  state.customers().Forget(hash);
  store::v1::StoredCounters& counters = state.counters();
  counters.set_erased_customer_count(counters.erased_customer_count() + 1);
}

}  // namespace

absl::StatusOr<std::optional<uint32_t>> ForgetCustomer(const std::string& customer_id,
                                                       WorkingState& state, WriteGroup& group) {
  const IdHash hash = state.hash()(HashPurpose::kCustomerId, customer_id);
  ASSIGN_OR_RETURN(CustomerLookup known, LookUp(customer_id, hash, group));
  if (known.ordinal.has_value()) {
    Forget(*known.ordinal, hash, std::move(known.sharing), state, group);
  }
  return known.ordinal;
}

absl::StatusOr<std::optional<uint32_t>> ForgetCustomer(const IdHash& hash, WorkingState& state,
                                                       WriteGroup& group) {
  std::string value;
  ASSIGN_OR_RETURN(const bool found, group.Get(Family::kCustomer, CustomerByIdKey(hash), &value));
  std::optional<std::vector<uint32_t>> sharing = found ? DecodeOrdinals(value) : std::nullopt;
  if (found && !sharing.has_value()) {
    return Error(v1::ERROR_REASON_STORE_DAMAGED,
                 "an entry of the customers by their ids cannot be decoded");
  }
  for (const uint32_t ordinal : sharing.value_or(std::vector<uint32_t>())) {
    ASSIGN_OR_RETURN(const StoredCustomer customer, Read(ordinal, group));
    if (state.hash()(HashPurpose::kCustomerId, customer.customer_id()) == hash) {
      Forget(ordinal, hash, *std::move(sharing), state, group);
      return ordinal;
    }
  }
  return std::nullopt;
}

absl::Status FillLabels(uint32_t customer_ordinal, const store::v1::StoredSurvey& survey,
                        const WriteGroup& group, store::v1::StoredFeedback& body) {
  ASSIGN_OR_RETURN(const StoredCustomer customer, Read(customer_ordinal, group));
  auto& labels = *body.mutable_labels();
  const auto& retired = survey.retired_dimensions();
  for (int place = 0; place < survey.dimensions_size(); ++place) {
    const std::string& key = survey.dimensions(place);
    const auto attribute = std::lower_bound(customer.attributes().begin(),
                                            customer.attributes().end(), key, ComesBefore);
    const auto label = std::lower_bound(labels.begin(), labels.end(), key, ComesBefore);
    if (attribute == customer.attributes().end() || attribute->key() != key ||
        (label != labels.end() && label->key() == key) || labels.size() >= kFilledLabelsMax ||
        std::find(retired.begin(), retired.end(), key) != retired.end()) {
      continue;
    }
    const auto position = static_cast<int>(label - labels.begin());
    *labels.Add() = *attribute;
    for (int i = labels.size() - 1; i > position; --i) {
      labels.SwapElements(i, i - 1);
    }
    body.set_filled_dimensions(body.filled_dimensions() | 1u << place);
  }
  return absl::OkStatus();
}

CommandResult ApplyUpsertCustomer(const store::v1::UpsertCustomerCommand& command,
                                  WorkingState& state, WriteGroup& group) {
  CommandResult result;
  absl::StatusOr<StoredCustomer> customer = Upsert(command, state, group);
  if (customer.ok()) {
    result.customer = std::make_unique<StoredCustomer>(*std::move(customer));
  } else {
    result.error = customer.status();
  }
  return result;
}

}  // namespace emptychair::storage
