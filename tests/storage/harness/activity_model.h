// A plain model of what the store answers about activities and their kinds.
#ifndef EMPTYCHAIR_TESTS_STORAGE_HARNESS_ACTIVITY_MODEL_H_
#define EMPTYCHAIR_TESTS_STORAGE_HARNESS_ACTIVITY_MODEL_H_

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/storage/harness/activity_harness.h"

namespace emptychair::storage {

// What the store should hold and answer, in maps. Each method is one change, in the words in which
// the store says how it ended.
class ActivityModel {
 public:
  struct Kind {
    std::string name;
    std::string zone;
    uint32_t zone_revision = 0;
    bool has_activities = false;
    std::map<std::string, uint32_t> imports;
    // Of a subscription; else 0.
    uint32_t start = 0;
    uint32_t end = 0;
  };
  struct Activity {
    Deed deed;
    uint32_t import_number = 0;
    uint64_t sequence = 0;
  };
  using ActivityName = std::pair<uint32_t, std::string>;  // Number of the kind, id.

  // `start` and `end` are those of a subscription, else 0.
  std::string Define(const std::string& name, const std::string& zone, uint32_t start = 0,
                     uint32_t end = 0) {
    const uint32_t number = NumberOf(name);
    if (number == 0) {
      if (start != 0 && (start == end || !IsPlain(start, zone) || !IsPlain(end, zone))) {
        return "KIND_CHANGED";
      }
      Kind& created = kinds_.at(Create(name, zone));
      created.start = start;
      created.end = end;
      return "ok";
    }
    Kind& kind = kinds_.at(number);
    if (kind.start != start || kind.end != end) {
      return "FIELD_INVALID";
    }
    if (kind.zone != zone && kind.start != 0) {
      return "KIND_CHANGED";
    }
    if (kind.zone != zone && kind.has_activities) {
      return "KIND_HAS_ACTIVITIES";
    }
    if (kind.zone != zone && IsInUse(number)) {
      return "IN_USE";
    }
    if (kind.zone != zone) {
      kind.zone = zone;
      ++kind.zone_revision;
      ++sequence_;
    }
    return "ok";
  }

  std::string Delete(uint32_t number) {
    if (kinds_.count(number) == 0) {
      return "KIND_NOT_FOUND";
    }
    if (IsInUse(number)) {
      return "IN_USE";
    }
    kinds_.erase(number);
    std::erase_if(activities_, [&](const auto& entry) { return entry.first.first == number; });
    ++sequence_;
    return "ok";
  }

  std::string Record(const Deed& deed, const std::string& import_id) {
    uint32_t number = deed.kind_number == 0 ? NumberOf(deed.kind) : deed.kind_number;
    if (number == 0) {
      number = Create(deed.kind, "UTC");
    }
    const auto found = kinds_.find(number);
    if (found == kinds_.end()) {
      return "KIND_NOT_FOUND";
    }
    Kind& kind = found->second;
    const ActivityName name{number, deed.id};
    if (erased_.count(name) != 0) {
      return "ERASED";
    }
    if (const auto existing = activities_.find(name); existing != activities_.end()) {
      return IsSame(existing->second.deed, deed) ? "existed" : "CONTENT_DIFFERS";
    }
    if (kind.start != 0) {
      return "KIND_CHANGED";
    }
    if (deed.kind_number == 0 ? kind.zone != "UTC" : kind.zone_revision != deed.zone_revision) {
      return "KIND_CHANGED";
    }
    AddCustomer(deed.customer_id);
    kind.has_activities = true;
    uint32_t import_number = 0;
    if (!import_id.empty()) {
      import_number = kind.imports.try_emplace(import_id, last_import_ + 1).first->second;
      last_import_ = std::max(last_import_, import_number);
    }
    activities_[name] = {deed, import_number, ++sequence_};
    return "accepted";
  }

  std::string Erase(uint32_t number, const std::string& id) {
    if (kinds_.count(number) == 0) {
      return "KIND_NOT_FOUND";
    }
    if (erased_.count({number, id}) != 0) {
      return "ok";
    }
    if (activities_.erase({number, id}) == 0) {
      return "ACTIVITY_NOT_FOUND";
    }
    erased_.insert({number, id});
    ++sequence_;
    return "ok";
  }

  // How many of `deeds` are removed.
  int64_t TakeBack(uint32_t number, uint32_t import_number, const std::vector<Deed>& deeds) {
    int64_t removed = 0;
    for (const Deed& deed : deeds) {
      const auto found = activities_.find({number, deed.id});
      // Their own ids follow from the time.
      if (found != activities_.end() && found->second.import_number == import_number &&
          found->second.deed.time_ms == deed.time_ms && found->second.deed.kind == deed.kind) {
        activities_.erase(found);
        ++sequence_;
        ++removed;
      }
    }
    return removed;
  }

  // A new answer of feedback, or a survey.
  void AddOther(const std::string& customer_id) {
    AddCustomer(customer_id);
    ++sequence_;
  }

  uint32_t NumberOf(const std::string& name) const {
    for (const auto& [number, kind] : kinds_) {
      if (kind.name == name) {
        return number;
      }
    }
    return 0;
  }

  uint64_t sequence() const { return sequence_; }
  uint32_t last_number() const { return last_number_; }
  uint32_t last_import() const { return last_import_; }
  const std::map<uint32_t, Kind>& kinds() const { return kinds_; }
  const std::map<ActivityName, Activity>& activities() const { return activities_; }
  // Customers' ordinals.
  const std::map<std::string, uint32_t>& customers() const { return customers_; }

 private:
  bool IsPlain(uint32_t number, const std::string& zone) const {
    const auto found = kinds_.find(number);
    return found != kinds_.end() && found->second.start == 0 && found->second.zone == zone;
  }

  // By a subscription.
  bool IsInUse(uint32_t number) const {
    return std::any_of(kinds_.begin(), kinds_.end(), [&](const auto& entry) {
      return entry.second.start == number || entry.second.end == number;
    });
  }

  static bool IsSame(const Deed& stored, const Deed& sent) {
    return stored.customer_id == sent.customer_id && stored.amount == sent.amount &&
           stored.labels == sent.labels && (!sent.sends_time || stored.time_ms == sent.time_ms);
  }

  uint32_t Create(const std::string& name, const std::string& zone) {
    kinds_[++last_number_] = {.name = name, .zone = zone};
    ++sequence_;
    return last_number_;
  }

  void AddCustomer(const std::string& customer_id) {
    if (!customer_id.empty()) {
      customers_.try_emplace(customer_id, static_cast<uint32_t>(customers_.size() + 1));
    }
  }

  uint64_t sequence_ = 0;
  uint32_t last_number_ = 0;
  uint32_t last_import_ = 0;
  std::map<uint32_t, Kind> kinds_;
  std::map<ActivityName, Activity> activities_;
  std::set<ActivityName> erased_;
  std::map<std::string, uint32_t> customers_;
};

}  // namespace emptychair::storage

#endif  // EMPTYCHAIR_TESTS_STORAGE_HARNESS_ACTIVITY_MODEL_H_
