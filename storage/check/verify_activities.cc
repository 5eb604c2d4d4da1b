#include <map>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "storage/check/customer_set_recount.h"
#include "storage/check/verify_parts.h"
#include "storage/format/activities.h"
#include "storage/format/external_ids.h"
#include "storage/read/activities.h"

namespace emptychair::storage {
namespace {

absl::string_view NameOf(CustomerSet set) {
  switch (set) {
    case CustomerSet::kActive:
      return "active";
    case CustomerSet::kActivePositive:
      return "active with a positive amount";
    case CustomerSet::kFirstEver:
      return "first ever";
    case CustomerSet::kFirstEverPositive:
      return "first ever with a positive amount";
    case CustomerSet::kTwice:
      return "twice";
    case CustomerSet::kEntered:
      return "entered";
    case CustomerSet::kLeft:
      return "left";
  }
  return "";
}

std::string NameOf(const VerifyRun& run, const CustomerSetKey& row) {
  return absl::StrCat("active_set: kind ", run.NameOfKind(row.kind_number), ", ", NameOf(row.set),
                      ", ", NameOfBucket(row.unit, row.bucket), ", chunk ", row.chunk);
}

// The activities in the order of their keys, kind by kind.
class ActivityCheck {
 public:
  explicit ActivityCheck(VerifyRun& run) : run_(run) {}

  absl::Status Run() {
    RETURN_IF_ERROR(run_.steps.Begin("activities"));
    RETURN_IF_ERROR(ScanFamily(
        run_.engine, run_.view, Family::kActivity,
        [this](absl::string_view key, absl::string_view value) { return Check(key, value); }));
    FlushMarks();
    return CheckCount();
  }

 private:
  absl::Status Check(absl::string_view key_bytes, absl::string_view value) {
    RETURN_IF_ERROR(run_.steps.Step());
    const std::optional<ActivityKey> key = ActivityKey::Decode(key_bytes);
    if (!key.has_value()) {
      return run_.Report([&] { return Undecodable("activity", key_bytes); });
    }
    MoveTo(key->kind_number);
    const std::optional<ActivityHeader> header = DecodeActivityHeader(value);
    if (!header.has_value()) {
      ++undecodable_;
      return ReportUndecodable(*key, "a header that does not decode");
    }
    decoded_ += header->is_erased ? 0 : 1;
    if (!header->is_erased && !DecodeActivityBody(value, body_)) {
      // Its customer and time are known all the same.
      body_.Clear();
      RETURN_IF_ERROR(ReportUndecodable(*key, "a message that does not decode"));
    } else if (header->is_erased || IsAnonymized(*header) || !body_.activity_id().empty()) {
      RETURN_IF_ERROR(CheckId(*key, *header));
    } else {
      RETURN_IF_ERROR(ReportActivity(*key, "no activity_id", "one"));
    }
    RETURN_IF_ERROR(CheckSequence(*key, *header));
    AddEntries(*key, *header);
    if (kind_ == nullptr) {
      return run_.Report([&] {
        return Difference{DifferenceKind::kUnknownSurvey, "", NameOfActivity(run_, *key),
                          "an activity", ""};
      });
    }
    return header->is_erased ? absl::OkStatus() : CheckHeader(*key, *header);
  }

  void MoveTo(uint32_t kind_number) {
    if (kind_number_ == kind_number) {
      return;
    }
    kind_number_ = kind_number;
    const auto found = run_.kinds.find(kind_number);
    kind_ = found == run_.kinds.end() ? nullptr : &found->second;
    if (kind_ != nullptr) {
      zones_.Begin(kind_->definition->time_zone());
    }
  }

  // Of the body at hand.
  bool IsAnonymized(const ActivityHeader& header) const {
    return !header.is_erased && body_.is_anonymized();
  }

  // An activity's own id follows from kind, activity_id and time.
  absl::Status CheckId(const ActivityKey& key, const ActivityHeader& header) {
    const bool is_sound =
        key.id.IsV7() && (kind_ == nullptr || header.is_erased || IsAnonymized(header) ||
                          key.id == DerivedActivityId(run_.hash, kind_->name(), body_.activity_id(),
                                                      key.id.UnixMs()));
    return is_sound ? absl::OkStatus()
                    : ReportActivity(key, "an id of its own",
                                     "the one made of kind, activity_id and time");
  }

  absl::Status CheckSequence(const ActivityKey& key, const ActivityHeader& header) {
    const uint64_t newest = run_.view.counters.sequence();
    if (header.sequence == 0 || header.sequence > newest) {
      return ReportActivity(key, absl::StrCat("sequence ", header.sequence),
                            absl::StrCat("1 to ", newest));
    }
    return absl::OkStatus();
  }

  absl::Status CheckHeader(const ActivityKey& key, const ActivityHeader& header) {
    if (const std::optional<std::string> fault = WhyInNoSet(run_.view, header)) {
      return ReportActivity(key, *fault, "one that can be");
    }
    if (kind_->view != nullptr && !body_.is_anonymized() &&
        run_.IsLeftOver(header.customer_ordinal)) {
      RETURN_IF_ERROR(ReportActivity(key, "a customer who was erased", "none"));
    }
    if (kind_->view != nullptr && !kind_->view->imports->Has(body_.import_number())) {
      RETURN_IF_ERROR(ReportActivity(key, absl::StrCat("import ", body_.import_number()),
                                     "an import of its kind"));
    }
    return zones_.Check(run_, "", key.id.UnixMs(), header.zone_offset_seconds,
                        [&] { return NameOfActivity(run_, key); });
  }

  // Adds up what the activity has in the indexes.
  void AddEntries(const ActivityKey& key, const ActivityHeader& header) {
    if (run_.IsPurged(key.kind_number)) {
      return;
    }
    if (header.is_erased) {
      run_.erased_activities.Add(key.Encode(), "");
      return;
    }
    AddMark(key, header);
    if (IsAnonymized(header)) {
      run_.erased_activities.Add(key.Encode(), "");
    }
    if (!body_.activity_id().empty()) {
      const ExternalIdEntry entry{.kind = ExternalIdEntry::Kind::kDerived,
                                  .unix_ms = key.id.UnixMs()};
      run_.activity_by_id.Add(ActivityIdKeyOf(run_.hash, key.kind_number, body_.activity_id()),
                              EncodeExternalIdEntries({entry}));
    }
  }

  // Activities of one customer whose ids start alike share an entry by customer; in the order of
  // keys they are near each other.
  void AddMark(const ActivityKey& key, const ActivityHeader& header) {
    const std::string start = ActivityKeyPrefix(key.kind_number, StartOf(key.id));
    if (start != id_start_) {
      FlushMarks();
      id_start_ = start;
    }
    const ActivityByCustomerKey entry{header.customer_ordinal, key.kind_number, StartOf(key.id)};
    ActivityMark& mark = marks_[entry.Encode()];
    mark.is_positive |= header.is_positive();
    mark.zone_offset_seconds = header.zone_offset_seconds;
  }

  void FlushMarks() {
    for (const auto& [key, mark] : marks_) {
      run_.activity_by_customer.Add(key, EncodeActivityMark(mark));
    }
    marks_.clear();
  }

  absl::Status ReportUndecodable(const ActivityKey& key, absl::string_view stored) {
    return run_.Report([&] {
      return Difference{DifferenceKind::kUndecodable, "", NameOfActivity(run_, key),
                        std::string(stored), ""};
    });
  }

  absl::Status ReportActivity(const ActivityKey& key, const std::string& stored,
                              const std::string& expected) {
    return run_.Report([&] {
      return Difference{DifferenceKind::kRecord, "", NameOfActivity(run_, key), stored, expected};
    });
  }

  // An activity that does not decode may or may not have been counted.
  absl::Status CheckCount() {
    const auto counted = static_cast<int64_t>(run_.view.counters.activity_count());
    if (counted >= decoded_ && counted <= decoded_ + undecodable_) {
      return absl::OkStatus();
    }
    return run_.Report([&] {
      return Difference{DifferenceKind::kCounter, "", "meta: the count of activities",
                        absl::StrCat(counted), absl::StrCat(decoded_)};
    });
  }

  VerifyRun& run_;
  std::optional<uint32_t> kind_number_;
  const TaskKind* kind_ = nullptr;
  ZoneCheck zones_;  // Of `kind_`.
  store::v1::StoredActivity body_;
  std::string id_start_;
  std::map<std::string, ActivityMark> marks_;  // Of the ids that start so, by the key of the entry.
  int64_t decoded_ = 0;
  int64_t undecodable_ = 0;
};

absl::Status ReportRow(VerifyRun& run, const CustomerSetDifference& row) {
  return run.Report([&] {
    const auto customers = [](uint32_t count) {
      return absl::StrCat(count, count == 1 ? " customer" : " customers");
    };
    if (!row.is_row) {
      return Difference{DifferenceKind::kUndecodable, "", NameOf(run, row.key),
                        "bytes that do not decode",
                        absl::StrCat("a row of ", customers(row.recounted.size()))};
    }
    CustomerSetRow either = row.recounted;
    for (const uint16_t member : row.stored.Members()) {
      either.Add(member);
    }
    return Difference{
        DifferenceKind::kCustomerSet, "", NameOf(run, row.key),
        absl::StrCat(customers(row.stored.size()), ": ", either.size() - row.recounted.size(),
                     " too many, ", either.size() - row.stored.size(), " missing"),
        customers(row.recounted.size())};
  });
}

absl::Status CheckSets(VerifyRun& run) {
  for (const auto& [number, kind] : run.kinds) {
    if (!kind.is_deleted()) {
      RETURN_IF_ERROR(run.steps.Begin(absl::StrCat("sets of kind ", kind.name())));
      RETURN_IF_ERROR(CompareCustomerSets(
          run.engine, run.view, kind, run.steps,
          [&](const CustomerSetDifference& row) { return ReportRow(run, row); }));
    }
  }
  return absl::OkStatus();
}

// Rows that the comparison never meets.
absl::Status CheckSetKeys(VerifyRun& run) {
  RETURN_IF_ERROR(run.steps.Begin("sets of customers"));
  return ScanFamily(
      run.engine, run.view, Family::kActiveSet, [&](absl::string_view key, absl::string_view) {
        RETURN_IF_ERROR(run.steps.Step());
        if (RowOfKind(key, run.kinds).has_value()) {
          return absl::OkStatus();
        }
        return run.Report([&] {
          const std::optional<CustomerSetKey> row = CustomerSetKey::Decode(key);
          return row.has_value() ? Difference{DifferenceKind::kCustomerSet, "", NameOf(run, *row),
                                              "a row of no kind", ""}
                                 : Undecodable("active_set", key);
        });
      });
}

}  // namespace

absl::Status CheckActivities(VerifyRun& run) {
  RETURN_IF_ERROR(ActivityCheck(run).Run());
  RETURN_IF_ERROR(CheckSets(run));
  return CheckSetKeys(run);
}

}  // namespace emptychair::storage
